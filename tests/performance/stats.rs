//! Medians and percentiles.

use std::fmt;
use std::time::{Duration, Instant};

/// Samples of one measurement.
#[derive(Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Times one run of `act`.
    pub fn time<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let value = act();
        self.0.push(started.elapsed());
        value
    }

    /// Adds a sample measured elsewhere.
    pub fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sample below which `share` of them lie (nearest rank).
    pub fn percentile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "ranks are small"
        )]
        let rank = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1));
        sorted.get(rank - 1).copied().unwrap_or_default()
    }

    /// The median in milliseconds.
    pub fn median(&self) -> f64 {
        milliseconds(self.percentile(0.5))
    }
}

/// As milliseconds.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

impl fmt::Display for Samples {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, p95, p99] = [0.5, 0.95, 0.99].map(|share| milliseconds(self.percentile(share)));
        write!(out, "{median:9.3} / {p95:9.3} / {p99:9.3}  ({})", self.0.len())
    }
}
