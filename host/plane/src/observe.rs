//! The host's own figures that are read where they are kept, when somebody asks.

use crate::metrics::Metrics;
use crate::state::Shared;

/// All metrics, with the figures of store and signals brought up to date.
pub fn render(shared: &Shared) -> String {
    refresh(shared);
    shared.metrics.render()
}

/// Brings the figures that are kept elsewhere up to date.
pub fn refresh(shared: &Shared) {
    let metrics = &shared.metrics;
    #[allow(clippy::cast_precision_loss, reason = "a number of keys is far below 2^52")]
    metrics.gauge_set("sandbar_signal_keys", &[], shared.signals.keys() as f64);
    store(metrics, &shared.store.metrics().snapshot());
}

fn store(metrics: &Metrics, now: &sandbar_sqlite::MetricsSnapshot) {
    for (name, value) in [
        ("sandbar_store_commits_total", now.commits),
        ("sandbar_store_refused_total", now.refused),
        ("sandbar_store_batches_total", now.batches),
        ("sandbar_store_syncs_total", now.syncs),
        ("sandbar_store_synced_commits_total", now.synced_commits),
        ("sandbar_store_checkpoints_total", now.checkpoints),
        ("sandbar_store_reads_total", now.reads),
        ("sandbar_store_queue_full_total", now.queue_full),
    ] {
        metrics.counter_set(name, value);
    }
    metrics.gauge_set("sandbar_store_sync_seconds_total", &[], now.sync_time.as_secs_f64());
    metrics.gauge_set(
        "sandbar_store_slowest_sync_seconds",
        &[],
        now.slowest_sync.as_secs_f64(),
    );
}
