//! Collected output: the first bytes, up to a limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// Collects what processes write, in the order in which they write it, up to a limit. Writers over the limit wait
/// for ever: whoever made the collector ends them, see [`Output::exceeded`].
#[derive(Clone, Debug)]
pub struct Output(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    collected: Mutex<Collected>,
    exceeded: Notify,
}

#[derive(Debug, Default)]
struct Collected {
    bytes: Vec<u8>,
    exceeded: bool,
    closed: bool,
}

impl Output {
    /// A collector of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Shared {
            limit,
            collected: Mutex::default(),
            exceeded: Notify::new(),
        }))
    }

    /// What was collected so far, leaving nothing behind, and whether the limit was exceeded.
    pub fn take(&self) -> (Bytes, bool) {
        let mut collected = self.lock();
        (Bytes::from(std::mem::take(&mut collected.bytes)), collected.exceeded)
    }

    /// Collects no more: what is written from now on vanishes, and no writer waits.
    pub fn close(&self) {
        let mut collected = self.lock();
        collected.closed = true;
        drop(collected);
        self.0.exceeded.notify_waiters();
    }

    /// Waits until [`Output::permit`] is not 0.
    pub(crate) async fn ready(&self) {
        loop {
            let change = self.0.exceeded.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            if self.permit() > 0 {
                return;
            }
            change.await;
        }
    }

    /// Waits until more than the limit was written.
    pub async fn exceeded(&self) {
        loop {
            let change = self.0.exceeded.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            if self.lock().exceeded {
                return;
            }
            change.await;
        }
    }

    /// How much a guest may write now. None once the limit was exceeded, until closed.
    pub(crate) fn permit(&self) -> usize {
        // The bound only keeps single writes small; the limit is checked when they arrive.
        let collected = self.lock();
        if collected.exceeded && !collected.closed {
            0
        } else {
            crate::limits::PIPE_CAPACITY
        }
    }

    /// Keeps what fits.
    pub(crate) fn put(&self, bytes: &[u8]) {
        let mut collected = self.lock();
        if collected.closed {
            return;
        }
        let room = self.0.limit.saturating_sub(collected.bytes.len());
        collected.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room && !collected.exceeded {
            collected.exceeded = true;
            drop(collected);
            self.0.exceeded.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.0.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keeps_the_first_bytes_and_says_so() {
        let output = Output::new(5);
        output.put(b"abc");
        assert!(output.permit() > 0);
        output.put(b"");
        output.put(b"defg");
        output.exceeded().await;
        assert_eq!(output.permit(), 0);
        output.put(b"h");
        assert_eq!(output.take(), (Bytes::from_static(b"abcde"), true));
    }

    #[tokio::test]
    async fn closed_it_takes_everything_and_keeps_nothing() {
        let output = Output::new(1);
        output.put(b"ab");
        assert_eq!(output.permit(), 0);
        let waiting = tokio::spawn({
            let output = output.clone();
            async move { output.ready().await }
        });
        tokio::task::yield_now().await;
        output.take();
        output.close();
        waiting.await.unwrap();
        output.put(b"cd");
        assert_eq!(output.take().0, Bytes::new());
    }

    #[test]
    fn exactly_the_limit_is_not_over_it() {
        let output = Output::new(3);
        output.put(b"abc");
        assert_eq!(output.take(), (Bytes::from_static(b"abc"), false));
    }
}
