//! The life of one process: a task that instantiates, calls, drops the store, and then tells.

use std::sync::Arc;
use std::time::Instant;

use sandbar_engine::{StoreLimits, yield_each_tick};
use tokio::sync::{OwnedSemaphorePermit, watch};
use wasmtime::Store;

use crate::descriptor::Descriptor;
use crate::metered::Metered;
use crate::programs::Program;
use crate::sandbox::Sandbox;
use crate::state::State;
use crate::status::{ExitStatus, Signal};
use crate::table::KillSwitch;
use crate::timing::{Clock, Timing};
use crate::verdict::{Verdict, judge};

/// A process that has everything it needs.
pub(crate) struct Run {
    pub(crate) sandbox: Sandbox,
    pub(crate) pid: u32,
    pub(crate) name: String,
    pub(crate) program: Arc<Program>,
    pub(crate) switch: Arc<KillSwitch>,
    pub(crate) state: State,
    pub(crate) stderr: Descriptor,
    pub(crate) slot: OwnedSemaphorePermit,
    pub(crate) publish: watch::Sender<Option<ExitStatus>>,
    pub(crate) clock: Clock,
}

/// Leaves the table and publishes the status when dropped, so that even a panicking or aborted task is waited for.
struct Farewell {
    sandbox: Sandbox,
    pid: u32,
    status: ExitStatus,
    publish: watch::Sender<Option<ExitStatus>>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.sandbox.leave(self.pid);
        self.publish.send_replace(Some(self.status));
    }
}

pub(crate) async fn run(run: Run) {
    let Run {
        sandbox,
        pid,
        name,
        program,
        switch,
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
    };
    let limit = farewell.sandbox.budget().limit();
    let cpu = Arc::clone(farewell.sandbox.cpu());
    let engine = farewell.sandbox.programs().engine().clone();
    // The store lives inside this future. Whichever way the select ends, the future and with it the store are
    // dropped at once: a store is never used again after a trap or a kill.
    let guest = Metered::new(cpu, async move {
        let mut store = Store::new(engine.wasmtime(), state);
        StoreLimits::install(&mut store, |state| &mut state.limits);
        yield_each_tick(&mut store, |_| Ok(()));
        let result = call(&program, &mut store, &clock).await;
        judge(result, store.data().limits.memory_was_refused(), limit)
    });
    let verdict = tokio::select! {
        biased;
        signal = switch.thrown() => Verdict::killed(signal),
        // A kill that came while the guest was on its last steps has been promised to its sender.
        verdict = guest => switch.signal().map_or(verdict, Verdict::killed),
    };
    drop(slot);
    if let Some(reason) = &verdict.reason {
        tracing::debug!(pid, name, reason, "process killed");
        // Nobody may read it any more, and that is fine.
        let _ = stderr.put(format!("sh: {name}: killed: {reason}\n").into());
    }
    drop(stderr);
    farewell.status = verdict.status;
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
