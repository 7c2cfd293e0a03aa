//! Orders to runners, and what runners say.

use super::{Millis, Sandbox};

/// What a runner is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Make it and let it run.
    CreateSandbox,
    /// Let it run again.
    StartSandbox,
    /// End its processes, keep its files.
    StopSandbox,
    /// End it and remove its files.
    DestroySandbox,
    /// Give it another size, network or environment.
    UpdateSandbox,
    /// A task: make a snapshot of a sandbox.
    SnapshotSandbox,
    /// A task: make a backup of a sandbox.
    CreateBackup,
    /// A task: build a snapshot.
    BuildSnapshot,
    /// A task: remove a snapshot's copy.
    RemoveSnapshot,
    /// A task: remove a volume's files.
    RemoveVolume,
}

/// An order to a runner. A sandbox has at most one unfinished job: a newer one takes the older one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub kind: JobKind,
    /// By whom.
    pub runner: String,
    /// To which sandbox; of a task: snapshot, backup or volume.
    pub sandbox: String,
    /// Generation of the intent that it carries out; of a task: when it was made.
    pub generation: u64,
    /// JSON for the runner.
    pub payload: String,
    /// When it was made.
    pub created: Millis,
    /// Times handed out so far.
    pub attempts: u32,
}

/// One observation of one sandbox by its runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Which sandbox.
    pub sandbox: String,
    /// Generation that the runner carries out.
    pub generation: u64,
    /// `started`, `stopped`, `destroyed`, `error`.
    pub state: String,
    /// Why it is in error.
    pub error_reason: Option<String>,
    /// Whether it may be recovered.
    pub recoverable: bool,
    /// The job that this ends, if any.
    pub job: Option<String>,
}

/// What a report led to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Sandboxes that changed.
    pub changed: Vec<Sandbox>,
    /// Sandboxes that the runner named and that are not, or no longer, its own, with the newest generation that is not.
    pub disowned: Vec<(String, u64)>,
}
