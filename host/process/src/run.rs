//! The life of one process: a task that instantiates, calls, drops the store, and then tells.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use sandbar_engine::{StoreLimits, yield_each_tick};
use sandbar_files::File;
use tokio::sync::{OwnedSemaphorePermit, watch};
use wasmtime::Store;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::control::Control;
use crate::descriptor::Descriptor;
use crate::guarded::{Guarded, Guest};
use crate::heavy::Back;
use crate::own::{Loaded, Ready, Refusal};
use crate::programs::Program;
use crate::sandbox::Sandbox;
use crate::serve::{self, Served};
use crate::state::State;
use crate::status::{ExitStatus, Signal};
use crate::timing::{Clock, Timing};
use crate::verdict::{Verdict, judge};

/// What a process runs.
pub(crate) enum What {
    Userland(Arc<Program>),
    /// A program of a user's: its path and its bytes.
    Own(String, Arc<File>),
    Serve(Box<Served>),
}

/// The exit code of a process whose program cannot be run, as shells have it.
const REFUSED: u8 = 126;

/// A process that has everything it needs.
pub(crate) struct Run {
    pub(crate) sandbox: Sandbox,
    pub(crate) pid: u32,
    pub(crate) name: String,
    pub(crate) what: What,
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
        let (publish, status) = (&self.publish, self.status);
        self.sandbox.leave(self.pid, || {
            publish.send_replace(Some(status));
        });
        self.control.announce();
    }
}

pub(crate) async fn run(run: Run) {
    let Run {
        sandbox,
        pid,
        name,
        what,
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
    // The store lives inside this future. However the process ends, the future and with it the store are dropped at
    // once: a store is never used again after a trap or a kill.
    let guest: Guest = match what {
        What::Userland(program) => Box::pin(async move { execute(&program.command, state, &clock, limit).await }),
        What::Own(path, file) => Box::pin(async move { own(&path, &file, state, &clock, limit).await }),
        What::Serve(served) => Box::pin(async move {
            // With it goes what is charged for the process.
            let _state = state;
            serve::run(*served).await
        }),
    };
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

/// Runs a program of a user's, once it is there.
async fn own(path: &str, file: &File, state: State, clock: &Clock, limit: u64) -> Verdict {
    let stderr = state.stdio[2].clone();
    let sandbox = state.sandbox.clone();
    match prepare(file, &sandbox).await {
        Ok((program, slots)) => {
            let verdict = match &program.ready {
                Ready::Command(command) => execute(command, state, clock, limit).await,
                Ready::Http(_) => refuse(
                    &stderr,
                    path,
                    &format!("it is an HTTP component; run it with: serve {path} --port 8080"),
                ),
            };
            drop(slots);
            verdict
        }
        Err(refusal) => refuse(&stderr, path, &refusal.0),
    }
}

/// The program, and what its instance takes of the engine's pool beyond the slot that every process has.
async fn prepare(file: &File, sandbox: &Sandbox) -> Result<(Arc<Loaded>, Option<OwnedSemaphorePermit>), Refusal> {
    let own = sandbox.programs().own();
    let own = own.ok_or_else(|| Refusal("this cell runs no programs of users".into()))?;
    let program = own.load(sandbox, file).await?;
    let slots = match program.slots - 1 {
        0 => None,
        more => Some(
            Arc::clone(sandbox.programs().slots())
                .try_acquire_many_owned(more)
                .map_err(|_| Refusal("the cell runs as many programs as it can; try again later".into()))?,
        ),
    };
    Ok((program, slots))
}

fn refuse(stderr: &Descriptor, path: &str, reason: &str) -> Verdict {
    // Nobody may read it, and that is fine.
    let _ = stderr.put(format!("sandbar: {path}: {reason}\n").into());
    Verdict::exited(REFUSED)
}

async fn execute(command: &CommandPre<State>, state: State, clock: &Clock, limit: u64) -> Verdict {
    let engine = state.sandbox.programs().engine().clone();
    let mut store = Store::new(engine.wasmtime(), state);
    StoreLimits::install(&mut store, |state| &mut state.limits);
    yield_each_tick(&mut store, |state| {
        state.tick();
        Ok(())
    });
    let result = call(command, &mut store, clock).await;
    judge(result, store.data().limits.memory_was_refused(), limit)
}

async fn call(
    command: &CommandPre<State>,
    store: &mut Store<State>,
    clock: &Clock,
) -> wasmtime::Result<Result<(), ()>> {
    let started = Instant::now();
    let command = command.instantiate_async(&mut *store).await?;
    let instantiate = started.elapsed();
    let result = command.wasi_cli_run().call_run(store).await;
    let run = started.elapsed().saturating_sub(instantiate);
    // Set here only, and this process runs once.
    let _ = clock.set(Timing { instantiate, run });
    result
}
