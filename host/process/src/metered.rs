//! CPU time of a future: what its polls took of their threads.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of CPU taken, shared by all processes of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct CpuTime(AtomicU64);

impl CpuTime {
    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// Runs `inner` and adds the CPU time of each poll to `cpu`.
pub(crate) struct Metered<F> {
    inner: Pin<Box<F>>,
    cpu: Arc<CpuTime>,
}

impl<F> Metered<F> {
    pub(crate) fn new(cpu: Arc<CpuTime>, inner: F) -> Self {
        Self {
            inner: Box::pin(inner),
            cpu,
        }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let start = thread_nanos();
        let polled = self.inner.as_mut().poll(context);
        self.cpu
            .0
            .fetch_add(thread_nanos().saturating_sub(start), Ordering::Relaxed);
        polled
    }
}

fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    (time.tv_sec as u64)
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.tv_nsec as u64)
}
