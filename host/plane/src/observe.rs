//! The host's own figures that are read where they are kept, when somebody asks.

use crate::state::Shared;

/// All metrics, with the figures of store and signals brought up to date.
pub fn render(shared: &Shared) -> String {
    let metrics = &shared.metrics;
    #[allow(clippy::cast_precision_loss, reason = "a number of keys is far below 2^52")]
    metrics.gauge_set("sandbar_signal_keys", &[], shared.signals.keys() as f64);
    metrics.render()
}
