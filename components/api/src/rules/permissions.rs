//! Names of permissions, as API keys carry them.

/// Create and change sandboxes.
pub const WRITE_SANDBOXES: &str = "write:sandboxes";
/// Delete sandboxes.
pub const DELETE_SANDBOXES: &str = "delete:sandboxes";
/// Create and change regions.
pub const WRITE_REGIONS: &str = "write:regions";
/// Delete regions.
pub const DELETE_REGIONS: &str = "delete:regions";
/// Read runners. Everything else may be read by every key of the organization.
pub const READ_RUNNERS: &str = "read:runners";
/// Register and change runners.
pub const WRITE_RUNNERS: &str = "write:runners";
/// Delete runners.
pub const DELETE_RUNNERS: &str = "delete:runners";

/// All there are: what the first key gets.
pub const ALL: [&str; 15] = [
    "write:registries",
    "delete:registries",
    "write:snapshots",
    "delete:snapshots",
    WRITE_SANDBOXES,
    DELETE_SANDBOXES,
    "read:volumes",
    "write:volumes",
    "delete:volumes",
    WRITE_REGIONS,
    DELETE_REGIONS,
    READ_RUNNERS,
    WRITE_RUNNERS,
    DELETE_RUNNERS,
    "read:audit_logs",
];
