//! The runners' links: who can be reached, and over what.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::client::conn::http2::SendRequest;
use sandbar_forward::LinkKey;

use crate::Body;
use crate::limits::MAX_LINKS;

/// One runner's connection, on which the runner is the HTTP/2 server.
pub struct Link {
    number: u64,
    /// Seals calls over this link.
    pub key: LinkKey,
    /// Sends requests. Clones share the connection.
    pub sender: SendRequest<Body>,
}

/// Links by runner.
#[derive(Default)]
pub struct Links {
    by_runner: Mutex<HashMap<String, Arc<Link>>>,
    next: AtomicU64,
}

impl Links {
    /// The runner's newest link.
    pub fn get(&self, runner: &str) -> Option<Arc<Link>> {
        self.by_runner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(runner)
            .cloned()
    }

    /// Takes a new link in place of an older one of the runner, whose calls in flight go on to their end.
    /// The number is for [`Links::remove`]; none if there are too many links.
    pub fn insert(&self, runner: &str, key: LinkKey, sender: SendRequest<Body>) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut links = self.by_runner.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= MAX_LINKS && !links.contains_key(runner) {
            return None;
        }
        links.insert(runner.to_owned(), Arc::new(Link { number, key, sender }));
        Some(number)
    }

    /// Forgets a link that has ended, unless a newer one has its place.
    pub fn remove(&self, runner: &str, number: u64) {
        let mut links = self.by_runner.lock().unwrap_or_else(PoisonError::into_inner);
        if links.get(runner).is_some_and(|link| link.number == number) {
            links.remove(runner);
        }
    }

    /// Runners linked now.
    pub fn len(&self) -> usize {
        self.by_runner.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
