//! The order of things: a queue of happenings by virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use through_wasm_runner::Action;

use crate::Millis;
use crate::clients::Client;
use crate::faults::Fault;
use crate::machine::Machine;
use crate::options::Options;
use crate::plane::{Answer, Plane, Request};
use crate::rng::Rng;
use crate::truth::{Truth, Violation};

/// After the trouble: time to heal. Every deadline of the plane ends within, and what it leaves is deleted.
const HEALING: Millis = 420_000;
/// What has been at rest for so many looks, this far apart, stays so: the latest message has come by then.
const LOOKS: u32 = 3;
const BETWEEN_LOOKS: Millis = 25_000;
/// Lines of the trace that are kept.
const TRACE: usize = 200_000;

/// Something that happens at a time.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The runner's host ticks, about once a second.
    Tick { machine: usize, life: u64 },
    /// An action has run its course.
    Done {
        machine: usize,
        life: u64,
        cell: u64,
        action: Action,
    },
    /// A request reaches the plane.
    Asked {
        machine: usize,
        life: u64,
        id: u64,
        request: Request,
    },
    /// An answer reaches a machine.
    Told {
        machine: usize,
        life: u64,
        id: u64,
        answer: Answer,
    },
    /// No answer has come for a request.
    Silence {
        machine: usize,
        life: u64,
        id: u64,
        try_again: TryAgain,
    },
    /// A process is started.
    Start { machine: usize, life: u64 },
    /// The plane's tick.
    PlaneTick,
    /// The plane is there again.
    PlaneBack,
    /// A client takes its next step.
    Client(usize),
    /// A user calls a sandbox.
    Call,
    /// The call arrives.
    Called(Called),
    /// The call's work is done.
    Worked(Called),
    /// Trouble.
    Fault,
    /// An operator puts a runner back into service.
    Schedulable(String),
    /// A look at everything.
    Check,
    /// The trouble is over.
    Heal,
    /// A look whether all has come to rest since.
    Look { rested: u32 },
}

/// What a process does when nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TryAgain {
    Attach,
    Mine,
    Poll,
    Report,
}

/// A call on its way.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub machine: usize,
    /// The connection is the process's.
    pub life: u64,
    pub sandbox: String,
    pub generation: u64,
    pub tries: u32,
}

/// How a history went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Happenings.
    pub steps: u64,
    /// Sandboxes that were made.
    pub created: u64,
    /// Calls that were acknowledged, and those that a runner refused.
    pub acknowledged: u64,
    /// See `acknowledged`.
    pub refused: u64,
    /// Reports that the plane took.
    pub reports: u64,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
}

pub(crate) struct World {
    pub options: Options,
    pub now: Millis,
    pub rng: Rng,
    pub plane: Plane,
    pub machines: Vec<Machine>,
    pub clients: Vec<Client>,
    pub truth: Truth,
    pub played: Played,
    pub healing: bool,
    /// Requests that the plane holds open: machine, life, number, until.
    pub open: Vec<(usize, u64, u64, Millis)>,
    /// Machines by the id of their runner.
    pub by_runner: BTreeMap<String, Vec<usize>>,
    pub next_id: u64,
    trace: Option<VecDeque<String>>,
    queue: BinaryHeap<Reverse<(Millis, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    sequence: u64,
}

pub(crate) type Checked<T = ()> = Result<T, Violation>;

/// Plays one history. The violation says what must not have happened, and when.
///
/// # Errors
/// The first violation.
pub fn run(options: &Options) -> Result<Played, Violation> {
    let mut world = World::new(options.clone(), false)?;
    world.play()?;
    Ok(world.played)
}

impl World {
    pub(crate) fn new(options: Options, traced: bool) -> Checked<Self> {
        let mut rng = Rng::new(options.seed);
        let ids: Vec<String> = (0..options.runners).map(|number| format!("r{number:04}")).collect();
        let plane = Plane::new(&ids, options.sabotage)?;
        let mut world = Self {
            now: 0,
            plane,
            machines: Vec::new(),
            clients: (0..options.clients).map(|_| Client::default()).collect(),
            truth: Truth::default(),
            played: Played::default(),
            healing: false,
            open: Vec::new(),
            by_runner: BTreeMap::new(),
            next_id: 1,
            trace: traced.then(VecDeque::new),
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            sequence: 0,
            rng: Rng::new(options.seed.wrapping_add(1)),
            options,
        };
        for id in ids {
            let mut machine = Machine::new(id.clone(), format!("{id}-disk-0"), rng.range(2, 17));
            machine.fast = i64::try_from(rng.range(0, 1_000)).unwrap_or(0) - 500;
            machine.ahead = rng.range(1_000, 10_000_000);
            world.add_machine(machine, rng.range(0, 3_000));
        }
        for client in 0..world.options.clients {
            let at = rng.range(500, 4_000);
            world.at(at, Happening::Client(client));
        }
        world.at(1_000, Happening::PlaneTick);
        world.at(2_000, Happening::Call);
        world.at(5_000, Happening::Check);
        world.at(6_000, Happening::Fault);
        let trouble = world.options.trouble;
        world.at(trouble, Happening::Heal);
        world.lie();
        Ok(world)
    }

