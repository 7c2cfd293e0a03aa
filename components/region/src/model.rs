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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Id of the caller's organization.
    pub organization: String,
    /// Id of the region it uses when it names none.
    pub default_region: Option<String>,
}

/// Why a rule says no. The text is meant for the caller.
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
