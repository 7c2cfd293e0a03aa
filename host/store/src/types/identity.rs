//! Who calls, and the tenants.

use super::Millis;

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
    /// Made with its user; can neither be deleted nor shared.
    pub personal: bool,
    /// User id of the one who made it.
    pub created_by: String,
    /// Region of a sandbox whose target is absent.
    pub default_region: Option<String>,
    /// Most CPUs that one sandbox may ask for.
    pub max_cpu: u32,
    /// Most GiB of memory that one sandbox may ask for.
    pub max_memory_gib: u32,
    /// Most GiB of disk that one sandbox may ask for.
    pub max_disk_gib: u32,
    /// CPUs that all sandboxes in the default region may have, where no quota says otherwise.
    pub total_cpu: u32,
    /// GiB of memory, likewise.
    pub total_memory_gib: u32,
    /// GiB of disk, likewise.
    pub total_disk_gib: u32,
    /// Why and until when it may do nothing new.
    pub suspended: Option<Suspension>,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
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

/// Why and until when an organization may do nothing new. A fact; what follows from it is the caller's to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// For people.
    pub reason: String,
    /// Since when.
    pub since: Millis,
    /// Until when; none: until somebody ends it.
    pub until: Option<Millis>,
}

/// What to change of an organization; none leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationChange {
    /// Its name.
    pub name: Option<String>,
    /// Region of a sandbox whose target is absent.
    pub default_region: Option<String>,
    /// Most CPUs of one sandbox.
    pub max_cpu: Option<u32>,
    /// Most GiB of memory of one sandbox.
    pub max_memory_gib: Option<u32>,
    /// Most GiB of disk of one sandbox.
    pub max_disk_gib: Option<u32>,
    /// CPUs of all sandboxes in the default region.
    pub total_cpu: Option<u32>,
    /// GiB of memory, likewise.
    pub total_memory_gib: Option<u32>,
    /// GiB of disk, likewise.
    pub total_disk_gib: Option<u32>,
    /// `Some(None)` ends the suspension.
    pub suspended: Option<Option<Suspension>>,
}
