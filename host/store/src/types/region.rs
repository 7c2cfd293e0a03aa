//! Regions and their services.

use super::Millis;

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
    /// Placement policy, as the scheduler knows it.
    pub policy: String,
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

/// A service that the owner of a region runs there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionService {
    /// Carries toolbox calls and previews.
    Proxy,
    /// Carries SSH.
    SshGateway,
    /// Keeps snapshots.
    SnapshotManager,
}

/// What proves a service of the region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionCredential {
    /// Of which service.
    pub service: RegionService,
    /// Lower-case hex SHA-256 of the key; empty removes the credential.
    pub hash: String,
    /// User and password in the clear, only for the snapshot manager: the plane itself logs in there.
    pub login: Option<(String, String)>,
}
