//! The agent's whole state as bytes, to hand over to a newer component without losing a job in flight.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::entry::Entry;
use crate::ledger::Ledger;
use crate::model::{Amounts, Millis, Sample};
use crate::tasks::Tasks;

/// Version of the encoding. A component reads the one it writes and older ones; the host of a newer one falls back to
/// its journal. 2: leases, services, disowned and lost sandboxes; 3: tasks. What a state of an older one lacks is as at the start.
const VERSION: u32 = 3;
const OLDEST: u32 = 1;

/// Why a state was not taken over. Nothing has changed.
#[derive(Debug)]
pub enum HandoverError {
    /// The bytes are not a state.
    Malformed(serde_json::Error),
    /// Written by a newer component.
    Version(u32),
}

impl std::fmt::Display for HandoverError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the state cannot be read: {error}"),
            Self::Version(found) => {
                write!(
                    f,
                    "the state has version {found}, this component reads {OLDEST} to {VERSION}; use a newer component"
                )
            }
        }
    }
}

impl std::error::Error for HandoverError {}

#[derive(Serialize, Deserialize)]
struct Handover {
    version: u32,
    entries: BTreeMap<String, Entry>,
    reserved: BTreeMap<String, Amounts>,
    tombstones: VecDeque<String>,
    next_number: u64,
    sample: Sample,
    last_report: Option<Millis>,
    failures: u32,
    last_failure: Millis,
    #[serde(default)]
    lease_until: Option<Millis>,
    #[serde(default)]
    services: BTreeMap<String, Result<(), String>>,
    #[serde(default)]
    tasks: Tasks,
}

/// Read first: a newer version may have changed everything else.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Agent {
    /// The whole state but the configuration, as JSON.
    pub fn export(&self) -> Vec<u8> {
        let handover = Handover {
            version: VERSION,
            entries: self.entries.clone(),
            reserved: self.ledger.held().clone(),
            tombstones: self.tombstones.clone(),
            next_number: self.next_number,
            sample: self.sample,
            last_report: self.last_report,
            failures: self.failures,
            last_failure: self.last_failure,
            lease_until: self.lease_until,
            services: self.services.clone(),
            tasks: self.tasks.clone(),
        };
        // Strings, numbers and maps with string keys: there is nothing that could fail to encode.
        serde_json::to_vec(&handover).unwrap_or_default()
    }

    /// Takes a state over, in place of the present one. Actions in flight keep their numbers. Allocatable
    /// amounts are those of this agent's configuration.
    pub fn import(&mut self, state: &[u8]) -> Result<(), HandoverError> {
        let Version { version } = serde_json::from_slice(state).map_err(HandoverError::Malformed)?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(HandoverError::Version(version));
        }
        let handover: Handover = serde_json::from_slice(state).map_err(HandoverError::Malformed)?;
        self.ledger = Ledger::new(self.configuration.allocatable);
        self.in_flight.clear();
        for (sandbox, need) in &handover.reserved {
            self.ledger.record(sandbox, *need);
        }
        for (sandbox, entry) in &handover.entries {
            if let Some(work) = &entry.work {
                self.in_flight.insert(work.number, sandbox.clone());
            }
        }
        self.entries = handover.entries;
        self.tombstones = handover.tombstones;
        self.next_number = handover.next_number;
        self.sample = handover.sample;
        self.last_report = handover.last_report;
        self.failures = handover.failures;
        self.last_failure = handover.last_failure;
        self.lease_until = handover.lease_until;
        self.services = handover.services;
        self.tasks = handover.tasks;
        self.told.clear();
        self.told_until.clear();
        Ok(())
    }
}
