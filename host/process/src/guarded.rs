//! A guest's future under the reins of its process: it is polled only while the process may run, and each poll is
//! metered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Sleep;

use crate::control::Control;
use crate::limits::{LIGHT_CPU, REST, SIGNAL_GRACE};
use crate::share::Share;
use crate::status::Signal;
use crate::verdict::Verdict;

/// The future of a guest; dropping it drops the guest's store.
pub(crate) type Guest = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// See the module. Ends with the guest, or as soon as a signal has ended the process: the guest, and with it its
/// store, is dropped before this is ready.
pub(crate) struct Guarded {
    /// None once it has ended.
    guest: Option<Guest>,
    control: Arc<Control>,
    share: Arc<Share>,
    /// Wakes when the sandbox's quota is there again.
    pause: Option<Pin<Box<Sleep>>>,
    /// Wakes when a guest that waits has left a signal untaken for too long.
    grace: Option<Pin<Box<Sleep>>>,
    /// CPU time since the guest last rested, nanoseconds.
    burst: u64,
    left: Instant,
    /// It waits for its sandbox's quota, which is no rest.
    paused: bool,
}

impl Guarded {
    pub(crate) fn new(guest: Guest, control: Arc<Control>, share: Arc<Share>) -> Self {
        Self {
            guest: Some(guest),
            control,
            share,
            pause: None,
            grace: None,
            burst: 0,
            left: Instant::now(),
            paused: false,
        }
    }

    /// Whether the guest has computed for longer than short commands do.
    pub(crate) fn is_heavy(&self) -> bool {
        self.burst > LIGHT_CPU.as_nanos() as u64
    }

    /// Whether it has not been run for so long that it counts as one that waits.
    pub(crate) fn has_rested(&self) -> bool {
        !self.paused && self.left.elapsed() >= REST
    }

    pub(crate) fn share(&self) -> &Arc<Share> {
        &self.share
    }

    fn end(&mut self, verdict: Verdict) -> Poll<Verdict> {
        self.guest = None;
        // A kill that came while the guest was on its last steps has been promised to its sender.
        Poll::Ready(self.control.ended().map_or(verdict, Verdict::killed))
    }

    /// A guest that wants to be interrupted, but waits for something that nothing interrupts, dies of its signal after all.
    fn is_deaf(&mut self, context: &mut Context<'_>) -> Poll<Verdict> {
        let computed = self.control.has_computed();
        if computed || !self.control.signals().is_overdue() {
            self.grace = None;
            return Poll::Pending;
        }
        let timer = self
            .grace
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(SIGNAL_GRACE)));
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.control.signals().give_up();
        self.end(Verdict::killed(Signal::INT))
    }

    /// Whether the sandbox has to wait for its next period; arms the timer.
    fn is_paused(&mut self, context: &mut Context<'_>) -> bool {
        // Each turn but the last waits for a later moment.
        while let Some(until) = self.share.paused_until(Instant::now()) {
            let timer = self
                .pause
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until.into())));
            if timer.as_mut().poll(context).is_pending() {
                return true;
            }
            self.pause = None;
        }
        self.pause = None;
        false
    }
}

impl Future for Guarded {
    type Output = Verdict;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Verdict> {
        // Before looking: a signal that comes after the look wakes this task.
        self.control.runner().register(context.waker());
        {
            let signals = self.control.signals();
            if let Some(signal) = signals.ended() {
                drop(signals);
                return self.end(Verdict::killed(signal));
            }
            if signals.is_stopped() {
                return Poll::Pending;
            }
        }
        if self.is_paused(context) {
            self.paused = true;
            return Poll::Pending;
        }
        if self.has_rested() {
            self.burst = 0;
        }
        self.paused = false;
        let start = thread_nanos();
        let polled = match &mut self.guest {
            Some(guest) => guest.as_mut().poll(context),
            // Only if polled again after its end.
            None => return Poll::Pending,
        };
        let used = thread_nanos().saturating_sub(start);
        self.control.charge(used);
        self.share.charge(used);
        self.burst += used;
        self.left = Instant::now();
        match polled {
            Poll::Ready(verdict) => self.end(verdict),
            Poll::Pending if self.control.is_watched() => self.is_deaf(context),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    (time.tv_sec as u64)
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.tv_nsec as u64)
}
