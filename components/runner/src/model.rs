//! What goes in and out of the agent. These types mirror `wit/runner/runner.wit`.

use serde::{Deserialize, Serialize};

/// Milliseconds, monotonic within one process of the host.
pub type Millis = u64;

/// Amounts of the three resources that a runner sells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// MiB of memory.
    pub memory_mib: u64,
    /// MiB of disk.
    pub disk_mib: u64,
}

impl Amounts {
    /// The sum, each resource capped at the largest number: a sum that wraps would admit everything.
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_add(other.cpu_milli),
            memory_mib: self.memory_mib.saturating_add(other.memory_mib),
            disk_mib: self.disk_mib.saturating_add(other.disk_mib),
        }
    }

    /// The difference, each resource at least 0.
    pub fn minus(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_sub(other.cpu_milli),
            memory_mib: self.memory_mib.saturating_sub(other.memory_mib),
            disk_mib: self.disk_mib.saturating_sub(other.disk_mib),
        }
    }
}

/// What the agent is told once, before anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Id of this runner.
    pub runner: String,
    /// What the sum of admitted sandboxes may reach, as declared to the plane.
    pub allocatable: Amounts,
    /// Interval of health reports, in milliseconds.
    pub report_every: Millis,
    /// Version of the host.
    pub version: String,
    /// Snapshots that sandboxes here can be made from.
    pub snapshots: Vec<String>,
}

/// What a sandbox is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Id of the sandbox.
    pub sandbox: String,
    /// Generation of the intent that this spec belongs to.
    pub generation: u64,
    /// What the sandbox may use.
    pub need: Amounts,
    /// JSON, opaque to the agent.
    pub details: String,
}

/// What a job asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobKind {
    /// Make the sandbox and let it run.
    Create,
    /// Let it run again.
    Start,
    /// Stop its processes, keep its files.
    Stop,
    /// Stop its processes, remove its files.
    Destroy,
    /// Change its size, network or environment; keep its state.
    Update,
}

/// A command of the plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Id of the job.
    pub id: String,
    /// What is asked for.
    pub kind: JobKind,
    /// The sandbox it is about.
    pub sandbox: String,
    /// Generation of the plane's intent.
    pub generation: u64,
    /// Present for create, start and update.
    pub spec: Option<Spec>,
}

/// What a task asks for. Tasks change no sandbox's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskKind {
    /// Make a snapshot of a sandbox.
    Snapshot,
    /// Make a backup of a sandbox.
    Backup,
    /// Build a snapshot.
    Build,
    /// Remove this runner's copy of a snapshot.
    Discard,
    /// Remove the files of a volume.
    DiscardVolume,
}

/// Work on a snapshot, a backup or a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Id of the job.
    pub id: String,
    /// What is asked for.
    pub kind: TaskKind,
    /// Id of the snapshot, backup or volume.
    pub subject: String,
    /// The sandbox whose files are taken.
    pub sandbox: Option<String>,
    /// JSON, opaque to the agent.
    pub payload: String,
}

/// The result of a task, or why it failed.
pub type Outcome = Result<Option<String>, String>;

/// Use of the machine, measured by the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Percent.
    pub cpu_used: f64,
    /// Percent.
    pub memory_used: f64,
    /// Percent.
    pub disk_used: f64,
    /// Load per CPU over 15 minutes.
    pub load: f64,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A job of the plane arrives; it may have been seen before, and jobs may come out of order.
    Job(Job),
    /// A task of the plane arrives; it may have been seen before.
    Task(Task),
    /// The action of this number has ended, with the result of a task.
    Done(u64, Outcome),
    /// The host's own journal at start: each sandbox, and whether it was started.
    Found(Vec<(Spec, bool)>),
    /// What the plane believes to be here: each sandbox, and its generation.
    Expected(Vec<(String, u64)>),
    /// A measurement.
    Sample(Sample),
    /// Time passes; sent about once a second.
    Tick,
    /// The cell has died and a new one is there: all processes are gone, the files are not.
    CellRestarted,
    /// A toolbox call for this sandbox arrives.
    Wanted(String),
    /// Until then this runner holds its sandboxes.
    Granted(Millis),
    /// These sandboxes, up to these generations, are no longer this runner's.
    Disowned(Vec<(String, u64)>),
    /// A service became well, or unwell for a reason.
    Service(String, Result<(), String>),
}

/// What a sandbox is observed to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It runs, or would at the next call.
    Started,
    /// Its files are there, its processes are not.
    Stopped,
    /// Nothing of it is left.
    Destroyed,
    /// It could not be brought where it should be.
    Error,
}

/// One observation of one sandbox, for the plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Id of the sandbox.
    pub sandbox: String,
    /// Generation of the intent under which it was observed.
    pub generation: u64,
    /// What it is.
    pub state: State,
    /// Why, if it is an error; otherwise why the job was refused.
    pub reason: Option<String>,
    /// Whether starting it again may help.
    pub recoverable: bool,
    /// The job that ends with this observation.
    pub job: Option<String>,
}

/// The runner's own condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// What this runner offers.
    pub allocatable: Amounts,
    /// CPU and memory of started sandboxes, disk of all.
    pub allocated: Amounts,
    /// The latest measurement.
    pub used: Sample,
    /// Number of started sandboxes.
    pub started_sandboxes: u32,
    /// Number of sandboxes.
    pub sandboxes: u32,
    /// Whether all services are well.
    pub healthy: bool,
    /// Each service by name.
    pub services: Vec<(String, Result<(), String>)>,
    /// Snapshots that sandboxes here can be made from.
    pub snapshots: Vec<String>,
}

/// Why a toolbox call may not proceed. The texts are for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The sandbox may live elsewhere by now.
    LeaseExpired,
    /// The call is sealed for an older generation.
    OtherGeneration(String),
    /// Not here.
    Unknown(String),
    /// It will be ready by itself.
    NotReady(String),
    /// It will not be ready until somebody starts it.
    Stopped(String),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Carry out a task, beside the actions of sandboxes.
    Perform(u64, Task),
    /// Tell the plane how a task has ended.
    Ended(String, Outcome),
    /// Make directory and layers, remember in the journal that it is started, hand it to the cell. Idempotent.
    Make(u64, Spec),
    /// Stop the processes, remember in the journal that it is stopped.
    Stop(u64, String),
    /// Stop the processes, remove files and journal. Succeeds if there is nothing.
    Remove(u64, String),
    /// Tell the plane at once.
    Report(Vec<Observation>, Option<Health>),
}

/// A number for the metrics of the host: (name, labels, amount to add).
pub type Count = (&'static str, Vec<(&'static str, &'static str)>, u64);
