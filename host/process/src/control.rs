//! How others reach a process: signals, and what it has used.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::sync::Notify;

use crate::signals::{Delivered, SignalSet, Signals};
use crate::status::Signal;

/// The reins of one process, shared by its task, the table and whoever waits for it.
#[derive(Debug)]
pub(crate) struct Control {
    signals: Mutex<Signals>,
    /// Something of `signals` is not as it was.
    changed: Notify,
    /// The task that runs the guest.
    runner: AtomicWaker,
    /// It wants to be interrupted by the signals that it catches.
    watches: AtomicBool,
    /// It has computed through a tick since that was last asked.
    computed: AtomicBool,
    /// CPU time, nanoseconds.
    cpu: AtomicU64,
    /// Bytes of linear memory.
    memory: Arc<AtomicU64>,
}

impl Control {
    pub(crate) fn new(ignored: SignalSet, memory: Arc<AtomicU64>) -> Self {
        Self {
            signals: Mutex::new(Signals::new(ignored)),
            changed: Notify::new(),
            runner: AtomicWaker::new(),
            watches: AtomicBool::new(false),
            computed: AtomicBool::new(false),
            cpu: AtomicU64::new(0),
            memory,
        }
    }

    /// The signals, as they are now. Nothing may wait while this is held.
    pub(crate) fn signals(&self) -> MutexGuard<'_, Signals> {
        // Pure state whose functions do not panic.
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a signal, and nothing more: [`Control::announce`] must follow unless it changed nothing.
    pub(crate) fn deliver(&self, signal: Signal) -> Delivered {
        self.signals().deliver(signal)
    }

    /// Wakes whoever waits for a change of the signals, or for an end that the process made itself.
    pub(crate) fn announce(&self) {
        self.changed.notify_waiters();
        self.runner.wake();
    }

    /// The task that is to be woken when a signal ends, stops or continues the guest.
    pub(crate) fn runner(&self) -> &AtomicWaker {
        &self.runner
    }

    /// Waits until the signals are as `condition` wants them.
    pub(crate) async fn until(&self, condition: impl Fn(&Signals) -> bool) {
        loop {
            let change = self.changed.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            if condition(&self.signals()) {
                return;
            }
            change.await;
        }
    }

    /// Waits for a signal by which no wait of the process was interrupted yet.
    pub(crate) async fn interruption(&self) {
        self.until(Signals::is_unheard).await;
        self.signals().hear();
    }

    pub(crate) fn watch(&self) {
        self.watches.store(true, Ordering::Relaxed);
    }

    /// Whether it wants to be interrupted.
    pub(crate) fn is_watched(&self) -> bool {
        self.watches.load(Ordering::Relaxed)
    }

    /// Notes that it computes.
    pub(crate) fn computes(&self) {
        self.computed.store(true, Ordering::Relaxed);
    }

    /// Whether it has computed through a tick since this was asked before.
    pub(crate) fn has_computed(&self) -> bool {
        self.computed.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn ended(&self) -> Option<Signal> {
        self.signals().ended()
    }

    pub(crate) fn charge(&self, nanos: u64) {
        self.cpu.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu.load(Ordering::Relaxed))
    }

    pub(crate) fn memory(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }
}