    pub(crate) fn add_machine(&mut self, machine: Machine, after: Millis) {
        let index = self.machines.len();
        self.by_runner.entry(machine.runner.clone()).or_default().push(index);
        self.machines.push(machine);
        self.after(
            after,
            Happening::Start {
                machine: index,
                life: 0,
            },
        );
    }

    pub(crate) fn play(&mut self) -> Checked {
        let end = self.options.trouble + HEALING;
        while let Some(Reverse((at, number))) = self.queue.pop() {
            if at > end {
                break;
            }
            self.now = at;
            self.played.steps += 1;
            match self.happenings.remove(&number) {
                Some(Happening::Look { rested }) => {
                    let rested = if self.check_rest().is_ok() { rested + 1 } else { 0 };
                    if rested == LOOKS {
                        return Ok(());
                    }
                    self.after(BETWEEN_LOOKS, Happening::Look { rested });
                }
                Some(happening) => self.happen(happening)?,
                None => {}
            }
            self.wake();
        }
        self.now = end;
        self.check_rest()
    }

    fn happen(&mut self, happening: Happening) -> Checked {
        match happening {
            Happening::Tick { machine, life } => self.tick(machine, life),
            Happening::Done {
                machine,
                life,
                cell,
                action,
            } => self.acted(machine, life, cell, action),
            Happening::Asked {
                machine,
                life,
                id,
                request,
            } => self.asked(machine, life, id, request),
            Happening::Told {
                machine,
                life,
                id,
                answer,
            } => self.told(machine, life, id, answer),
            Happening::Silence {
                machine,
                life,
                id,
                try_again,
            } => self.silence(machine, life, id, try_again),
            Happening::Start { machine, life } => self.start(machine, life),
            Happening::PlaneTick => {
                self.after(1_000, Happening::PlaneTick);
                if self.plane.up(self.now) {
                    self.plane.tick(self.now)?;
                }
                Ok(())
            }
            Happening::PlaneBack => {
                self.plane.restarted(self.now);
                Ok(())
            }
            Happening::Client(client) => self.client(client),
            Happening::Call => self.call(),
            Happening::Called(called) => self.called(called),
            Happening::Worked(called) => self.worked(called),
            Happening::Fault => self.fault(),
            Happening::Schedulable(runner) => self.plane.set_schedulable(self.now, &runner, true),
            Happening::Check => {
                let often = if self.options.runners > 100 { 20_000 } else { 5_000 };
                self.after(often, Happening::Check);
                self.plane.check_store(self.now)?;
                self.check_copies()
            }
            Happening::Heal => {
                self.after(BETWEEN_LOOKS, Happening::Look { rested: 0 });
                self.heal()
            }
            // Taken by whoever plays.
            Happening::Look { .. } => Ok(()),
        }
    }

    pub(crate) fn at(&mut self, at: Millis, happening: Happening) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence)));
        self.happenings.insert(self.sequence, happening);
    }

    pub(crate) fn after(&mut self, delay: Millis, happening: Happening) {
        self.at(self.now + delay, happening);
    }

    /// Puts something off that a stopped machine cannot do now. Whether it did.
    pub(crate) fn stopped(&mut self, machine: usize, happening: impl FnOnce() -> Happening) -> bool {
        let until = self.machines[machine].stopped_until;
        if until > self.now {
            self.at(until, happening());
            return true;
        }
        false
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(crate) fn count(&mut self, fault: Fault) {
        *self.played.faults.entry(fault.name()).or_default() += 1;
    }

    /// A line for whoever looks for the cause.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            if trace.len() >= TRACE {
                trace.pop_front();
            }
            trace.push_back(format!("{:>7} {}", self.now, line()));
        }
    }

    pub(crate) fn trace(&self) -> impl Iterator<Item = &str> {
        self.trace.iter().flatten().map(String::as_str)
    }

    pub(crate) fn broken(&self, subject: &str, what: impl Into<String>) -> Violation {
        Violation {
            what: what.into(),
            subject: subject.to_owned(),
            at: self.now,
        }
    }
}
