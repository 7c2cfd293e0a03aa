//! How a store is opened, and the limits of the machinery.

/// Verbs that may wait for the writer. A full queue answers `unavailable` at once: with a thousand waiting at some
/// thousands a second, a newcomer would wait longer than its client does.
pub const QUEUE: usize = 1_024;

/// Verbs that share one sync at most: bounds how long the first of them waits for the last.
pub const MAX_BATCH: usize = 64;

/// Of a batch, the verbs whose answers wait for nothing, while others wait: a quarter. So a flood of reports delays a
/// create by some hundred microseconds, and a flood of creates leaves some thousand reports a second.
pub const RELAXED_SHARE: usize = MAX_BATCH / 4;

/// Verbs of this kind that may wait: the rest of the queue is for those whose callers wait for a sync.
pub const RELAXED_QUEUE: usize = QUEUE / 4 * 3;

/// Reads that may wait for a connection.
pub const MAX_WAITING_READS: usize = 4_096;

/// Times this many pages beyond [`Options::checkpoint_pages`], the writer copies the log itself and lets it start
/// over: bounds the log on disk and the recovery after a crash (64 MiB with the default).
pub const HARD_LOG_FACTOR: u32 = 4;

/// How a [`SqliteStore`](crate::SqliteStore) is opened. `Options::default()` suits a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections that read, 1 to 16.
    pub readers: usize,
    /// Pages of log (4 KiB each) from which it is copied into the database.
    pub checkpoint_pages: u32,
    /// Whether the log is copied by a thread of its own (else by the writer, between batches).
    pub background_checkpoint: bool,
    /// Name of a registered SQLite VFS; none: the system's. Syncs then go through it.
    pub vfs: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 3,
            checkpoint_pages: 4_096,
            background_checkpoint: true,
            vfs: None,
        }
    }
}
