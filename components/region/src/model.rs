//! What goes in and out of the rules. These types mirror `wit/region/region.wit`.

/// Who a region is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everybody.
    Shared,
    /// One organization, run by the platform.
    Dedicated,
    /// One organization, which brings the machines.
    Custom,
}

/// A region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Unique on the platform.
    pub id: String,
    /// Unique within its organization, or among the platform's.
    pub name: String,
    /// Who it is for.
    pub kind: Kind,
    /// Owner of a custom region, tenant of a dedicated one.
    pub organization: Option<String>,
    /// Whether quotas of organizations count in it.
    pub enforce_quotas: bool,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Id of the caller's organization.
    pub organization: String,
    /// Id of the region it uses when it names none.
    pub default_region: Option<String>,
    /// Ids of the regions in which the organization has a row of quotas.
    pub quota_regions: Vec<String>,
}

/// Why a rule says no. The text is meant for the caller: what, why, and one next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The organization has no default region.
    DefaultRegionRequired,
    /// No region of that name or id, or not the caller's.
    NotFound(String),
    /// A name breaks the rule; the text says which.
    InvalidName(String),
    /// A request is over a limit; the text names resource, request and maximum.
    OverLimit(String),
    /// The region enforces quotas and the organization has none there.
    NoQuota(String),
    /// A URL of a service breaks the rule; the text says which and why.
    InvalidUrl(String),
    /// The credential belongs to a service without a URL; the text names it.
    MissingUrl(String),
    /// The region is not one that its caller may change; the text says why.
    NotCustom(String),
}

/// What a sandbox may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Whole CPUs.
    pub cpu: u32,
    /// GiB.
    pub memory_gib: u32,
    /// GiB.
    pub disk_gib: u32,
}

/// A service of a custom region, run by the region's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Carries toolbox calls and previews.
    Proxy,
    /// Carries SSH.
    SshGateway,
    /// Keeps snapshots.
    SnapshotManager,
}

/// URLs of the services of a region. A blank one counts as none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// Of the proxy.
    pub proxy: Option<String>,
    /// Of the SSH gateway.
    pub ssh_gateway: Option<String>,
    /// Of the snapshot manager.
    pub snapshot_manager: Option<String>,
}

/// What becomes of a service's credential when its URL changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialStep {
    /// It stays as it is, or there is none.
    Keep,
    /// A new one is made.
    Make,
    /// It dies.
    Revoke,
}

/// What the plane knows of a runner's way to its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunnerLink {
    /// Whether it has reported of late.
    pub reports: bool,
    /// Whether it is connected to a front of the plane.
    pub connected: bool,
}

/// Whether the sandboxes of a region can be reached by their users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// No runner reports: there is nothing to reach.
    NoRunners,
    /// Through a runner's connection, or through the region's proxy.
    Reachable,
    /// Runners report, but nothing leads to them.
    Unreachable,
}
