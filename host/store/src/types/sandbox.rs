//! Sandboxes.

use super::Millis;

/// A sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization: String,
    /// Its name, unique among the organization's sandboxes that are not destroyed.
    pub name: String,
    /// Id of its region.
    pub region: String,
    /// The runner that it occupies; none once it is destroyed, or given up with its runner.
    pub runner: Option<String>,
    /// What it is made from.
    pub snapshot: String,
    /// Its operating system user.
    pub user: String,
    /// JSON object of strings.
    pub env: String,
    /// JSON object of strings.
    pub labels: String,
    /// Whether previews need no token.
    pub public: bool,
    /// Whether it has no network.
    pub network_block_all: bool,
    /// Networks that it may reach.
    pub network_allow_list: Option<String>,
    /// Domains that it may reach.
    pub domain_allow_list: Option<String>,
    /// Whole CPUs.
    pub cpu: u32,
    /// GiB of memory.
    pub memory_gib: u32,
    /// GiB of disk.
    pub disk_gib: u32,
    /// Idle minutes until it is stopped; 0: never.
    pub auto_stop: u32,
    /// Minutes after the stop until it is deleted; -1: never; 0: at once.
    pub auto_delete: i32,
    /// Minutes after the stop until it is archived.
    pub auto_archive: u32,
    /// The runner's observation, a state name of the API.
    pub state: String,
    /// The plane's intent.
    pub desired: String,
    /// Raised with every change of intent.
    pub generation: u64,
    /// Why it is in error.
    pub error_reason: Option<String>,
    /// Whether it may be recovered from the error.
    pub recoverable: bool,
    /// Since when it is in this state.
    pub state_since: Millis,
    /// The sandbox that it was forked from.
    pub parent: Option<String>,
    /// The snapshot that its files begin as, JSON; none: the base alone.
    pub image: Option<String>,
    /// JSON list of what it mounts.
    pub volumes: String,
    /// What it is built from, JSON.
    pub build_info: Option<String>,
    /// The snapshot that it waits for, or was made of.
    pub build: Option<String>,
    /// How it begins, JSON `{workDir?, command?}`, from the image that it was made of.
    pub launch: String,
    /// `None`, `InProgress`, `Completed` or `Error`: of its files as they are now.
    pub backup_state: String,
    /// Digest of the last complete backup.
    pub backup_manifest: Option<String>,
    /// When that was begun.
    pub backup_created: Option<Millis>,
    /// What is done to it beside its state: `snapshotting`, or nothing.
    pub doing: String,
    /// Token for previews.
    pub auth_token: String,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// When somebody last used it.
    pub last_activity: Millis,
    /// Position in the organization's stream of changes.
    pub change: u64,
}

/// Which sandboxes to list, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SandboxQuery {
    /// Whose.
    pub organization: String,
    /// Only these ids; empty: all.
    pub ids: Vec<String>,
    /// Only names that start so; ASCII letters match in either case.
    pub name_prefix: Option<String>,
    /// All pairs must match.
    pub labels: Vec<(String, String)>,
    /// Only these states; empty: all.
    pub states: Vec<String>,
    /// Only these regions; empty: all.
    pub regions: Vec<String>,
    /// Only these snapshots; empty: all.
    pub snapshots: Vec<String>,
    /// Inclusive bounds of whole CPUs.
    pub cpu: (Option<u32>, Option<u32>),
    /// Inclusive bounds of GiB of memory.
    pub memory_gib: (Option<u32>, Option<u32>),
    /// Inclusive bounds of GiB of disk.
    pub disk_gib: (Option<u32>, Option<u32>),
    /// Inclusive bounds of the time of making.
    pub created: (Option<Millis>, Option<Millis>),
    /// Inclusive bounds of the last activity.
    pub active: (Option<Millis>, Option<Millis>),
    /// Only public ones, or only others.
    pub public: Option<bool>,
    /// Only recoverable ones, or only others.
    pub recoverable: Option<bool>,
    /// Also those in error that are to be destroyed.
    pub errored_deleted: bool,
    /// `createdAt`, `name`, `cpu`, `memoryGib`, `diskGib` or `lastActivityAt`.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Value of the sort field and id of the last row of the page before. Numbers are decimal, times in milliseconds.
    pub after: Option<(String, String)>,
    /// 1 to 200.
    pub limit: u32,
}

/// What may be changed of a sandbox without a new intent; none leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// JSON object of strings.
    pub labels: Option<String>,
    /// Whether previews need no token.
    pub public: Option<bool>,
    /// Minutes.
    pub auto_stop: Option<u32>,
    /// Minutes.
    pub auto_delete: Option<i32>,
    /// Minutes.
    pub auto_archive: Option<u32>,
    /// When somebody last used it.
    pub last_activity: Option<Millis>,
    /// Whether it has no network.
    pub network_block_all: Option<bool>,
    /// Networks that it may reach; some(none): no list.
    pub network_allow_list: Option<Option<String>>,
    /// Domains that it may reach; some(none): no list.
    pub domain_allow_list: Option<Option<String>>,
    /// JSON object of strings.
    pub env: Option<String>,
    /// Token for previews.
    pub auth_token: Option<String>,
}

/// Where and under which totals a sandbox is placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The runner to occupy; empty: none yet.
    pub runner: String,
    /// Id of the job that makes the sandbox there.
    pub job_id: String,
    /// JSON for the runner.
    pub payload: String,
    /// Totals to hold in the region; none: it has none.
    pub totals: Option<super::Totals>,
    /// Inputs and outcome of the decision, JSON, for the journal.
    pub decision: String,
}
