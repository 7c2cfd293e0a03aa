//! What a history is made of.

use crate::Millis;
use crate::rng::Rng;

/// A kind of fault: its name, and where it is switched.
type Switch = (&'static str, fn(&mut Faults) -> &mut bool);

/// Which kinds of faults happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Messages are lost, doubled, late and out of order.
    pub messages: bool,
    /// Partitions of single runners, one way or both.
    pub partitions: bool,
    /// A share of the region falls silent at once.
    pub cuts: bool,
    /// Runner processes are stopped and continued.
    pub pauses: bool,
    /// Machines crash, with and without their disks; cells die; actions fail.
    pub crashes: bool,
    /// The plane restarts.
    pub restarts: bool,
    /// A second process with the token of the first, on another directory.
    pub twins: bool,
    /// A runner that tells lies.
    pub liars: bool,
    /// Operators take runners out of service and back.
    pub operators: bool,
}

impl Faults {
    /// All of them.
    pub const ALL: Self = Self {
        messages: true,
        partitions: true,
        cuts: true,
        pauses: true,
        crashes: true,
        restarts: true,
        twins: true,
        liars: true,
        operators: true,
    };

    /// Each kind with the name that is printed, to be switched off one by one.
    pub(crate) fn switches() -> [Switch; 9] {
        [
            ("messages", |it| &mut it.messages),
            ("partitions", |it| &mut it.partitions),
            ("cuts", |it| &mut it.cuts),
            ("pauses", |it| &mut it.pauses),
            ("crashes", |it| &mut it.crashes),
            ("restarts", |it| &mut it.restarts),
            ("twins", |it| &mut it.twins),
            ("liars", |it| &mut it.liars),
            ("operators", |it| &mut it.operators),
        ]
    }
}

/// A rule broken on purpose, to show that the simulation notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The scheduler is told that the sandbox needs nothing.
    IgnoreCapacity,
    /// The plane takes each observation for one of the present generation.
    IgnoreGenerations,
    /// The runner's host grants leases for ever.
    EndlessLeases,
    /// The plane never tells a runner what it has lost.
    ForgetDisowned,
    /// The runner's host does not ask again before it hands an answer out.
    AnswerUnasked,
}

/// What a history is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// All randomness comes from it.
    pub seed: u64,
    /// Runners, each on its own machine.
    pub runners: usize,
    /// Clients, each with a few sandboxes of its own.
    pub clients: usize,
    /// Virtual time with faults; afterwards everything heals and must come to rest.
    pub trouble: Millis,
    /// Which kinds of faults happen.
    pub faults: Faults,
    /// A rule broken on purpose.
    pub sabotage: Option<Sabotage>,
}

impl Options {
    /// The usual mix: mostly few runners and much trouble, now and then many, and every fiftieth a thousand.
    pub fn of_seed(seed: u64) -> Self {
        let mut rng = Rng::new(seed.wrapping_mul(31));
        let (runners, clients, trouble) = match seed % 50 {
            49 => (1_000, 40, 40_000),
            9 | 19 | 29 | 39 => (rng.range(40, 80), 20, 90_000),
            _ => (rng.range(1, 12), rng.range(3, 9), 150_000),
        };
        let mut faults = Faults::ALL;
        // Each kind is absent now and then, so that the others are seen alone.
        for (_, switch) in Faults::switches() {
            *switch(&mut faults) = !rng.chance(2_000);
        }
        Self {
            seed,
            runners: usize::try_from(runners).unwrap_or(1),
            clients: usize::try_from(clients).unwrap_or(1),
            trouble,
            faults,
            sabotage: None,
        }
    }
}
