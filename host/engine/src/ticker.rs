//! The clock of interruption: a thread advances an engine's epoch, and running code yields at each tick.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::{Engine, Store, UpdateDeadline};

use crate::error::EngineError;

/// Time between two epochs. Guests that compute yield this often; shorter ticks were measured to slow short
/// commands beside busy guests (p50 2-8 ms at 1 ms against 0.2 ms at 10 ms), longer ones delay kills.
pub const TICK: Duration = Duration::from_millis(10);

/// Advances the epoch of one engine until it is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> Result<Self, EngineError> {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        // Weak: the ticker must not keep the engine's memory pool alive.
        let engine = engine.weak();
        let thread = thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                while !seen.load(Ordering::Acquire) {
                    thread::park_timeout(TICK);
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => break,
                    }
                }
            })
            .map_err(EngineError::Ticker)?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread has nothing to tell: it holds no state.
            let _ = thread.join();
        }
    }
}

/// Lets code in `store` run without end, but yield to the async executor at each tick. The store's calls must be
/// the `_async` ones, on a tokio runtime.
///
/// `on_tick` is called at each of these yields, with the store's data; an error ends the code as a trap.
pub fn yield_each_tick<T: Send + 'static>(
    store: &mut Store<T>,
    mut on_tick: impl FnMut(&mut T) -> wasmtime::Result<()> + Send + Sync + 'static,
) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut context| {
        on_tick(context.data_mut())?;
        // tokio's own yield goes to the back of the queue; wasmtime's default one re-queues at once and starves
        // whoever waits behind two busy guests.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    });
}

/// Traps code in `store` once it has run for `time` from now (to within two ticks). For synchronous calls.
pub fn interrupt_after<T: 'static>(store: &mut Store<T>, time: Duration) {
    let ticks = time.as_millis() / TICK.as_millis() + 1;
    store.epoch_deadline_trap();
    store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX >> 1));
}
