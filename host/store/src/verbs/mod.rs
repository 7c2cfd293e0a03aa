//! The verbs of `wit/store`, by the same names. Each is exactly one transaction on the connection it is given.
//!
//! Nothing here syncs: when a change is durable, and when its answer may leave, is the back end's concern.

mod changes;
mod identity;
mod intent;
mod invariants;
mod jobs;
mod labels;
mod list;
mod placement;
mod regions;
mod report;
mod runners;
mod sandboxes;

pub use changes::{changes, runner_sandboxes, skip_lost_changes};
pub use identity::{authenticate, bootstrap, get_organization};
pub use intent::{change_intent, change_settings};
pub use invariants::invariants;
pub use jobs::claim_jobs;
pub use list::list_sandboxes;
pub use placement::placement_window;
pub use regions::{create_region, delete_region, list_regions};
pub use report::report;
pub use runners::{create_runner, delete_runner, get_runner, list_runners, set_runner_flags};
pub use sandboxes::{create_sandbox, get_sandbox};
