//! The native signals: numbers by key, and those who wait for them to change.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;

use crate::limits::{MAX_SIGNAL_KEY, MAX_SIGNAL_KEYS, MAX_SIGNAL_WAIT};

/// Shards, so that wakes of different keys seldom meet at one lock.
const SHARDS: usize = 16;

/// Wakes by key. See `wit/signals` for the contract.
///
/// Numbers come from one counter for each shard, so a key that was forgotten and comes back never shows a
/// number that it had before: what a forgotten key shows is the newest number forgotten in its shard. That
/// wakes some waiters for nothing, which the contract allows, and never lets one miss a wake.
#[derive(Debug)]
pub struct Signals {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    keys_per_shard: usize,
}

#[derive(Debug, Default)]
struct Shard {
    keys: HashMap<String, watch::Sender<u64>>,
    last: u64,
    forgotten: u64,
}

impl Default for Signals {
    fn default() -> Self {
        Self::with_capacity(MAX_SIGNAL_KEYS)
    }
}

impl Signals {
    /// Remembers about `keys` keys; at least one for each shard.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            keys_per_shard: (keys / SHARDS).max(1),
        }
    }

    /// The number of `key` now.
    #[must_use]
    pub fn current(&self, key: &str) -> u64 {
        self.with(key, |shard, _| {
            shard.keys.get(key).map_or(shard.forgotten, |sender| *sender.borrow())
        })
    }

    /// Wakes all who wait on `key`. A key over 128 bytes is ignored.
    pub fn wake(&self, key: &str) {
        if key.len() > MAX_SIGNAL_KEY {
            return;
        }
        self.with(key, |shard, most| {
            shard.last += 1;
            let number = shard.last;
            match shard.keys.get(key) {
                Some(sender) => {
                    sender.send_replace(number);
                }
                None => shard.add(key, number, most),
            }
        });
    }

    /// Waits until the number of `key` differs from `seen`, for `time` (60 s) at most; gives the number then.
    pub async fn wait(&self, key: &str, seen: u64, time: Duration) -> u64 {
        if key.len() > MAX_SIGNAL_KEY {
            return seen;
        }
        let mut receiver = self.with(key, |shard, most| {
            if !shard.keys.contains_key(key) {
                let number = shard.forgotten;
                shard.add(key, number, most);
            }
            shard.keys.get(key).map(watch::Sender::subscribe)
        });
        let Some(receiver) = receiver.as_mut() else { return seen };
        let changed = receiver.wait_for(|number| *number != seen);
        match tokio::time::timeout(time.min(MAX_SIGNAL_WAIT), changed).await {
            Ok(Ok(number)) => *number,
            // Timed out, or all signals end with the plane.
            Ok(Err(_)) | Err(_) => self.current(key),
        }
    }

    /// Keys remembered now.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.shards
            .iter()
            .map(|s| s.lock().unwrap_or_else(PoisonError::into_inner).keys.len())
            .sum()
    }

    fn with<R>(&self, key: &str, f: impl FnOnce(&mut Shard, usize) -> R) -> R {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        // A panic under the lock leaves whole entries; going on is right.
        let mut shard = self.shards[index].lock().unwrap_or_else(PoisonError::into_inner);
        f(&mut shard, self.keys_per_shard)
    }
}

impl Shard {
    fn add(&mut self, key: &str, number: u64, most: usize) {
        if self.keys.len() >= most {
            // Those with waiters stay: their number is bounded by the requests in flight.
            self.keys.retain(|_, sender| sender.receiver_count() > 0);
            self.forgotten = self.last;
        }
        self.keys.insert(key.to_owned(), watch::Sender::new(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const LONG: Duration = Duration::from_secs(30);
    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_wake_between_reading_and_waiting_is_not_missed() {
        let signals = Signals::default();
        let seen = signals.current("a");
        signals.wake("a");
        assert_ne!(signals.wait("a", seen, LONG).await, seen);
    }

    #[tokio::test]
    async fn wakes_everyone_who_waits_on_the_key_and_nobody_else() {
        let signals = Arc::new(Signals::default());
        let seen = signals.current("a");
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let signals = Arc::clone(&signals);
                tokio::spawn(async move { signals.wait("a", seen, LONG).await })
            })
            .collect();
        tokio::task::yield_now().await;
        signals.wake("b");
        tokio::time::sleep(SHORT).await;
        assert!(waiters.iter().all(|w| !w.is_finished()));
        signals.wake("a");
        for waiter in waiters {
            assert_ne!(waiter.await.expect("no panic"), seen);
        }
    }

    #[tokio::test]
    async fn a_wait_ends_with_its_time() {
        let signals = Signals::default();
        assert_eq!(signals.wait("a", 0, SHORT).await, 0);
        assert_eq!(
            signals.wait(&"k".repeat(MAX_SIGNAL_KEY + 1), 3, LONG).await,
            3,
            "a key too long returns at once"
        );
    }

    #[tokio::test]
    async fn keys_are_bounded_and_a_forgotten_key_misses_no_wake() {
        let signals = Signals::with_capacity(SHARDS);
        let seen = signals.current("kept");
        signals.wake("kept");
        for i in 0..1_000 {
            signals.wake(&format!("other-{i}"));
        }
        assert!(signals.keys() <= SHARDS, "{}", signals.keys());
        // Whether or not "kept" was forgotten, its wake shows.
        assert_ne!(signals.wait("kept", seen, LONG).await, seen);
    }

    #[tokio::test]
    async fn a_key_with_a_waiter_is_not_forgotten() {
        let signals = Arc::new(Signals::with_capacity(SHARDS));
        let seen = signals.current("a");
        let waiter = {
            let signals = Arc::clone(&signals);
            tokio::spawn(async move { signals.wait("a", seen, LONG).await })
        };
        tokio::task::yield_now().await;
        for i in 0..1_000 {
            signals.wake(&format!("other-{i}"));
        }
        signals.wake("a");
        let woken = tokio::time::timeout(Duration::from_secs(5), waiter).await;
        assert_ne!(woken.expect("woken in time").expect("no panic"), seen);
    }
}
