//! Snapshots, volumes, and the work on them.

use super::{JobKind, Millis, Sandbox};

/// What a sandbox can be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization: String,
    /// Unique in the organization.
    pub name: String,
    /// Id of its region.
    pub region: String,
    /// Made for one create from an image: not listed, not counted.
    pub hidden: bool,
    /// A state name of the API.
    pub state: String,
    /// The image that it was asked for as.
    pub image_name: Option<String>,
    /// What it is built from, JSON.
    pub build_info: Option<String>,
    /// Entry point, environment and the like, JSON.
    pub config: String,
    /// Whole CPUs of a sandbox that asks for nothing else.
    pub cpu: u32,
    /// GiB of memory, likewise.
    pub memory_gib: u32,
    /// GiB of disk, likewise.
    pub disk_gib: u32,
    /// Bytes of its own layers, once known.
    pub size_bytes: Option<u64>,
    /// Content digest, once known.
    pub manifest: Option<String>,
    /// Why it failed.
    pub error_reason: Option<String>,
    /// The sandbox that it was taken of.
    pub source_sandbox: Option<String>,
    /// Where it was made.
    pub runner: Option<String>,
    /// Since when it is in this state.
    pub state_since: Millis,
    /// When it was asked for.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// When a sandbox was last made of it.
    pub last_used: Option<Millis>,
}

/// Work on a snapshot, backup or volume. A runner has at most one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id, which is that of its job.
    pub id: String,
    /// What is to be done.
    pub kind: JobKind,
    /// Snapshot, backup or volume.
    pub subject: String,
    /// By whom.
    pub runner: String,
    /// The sandbox whose files it is about.
    pub sandbox: Option<String>,
    /// JSON for the runner.
    pub payload: String,
    /// When it was made.
    pub created: Millis,
}

/// What a task has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskResult {
    /// Content digest.
    pub manifest: String,
    /// Bytes of its layers.
    pub bytes: u64,
}

/// What the end of a task has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ended {
    /// The sandbox, as it is now.
    pub sandbox: Option<Sandbox>,
    /// The snapshot, as it is now.
    pub snapshot: Option<Snapshot>,
}

/// Files that several sandboxes share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization: String,
    /// Unique in the organization.
    pub name: String,
    /// Id of its region; empty until it is first mounted.
    pub region: String,
    /// Where its files are.
    pub runner: Option<String>,
    /// GiB.
    pub quota_gib: u32,
    /// A state name of the API.
    pub state: String,
    /// Why it failed.
    pub error_reason: Option<String>,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// When a sandbox last came to mount it.
    pub last_used: Option<Millis>,
}
