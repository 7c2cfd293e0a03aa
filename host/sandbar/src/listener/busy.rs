//! Whether a connection has a request in hand, and since when it has not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Of one connection. Cheap to clone.
#[derive(Clone)]
pub struct Busy(Arc<Inner>);

struct Inner {
    since: Instant,
    turns: AtomicUsize,
    /// When the last turn ended, in milliseconds after `since`.
    last: AtomicU64,
}

impl Default for Busy {
    fn default() -> Self {
        Self(Arc::new(Inner {
            since: Instant::now(),
            turns: AtomicUsize::new(0),
            last: AtomicU64::new(0),
        }))
    }
}

/// One request in hand.
pub struct Turn(Option<Busy>);

impl Busy {
    /// Busy until the turn is dropped.
    pub fn turn(&self) -> Turn {
        self.0.turns.fetch_add(1, Ordering::AcqRel);
        Turn(Some(self.clone()))
    }

    /// Busy from now on.
    pub fn forever(&self) -> Turn {
        self.0.turns.fetch_add(1, Ordering::AcqRel);
        Turn(None)
    }

    /// For how long nothing has been in hand; none while something is.
    pub fn silent_for(&self) -> Duration {
        if self.0.turns.load(Ordering::Acquire) > 0 {
            return Duration::ZERO;
        }
        self.0
            .since
            .elapsed()
            .saturating_sub(Duration::from_millis(self.0.last.load(Ordering::Acquire)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(busy) = &self.0 {
            let now = u64::try_from(busy.0.since.elapsed().as_millis()).unwrap_or(u64::MAX);
            busy.0.last.store(now, Ordering::Release);
            busy.0.turns.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
