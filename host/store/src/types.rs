//! The records of `wit/store`, as plain Rust. Field meanings, units and limits are documented there and
//! repeated here only where a reader of Rust would stumble.

/// Milliseconds since the Unix epoch, by the caller's clock.
pub type Millis = u64;

/// What kind of caller a credential stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// A person's or program's API key.
    User,
    /// A runner's token.
    Runner,
    /// The key of a custom region's proxy.
    RegionProxy,
    /// The key of a custom region's SSH gateway.
    RegionSshGateway,
    /// Who operates the platform.
    Operator,
}

/// Who a credential stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Kind of caller.
    pub principal: Principal,
    /// Organization of a user key, or of the owner of a machine. Empty for platform machines.
    pub organization: String,
    /// User id; runner id for runners; region id for region keys.
    pub subject: String,
    /// Permission names as the API documents them.
    pub permissions: Vec<String>,
    /// When it ends, by the caller's clock; none: never. Judged by the caller.
    pub expires: Option<Millis>,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Region of a sandbox whose target is absent.
    pub default_region: Option<String>,
    /// Most CPUs that one sandbox may ask for.
    pub max_cpu: u32,
    /// Most GiB of memory that one sandbox may ask for.
    pub max_memory_gib: u32,
    /// Most GiB of disk that one sandbox may ask for.
    pub max_disk_gib: u32,
}

/// What the very first start writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// The first tenant; if it exists, it stays as it is.
    pub organization: Organization,
    /// Id of the user whom the key stands for.
    pub user: String,
    /// Name of the key, unique for the user: a new hash under the same name replaces the old one.
    pub key_name: String,
    /// Lower-case hex SHA-256 of the key. Empty: no key is made.
    pub key_hash: String,
    /// Permissions of the key.
    pub permissions: Vec<String>,
    /// Shared regions by id; existing ones stay as they are.
    pub regions: Vec<String>,
    /// Now.
    pub now: Millis,
}

/// Whose a region is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionKind {
    /// The platform's, for everybody.
    Shared,
    /// The platform's, for one tenant.
    Dedicated,
    /// A tenant's own machines.
    Custom,
}

/// A region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its id.
    pub id: String,
    /// Its name, unique for its organization.
    pub name: String,
    /// Whose it is.
    pub kind: RegionKind,
    /// Owner of a custom region, tenant of a dedicated one.
    pub organization: Option<String>,
    /// Whether totals of an organization are limited here.
    pub enforce_quotas: bool,
    /// Where its proxy answers, if it has one of its own.
    pub proxy_url: Option<String>,
    /// Where its SSH gateway answers.
    pub ssh_gateway_url: Option<String>,
    /// Where its snapshot manager answers.
    pub snapshot_manager_url: Option<String>,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
}

/// What a runner last said of itself, and what the plane has sold on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Runner {
    /// Its id.
    pub id: String,
    /// Its name, unique in the region.
    pub name: String,
    /// Id of its region.
    pub region: String,
    /// Organization that owns the machine; none for the platform's own.
    pub organization: Option<String>,
    /// Takes no new sandboxes.
    pub unschedulable: bool,
    /// Is to be emptied.
    pub draining: bool,
    /// Allocatable thousandths of a CPU; 0 until the first report.
    pub cpu_milli: u64,
    /// Allocatable MiB of memory.
    pub memory_mib: u64,
    /// Allocatable MiB of disk.
    pub disk_mib: u64,
    /// Sold thousandths of a CPU: the sum over the sandboxes placed here.
    pub sold_cpu_milli: u64,
    /// Sold MiB of memory.
    pub sold_memory_mib: u64,
    /// Sold MiB of disk.
    pub sold_disk_mib: u64,
    /// Sandboxes that it last reported as started.
    pub started_sandboxes: u32,
    /// Measured CPU, percent.
    pub cpu_used: f64,
    /// Measured memory, percent.
    pub memory_used: f64,
    /// Measured disk, percent.
    pub disk_used: f64,
    /// Load average over 15 minutes per CPU.
    pub load: f64,
    /// Whether it called itself well.
    pub healthy: bool,
    /// When it last reported; 0: never.
    pub last_report: Millis,
    /// Version of its software.
    pub version: String,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
}

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
    /// The runner that it occupies; none once destroyed.
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
    /// To which sandbox.
    pub sandbox: String,
    /// Generation of the intent that it carries out.
    pub generation: u64,
    /// JSON for the runner.
    pub payload: String,
    /// When it was made.
    pub created: Millis,
    /// Times handed out so far.
    pub attempts: u32,
}

/// Which sandboxes to list, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// `createdAt`, `name` or `lastActivityAt`.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Value of the sort field and id of the last row of the page before. Times are decimal milliseconds.
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

/// A runner's report of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Allocatable thousandths of a CPU.
    pub cpu_milli: u64,
    /// Allocatable MiB of memory.
    pub memory_mib: u64,
    /// Allocatable MiB of disk.
    pub disk_mib: u64,
    /// Measured CPU, percent.
    pub cpu_used: f64,
    /// Measured memory, percent.
    pub memory_used: f64,
    /// Measured disk, percent.
    pub disk_used: f64,
    /// Load average over 15 minutes per CPU.
    pub load: f64,
    /// Sandboxes that are started.
    pub started_sandboxes: u32,
    /// Whether its services are well.
    pub healthy: bool,
    /// Version of its software.
    pub version: String,
}
