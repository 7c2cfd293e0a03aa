//! `sandbar:signals`, natively.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::Accessor;

use super::store::shared;
use crate::bindings::sandbar::signals::signals::{Host, HostWithStore, Millis};
use crate::state::{Provided, State};

impl Host for State {}

impl<T> HostWithStore<T> for Provided {
    async fn current(accessor: &Accessor<T, Self>, key: String) -> u64 {
        let shared = shared(accessor);
        let start = Instant::now();
        let number = shared.signals.current(&key);
        shared.calls.signals.done(start, true);
        number
    }

    async fn wait(accessor: &Accessor<T, Self>, key: String, seen: u64, deadline: Millis) -> u64 {
        let shared = Arc::clone(&shared(accessor));
        shared.signals.wait(&key, seen, until(deadline)).await
    }

    async fn wake(accessor: &Accessor<T, Self>, key: String) {
        let shared = shared(accessor);
        let start = Instant::now();
        shared.signals.wake(&key);
        shared.calls.signals.done(start, true);
    }
}

/// Time from now until `deadline`, none if it has passed.
fn until(deadline: Millis) -> Duration {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Duration::from_millis(deadline).saturating_sub(now)
}
