//! What the store counts about itself.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Counters since the store was opened. They are read one by one, so two of them may differ by what happened
/// in between.
#[derive(Debug, Default)]
pub struct Metrics {
    pub(crate) commits: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) synced_commits: AtomicU64,
    pub(crate) sync_nanos: AtomicU64,
    pub(crate) slowest_sync_nanos: AtomicU64,
    pub(crate) largest_batch: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) queue_full: AtomicU64,
}

/// [`Metrics`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsSnapshot {
    /// Verbs of the writer that succeeded.
    pub commits: u64,
    /// Verbs of the writer that changed nothing: conflicts, taken names, errors.
    pub refused: u64,
    /// Batches that the writer ran.
    pub batches: u64,
    /// Syncs of the log that answers waited for.
    pub syncs: u64,
    /// Commits that those syncs made durable; divided by `syncs`, what group commit gains.
    pub synced_commits: u64,
    /// Time spent in those syncs.
    pub sync_time: Duration,
    /// The slowest of them.
    pub slowest_sync: Duration,
    /// Verbs of the largest batch.
    pub largest_batch: u64,
    /// Times the log was copied into the database.
    pub checkpoints: u64,
    /// Verbs that only read.
    pub reads: u64,
    /// Verbs refused because a queue was full.
    pub queue_full: u64,
}

impl Metrics {
    /// All counters now.
    pub fn snapshot(&self) -> MetricsSnapshot {
        MetricsSnapshot {
            commits: self.commits.load(Relaxed),
            refused: self.refused.load(Relaxed),
            batches: self.batches.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
            synced_commits: self.synced_commits.load(Relaxed),
            sync_time: Duration::from_nanos(self.sync_nanos.load(Relaxed)),
            slowest_sync: Duration::from_nanos(self.slowest_sync_nanos.load(Relaxed)),
            largest_batch: self.largest_batch.load(Relaxed),
            checkpoints: self.checkpoints.load(Relaxed),
            reads: self.reads.load(Relaxed),
            queue_full: self.queue_full.load(Relaxed),
        }
    }

    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn synced(&self, commits: u64, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.syncs.fetch_add(1, Relaxed);
        self.synced_commits.fetch_add(commits, Relaxed);
        self.sync_nanos.fetch_add(nanos, Relaxed);
        self.slowest_sync_nanos.fetch_max(nanos, Relaxed);
    }
}
