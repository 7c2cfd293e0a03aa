//! The life of one process: a task that instantiates, calls, drops the store, and then tells.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use sandbar_engine::{StoreLimits, yield_each_tick};
use tokio::sync::{OwnedSemaphorePermit, watch};
use wasmtime::Store;

use crate::control::Control;
use crate::descriptor::Descriptor;
use crate::guarded::Guarded;
use crate::heavy::Back;
use crate::programs::Program;
use crate::sandbox::Sandbox;
use crate::state::State;
use crate::status::{ExitStatus, Signal};
use crate::timing::{Clock, Timing};
use crate::verdict::{Verdict, judge};

/// A process that has everything it needs.
pub(crate) struct Run {
    pub(crate) sandbox: Sandbox,
    pub(crate) pid: u32,
    pub(crate) name: String,
    pub(crate) program: Arc<Program>,
    pub(crate) control: Arc<Control>,
    pub(crate) state: State,
    pub(crate) stderr: Descriptor,
    pub(crate) slot: OwnedSemaphorePermit,
    pub(crate) publish: watch::Sender<Option<ExitStatus>>,
    pub(crate) clock: Clock,
}

/// Publishes the status and leaves the table when dropped, so that even a panicking or aborted task is waited for.
struct Farewell {
    sandbox: Sandbox,
    pid: u32,
    status: ExitStatus,
    publish: watch::Sender<Option<ExitStatus>>,
    control: Arc<Control>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        // The status first: a parent that is told by SIGCHLD finds it.
        self.publish.send_replace(Some(self.status));
        self.sandbox.leave(self.pid);
        self.control.announce();
    }
}

pub(crate) async fn run(run: Run) {
    let Run {
        sandbox,
        pid,
        name,
        program,
        control,
        state,
        stderr,
        slot,
        publish,
        clock,
    } = run;
    let mut farewell = Farewell {
        sandbox,
        pid,
        status: ExitStatus::Signaled(Signal::ABRT),
        publish,
        control: Arc::clone(&control),
    };
    let limit = farewell.sandbox.budget().limit();
    let share = Arc::clone(farewell.sandbox.share());
    let engine = farewell.sandbox.programs().engine().clone();
    // The store lives inside this future. However the process ends, the future and with it the store are dropped at
    // once: a store is never used again after a trap or a kill.
    let guest = Box::pin(async move {
        let mut store = Store::new(engine.wasmtime(), state);
        StoreLimits::install(&mut store, |state| &mut state.limits);
        yield_each_tick(&mut store, |_| Ok(()));
        let result = call(&program, &mut store, &clock).await;
        judge(result, store.data().limits.memory_was_refused(), limit)
    });
    let guarded = Box::new(Guarded::new(guest, control, share));
    let verdict = finish(&farewell.sandbox, guarded).await;
    drop(slot);
    if let Some(reason) = &verdict.reason {
        tracing::debug!(pid, name, reason, "process killed");
        // Nobody may read it any more, and that is fine.
        let _ = stderr.put(format!("sh: {name}: killed: {reason}\n").into());
    }
    drop(stderr);
    farewell.status = verdict.status;
}

/// Runs the guest to its end: here while it is light, on threads of low priority while it is heavy.
async fn finish(sandbox: &Sandbox, mut guest: Box<Guarded>) -> Verdict {
    loop {
        let ended = poll_fn(|context| match Pin::new(&mut *guest).poll(context) {
            Poll::Ready(verdict) => Poll::Ready(Some(verdict)),
            Poll::Pending if guest.is_heavy() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await;
        if let Some(verdict) = ended {
            return verdict;
        }
        guest = match sandbox.threads().heavy().run(guest).await {
            Some(Back::Ended(verdict)) => return verdict,
            Some(Back::Rested(guest)) => guest,
            None => return Verdict::killed(Signal::ABRT),
        };
    }
}

async fn call(program: &Program, store: &mut Store<State>, clock: &Clock) -> wasmtime::Result<Result<(), ()>> {
    let started = Instant::now();
    let command = program.command.instantiate_async(&mut *store).await?;
    let instantiate = started.elapsed();
    let result = command.wasi_cli_run().call_run(store).await;
    let run = started.elapsed().saturating_sub(instantiate);
    // Set here only, and this process runs once.
    let _ = clock.set(Timing { instantiate, run });
    result
}
