//! The verbs of `wit/store`, by the same names. Each is exactly one transaction on the connection it is given.
//!
//! Nothing here syncs: when a change is durable, and when its answer may leave, is the back end's concern.

mod attach;
mod capacity;
mod changes;
mod credentials;
mod decisions;
mod due;
mod findings;
mod grants;
mod held;
mod identity;
mod intent;
mod invariants;
mod jobs;
mod keys;
mod labels;
mod leases;
mod list;
mod members;
mod moves;
mod organizations;
mod placement;
mod quotas;
mod regions;
mod report;
mod roles;
mod room;
mod runners;
mod sandboxes;
mod settings;
mod snapshots;
mod tasks;
mod usage;
mod users;
mod verdicts;
mod volumes;

pub use attach::{attach_runner, rotate_runner_token};
pub use changes::{changes, runner_sandboxes, skip_lost_changes};
pub use decisions::{list_decisions, record_refusal};
pub use due::{due_sandboxes, waiting_sandboxes};
pub use findings::find_out;
pub use grants::{create_grant, delete_grants, get_grant};
pub use identity::{authenticate, bootstrap};
pub use intent::change_intent;
pub use invariants::broken_invariants;
pub use jobs::claim_jobs;
pub use keys::{create_key, delete_key, get_key, list_keys, touch_keys};
pub use leases::take_lease;
pub use list::list_sandboxes;
pub use members::{delete_member, list_members, put_member};
pub use moves::{place_sandbox, replace_runner, resize_sandbox};
pub use organizations::{
    change_organization, create_organization, delete_organization, get_organization, list_organizations,
};
pub use placement::{placement_window, region_runners};
pub use quotas::{delete_quota, list_quotas, list_usage, put_quota};
pub use regions::{change_region, create_region, delete_region, get_region, get_region_login, list_regions};
pub use report::report;
pub use roles::{delete_role, list_roles, put_role};
pub use room::regions_with_room;
pub use runners::{create_runner, delete_runner, get_runner, list_runners, set_runner_flags};
pub use sandboxes::{create_sandbox, get_sandbox};
pub use settings::change_settings;
pub use snapshots::{create_snapshot, delete_snapshot, get_snapshot, list_snapshots, set_snapshot_state};
pub use tasks::{begin_backup, due_tasks, end_task};
pub use users::{get_user, list_users, put_user};
pub use verdicts::{set_connected, set_verdicts};
pub use volumes::{create_volume, delete_volume, get_volume, list_volumes};
