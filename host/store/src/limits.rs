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

/// Findings given at once: as observations of a report.
pub const MAX_FINDINGS: usize = MAX_OBSERVATIONS;

/// Runners named at once in verdicts, connections or as lost: the largest fleet that one listing gives.
pub const MAX_NAMED: usize = MAX_ROWS as usize;

/// Sandboxes of one look at what is due: a tick acts on them one by one, and comes again.
pub const MAX_DUE: u32 = 1_000;

/// Decisions that the journal keeps: some days of placements at a busy platform.
pub const KEEP_DECISIONS: u64 = 100_000;

/// The journal is trimmed once in so many decisions, and then by twice as many at most: one insert pays for
/// neighbours in the same pages, instead of each for a page of its own.
pub const TRIM_EVERY: u64 = 64;

/// Bytes of what one decision says: a window of 256 runners takes about 60 KiB as JSON.
pub const MAX_FACTS: usize = 128 * 1_024;

/// Decisions listed at once.
pub const MAX_DECISIONS: u32 = 1_000;

/// Bytes of what a runner says of its services, its snapshots or its tags: they are read with every placement.
pub const MAX_SAID: usize = 64 * 1_024;

/// Grants of one sandbox that have not run out: many more than people and programs that work in it.
pub const MAX_GRANTS: u64 = 1_000;

/// Tasks of one look at what is due.
pub const MAX_TASKS: u32 = 1_000;

/// Volumes of one sandbox.
pub const MAX_MOUNTS: usize = 32;

/// Broken invariants listed at once.
pub const MAX_BREACHES: usize = 100;

/// Runners with some room, but not with ample, that are asked whether a sandbox fits, to hint at a region.
pub const MAX_ASKED: u32 = 1_000;
