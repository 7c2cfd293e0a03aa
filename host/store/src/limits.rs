//! Named limits of the store. A caller that passes more gets a typed error, or the limit instead.

/// Rows of one page of sandboxes: what the API documents as its largest page.
pub const MAX_PAGE: u32 = 200;

/// Values of all filters of one listing together (ids, states, regions, labels): bounds the statement's text,
/// and stays far under SQLite's 32,766 parameters.
pub const MAX_FILTER_VALUES: usize = 1_000;

/// Rows that a listing without pages (runners, regions) gives at most: bounds memory; the largest fleet that
/// one plane is meant for is a tenth of it.
pub const MAX_ROWS: u32 = 10_000;

/// Runners of one placement window: scoring more costs more than a better choice is worth.
pub const MAX_WINDOW: u32 = 256;

/// Changes given at once: one answer of the change stream stays below a few MiB.
pub const MAX_CHANGES: u32 = 1_000;

/// Jobs handed out at once, as the runner protocol documents it.
pub const MAX_CLAIM: u32 = 100;

/// Observations of one report: a runner that starts with more sandboxes reports them in parts, so that one
/// report never holds the writer for long.
pub const MAX_OBSERVATIONS: usize = 5_000;

/// Labels of one sandbox: each is a row of its own, written in the create transaction.
pub const MAX_LABELS: usize = 256;

/// How long a destroyed sandbox stays visible in the stream of changes.
pub const KEEP_DESTROYED_MS: u64 = 24 * 60 * 60 * 1_000;

/// Destroyed sandboxes removed for good by one report: cleaning up never makes a verb slow.
pub const PURGE_AT_ONCE: u32 = 16;
