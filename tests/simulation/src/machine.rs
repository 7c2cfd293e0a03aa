//! A machine: its disk, its clock, and the process of the runner on it.

use std::collections::{BTreeMap, VecDeque};

use through_wasm_runner::{Agent, Amounts, Configuration, Health, Observation, Spec};

use crate::Millis;

/// How often a runner reports.
pub(crate) const REPORT_EVERY: Millis = 5_000;

/// A sandbox on a disk.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub spec: Spec,
    pub started: bool,
    /// Calls whose writes are here.
    pub written: u64,
}

/// A report that waits for its turn.
pub(crate) type Saying = (Vec<Observation>, Option<Health>);

/// The report that is being delivered. Each try has a number of its own.
#[derive(Debug)]
pub(crate) struct Sending {
    pub saying: Saying,
    /// Numbers of the tries, and when each was sent, by the machine's clock.
    pub tries: Vec<(u64, Millis)>,
}

/// The runner's process.
pub(crate) struct Process {
    pub agent: Agent,
    /// Its number from the plane; none until it is attached.
    pub number: Option<u64>,
    /// Raised when the cell dies: actions of an earlier one have no outcome.
    pub cell: u64,
    pub outbox: VecDeque<Saying>,
    pub sending: Option<Sending>,
    /// The poll that is open.
    pub polling: Option<u64>,
}

pub(crate) struct Machine {
    pub runner: String,
    /// Identity of the data directory.
    pub instance: String,
    pub disk: BTreeMap<String, Files>,
    pub allocatable: Amounts,
    pub process: Option<Process>,
    /// Raised with each start of a process.
    pub life: u64,
    /// Parts per million by which its clock is fast, and what it showed at the beginning.
    pub fast: i64,
    pub ahead: Millis,
    /// Stopped until then: nothing runs, the clock goes on.
    pub stopped_until: Millis,
    /// Nothing gets in, or out, until then.
    pub deaf_until: Millis,
    pub mute_until: Millis,
    /// Says what is not so.
    pub lies: bool,
    /// A second process with somebody else's token.
    pub twin: bool,
}

impl Machine {
    pub(crate) fn new(runner: String, instance: String, cpus: u64) -> Self {
        Self {
            runner,
            instance,
            disk: BTreeMap::new(),
            allocatable: Amounts {
                cpu_milli: cpus * 1_000,
                memory_mib: cpus * 2 * 1_024,
                disk_mib: cpus * 6 * 1_024,
            },
            process: None,
            life: 0,
            fast: 0,
            ahead: 0,
            stopped_until: 0,
            deaf_until: 0,
            mute_until: 0,
            lies: false,
            twin: false,
        }
    }

    /// The machine's monotonic clock.
    pub(crate) fn clock(&self, at: Millis) -> Millis {
        let drift = i128::from(at) * i128::from(self.fast) / 1_000_000;
        let shown = i128::from(at) + i128::from(self.ahead) + drift;
        Millis::try_from(shown).unwrap_or(0)
    }

    pub(crate) fn configuration(&self) -> Configuration {
        Configuration {
            runner: self.runner.clone(),
            allocatable: self.allocatable,
            report_every: REPORT_EVERY,
            version: "simulated".into(),
            snapshots: Vec::new(),
        }
    }
}
