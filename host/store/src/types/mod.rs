//! The records of `wit/store`, as plain Rust. Field meanings, units and limits are documented there and
//! repeated here only where a reader of Rust would stumble.

mod identity;
mod job;
mod journal;
mod members;
mod quota;
mod region;
mod runner;
mod sandbox;
mod snapshot;
mod time;

pub use identity::{Bootstrap, Identity, Organization, OrganizationChange, Principal, Suspension};
pub use job::{Job, JobKind, Observation, Outcome};
pub use journal::{Decision, Grant, GrantKind};
pub use members::{ApiKey, Member, MemberRole, Role, User};
pub use quota::{Quota, QuotaExcess, ResourceKind, Totals, Usage};
pub use region::{Region, RegionCredential, RegionKind, RegionService};
pub use runner::{Candidate, Health, Runner};
pub use sandbox::{Placement, Sandbox, SandboxQuery, Settings};
pub use snapshot::{Ended, Snapshot, Task, TaskResult, Volume};
pub use time::{DueQuery, Finding};

/// Milliseconds since the Unix epoch, by the caller's clock.
pub type Millis = u64;
