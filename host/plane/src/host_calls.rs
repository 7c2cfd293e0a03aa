//! Metrics of the calls that components make into this host.

use std::time::Instant;

use crate::metrics::{Counter, Metrics, Timer};

/// One interface's calls.
#[derive(Debug)]
pub struct Calls {
    ok: Counter,
    failed: Counter,
    seconds: Timer,
}

/// Calls by interface.
#[derive(Debug)]
pub struct HostCalls {
    /// `sandbar:store`.
    pub store: Calls,
    /// `sandbar:signals`: waking and reading, not waiting.
    pub signals: Calls,
    /// `spin:variables`.
    pub variables: Calls,
}

impl HostCalls {
    /// Makes the series.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let calls = |interface| Calls::new(metrics, interface);
        Self {
            store: calls("store"),
            signals: calls("signals"),
            variables: calls("variables"),
        }
    }
}

impl Calls {
    /// Calls of `interface`.
    #[must_use]
    pub fn new(metrics: &Metrics, interface: &str) -> Self {
        let count = |outcome| {
            metrics.counter(
                "sandbar_host_calls_total",
                &[("interface", interface), ("outcome", outcome)],
            )
        };
        Self {
            ok: count("ok"),
            failed: count("error"),
            seconds: metrics.timer("sandbar_host_call_seconds", &[("interface", interface)]),
        }
    }

    /// Counts one call that began at `start`.
    pub fn done(&self, start: Instant, ok: bool) {
        if ok { &self.ok } else { &self.failed }.add(1);
        self.seconds.record(start.elapsed());
    }

    /// Runs `call` and counts it.
    ///
    /// # Errors
    /// Those of `call`.
    pub async fn count<V, E>(&self, call: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let start = Instant::now();
        let result = call.await;
        self.done(start, result.is_ok());
        result
    }
}
