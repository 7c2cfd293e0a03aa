//! One process that computes, on its way through the queue.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::oneshot;

use super::Back;
use super::queue::Queue;
use crate::guarded::Guarded;

const IDLE: u8 = 0;
pub(super) const QUEUED: u8 = 1;
const RUNNING: u8 = 2;
/// Woken while running: to be queued again.
const AGAIN: u8 = 3;

#[derive(Debug)]
pub(super) struct Task {
    pub(super) share: Arc<crate::share::Share>,
    /// None once it has ended or gone back.
    pub(super) job: Mutex<Option<Job>>,
    pub(super) state: AtomicU8,
    pub(super) queue: Arc<Queue>,
}

pub(super) struct Job {
    pub(super) guest: Box<Guarded>,
    pub(super) done: oneshot::Sender<Back>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Task {
    fn job(&self) -> MutexGuard<'_, Option<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a slice of it; queued again if there is more to do.
    pub(super) fn run(self: Arc<Self>) {
        self.state.store(RUNNING, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self));
        let Some(mut job) = self.job().take() else { return };
        let mut context = Context::from_waker(&waker);
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *job.guest).poll(&mut context)));
        match polled {
            Ok(Poll::Ready(verdict)) => {
                // Whoever waited may be gone with its runtime.
                let _ = job.done.send(Back::Ended(verdict));
            }
            Ok(Poll::Pending) => {
                *self.job() = Some(job);
                let idle = self
                    .state
                    .compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
                if idle.is_err() {
                    self.state.store(QUEUED, Ordering::Release);
                    let queue = Arc::clone(&self.queue);
                    queue.push(self);
                }
            }
            // The job is dropped, and whoever waits for it learns so.
            Err(_) => tracing::error!("running a guest panicked"),
        }
    }

    /// Gives the guest back to its runtime if it has rested; true if so.
    fn go_back(&self) -> bool {
        let mut job = self.job();
        if !job.as_ref().is_some_and(|job| job.guest.has_rested()) {
            return false;
        }
        let taken = job.take();
        drop(job);
        if let Some(Job { guest, done }) = taken {
            let _ = done.send(Back::Rested(guest));
        }
        true
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        loop {
            let (old, new) = match self.state.load(Ordering::Acquire) {
                IDLE => (IDLE, QUEUED),
                RUNNING => (RUNNING, AGAIN),
                _ => return,
            };
            let swapped = self
                .state
                .compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire);
            if swapped.is_err() {
                continue;
            }
            if old == IDLE && !self.go_back() {
                let queue = Arc::clone(&self.queue);
                queue.push(self);
            }
            return;
        }
    }
}
