//! What goes in and out of the rules. These types mirror `wit/scheduler/scheduler.wit`.

/// Milliseconds since the Unix epoch.
pub type Millis = u64;

/// Amounts of the three resources that a runner sells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// MiB of memory.
    pub memory_mib: u64,
    /// MiB of disk.
    pub disk_mib: u64,
}

impl Amounts {
    /// Whether `self` still has room for `need` when `sold` of it is gone. Sums that would wrap do not fit.
    pub fn holds(self, sold: Self, need: Self) -> bool {
        let fits = |all: u64, sold: u64, need: u64| sold.checked_add(need).is_some_and(|sum| sum <= all);
        fits(self.cpu_milli, sold.cpu_milli, need.cpu_milli)
            && fits(self.memory_mib, sold.memory_mib, need.memory_mib)
            && fits(self.disk_mib, sold.disk_mib, need.disk_mib)
    }
}

/// What the plane knows of a runner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runner {
    /// Its id.
    pub id: String,
    /// Takes nothing new, because somebody said so.
    pub unschedulable: bool,
    /// Is being emptied.
    pub draining: bool,
    /// What it last said of its own services.
    pub healthy: bool,
    /// When it last reported; 0: never.
    pub last_report: Millis,
    /// What it offers.
    pub allocatable: Amounts,
    /// What the plane has sold of it.
    pub sold: Amounts,
    /// Number of started sandboxes.
    pub started_sandboxes: u32,
    /// Percent, measured.
    pub cpu_used: f64,
    /// Percent, measured.
    pub memory_used: f64,
    /// Percent, measured.
    pub disk_used: f64,
    /// Load average of 15 minutes per CPU.
    pub load: f64,
    /// Whether it has the snapshot that is asked for.
    pub has_snapshot: bool,
}

/// Silence after which a runner is suspect, disconnected, lost; each is longer than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Milliseconds until suspect.
    pub suspect_after: Millis,
    /// Milliseconds until disconnected.
    pub disconnected_after: Millis,
    /// Milliseconds until lost.
    pub lost_after: Millis,
    /// Percent of a region's runners that, silent at once, stop evictions there; 0: no brake.
    pub brake_share: u32,
    /// Fewer silent runners than this never pull the brake.
    pub brake_least: u32,
}

/// What the plane makes of a runner's reports and silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Never reported.
    Initializing,
    /// Takes new sandboxes.
    Ready,
    /// Reports, but a service of it is unwell.
    Unhealthy,
    /// Silent for a while; takes new sandboxes only if no ready runner will do.
    Suspect,
    /// Silent for long; takes none. Not dead.
    Disconnected,
    /// Silent for so long that its sandboxes may be moved.
    Lost,
}

/// A region seen as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// One for each runner, in their order.
    pub verdicts: Vec<Verdict>,
    /// So many went silent at once that nobody may act upon `lost` here.
    pub braked: bool,
}

/// How a runner is chosen among those that fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// By availability; load is spread.
    #[default]
    Spread,
    /// The fullest first, so that whole machines stay free.
    Pack,
}

impl Policy {
    /// The policy of a name. What is unknown here is another component's, which has failed if this one is asked:
    /// then `spread` is the one that does no harm.
    pub fn named(name: &str) -> Self {
        match name {
            "pack" => Self::Pack,
            _ => Self::Spread,
        }
    }
}

/// A sandbox looks for a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it needs.
    pub need: Amounts,
    /// The moment of asking.
    pub now: Millis,
    /// Since when the plane has been able to hear reports.
    pub hearing_since: Millis,
    /// When silence becomes a verdict.
    pub limits: Limits,
    /// Randomness for spreading.
    pub seed: u64,
    /// Score below which a runner takes nothing new, 0 to 100.
    pub least_score: u32,
    /// How to choose.
    pub policy: Policy,
    /// Runners not to be chosen, because the sandbox has just failed there.
    pub avoid: Vec<String>,
}

/// The runner chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its id.
    pub runner: String,
    /// Its score.
    pub score: u32,
}

/// Why none was chosen. Each candidate is counted under the first filter that excludes it, in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Number of candidates.
    pub considered: u32,
    /// The sandbox has just failed there.
    pub avoided: u32,
    /// Unschedulable or draining.
    pub unschedulable: u32,
    /// Silent, unwell, or never heard of.
    pub not_ready: u32,
    /// Without the snapshot.
    pub no_snapshot: u32,
    /// Without room for the sandbox.
    pub too_full: u32,
    /// Below the least score.
    pub too_busy: u32,
    /// All of it in words, with a next step.
    pub reason: String,
}
