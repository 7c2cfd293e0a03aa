//! Starting a process: everything that can be refused is refused here, before it is said to run.

use std::sync::Arc;

use sandbar_engine::StoreLimits;
use tokio::sync::watch;
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::Pollable;

use crate::control::Control;
use crate::descriptor::Descriptor;
use crate::errno::Errno;
use crate::limits::{MAX_NAME_BYTES, PROCESS_OVERHEAD_BYTES};
use crate::resolve::{Found, Image, resolve};
use crate::run::{Run, What, run};
use crate::sandbox::{Sandbox, WeakSandbox};
use crate::serve::Served;
use crate::signals::SignalSet;
use crate::state::{State, Stdio};
use crate::status::{ExitStatus, Signal};
use crate::table::{HOST, Newcomer};
use crate::timing::{Clock, Timing};

/// A program to start from the host.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// argv. The first entry also names the program: a path, or a bare name that is looked up along PATH.
    pub arguments: Vec<String>,
    /// The whole environment; nothing is inherited. `PWD` is set to `directory`.
    pub environment: Vec<(String, String)>,
    /// Absolute working directory.
    pub directory: String,
    /// Standard input.
    pub stdin: Descriptor,
    /// Standard output.
    pub stdout: Descriptor,
    /// Standard error; a clone of `stdout` for both in one stream.
    pub stderr: Descriptor,
}

/// A started process. Dropping this neither ends it nor waits for it, and holding it holds nothing of its sandbox. Clones
/// mean the same process.
#[derive(Clone, Debug)]
pub struct Child {
    pid: u32,
    sandbox: WeakSandbox,
    status: watch::Receiver<Option<ExitStatus>>,
    clock: Clock,
    control: Arc<Control>,
}

impl Child {
    /// Its times, once it has ended by itself; none before, and none if it was killed.
    pub fn timing(&self) -> Option<Timing> {
        self.clock.get().copied()
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until it has ended; its store, and so its memory and descriptors, are gone then.
    pub async fn wait(&self) -> ExitStatus {
        match self.status.clone().wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or(ExitStatus::Signaled(Signal::KILL)),
            // The task was dropped with its runtime.
            Err(_) => ExitStatus::Signaled(Signal::KILL),
        }
    }

    /// How it ended, if it has.
    pub fn try_wait(&self) -> Option<ExitStatus> {
        *self.status.borrow()
    }

    /// Whether it is stopped, and not yet continued.
    pub fn is_stopped(&self) -> bool {
        self.try_wait().is_none() && self.control.signals().is_stopped()
    }

    /// Waits until it has ended or is stopped.
    pub async fn wait_stop(&self) {
        self.control
            .until(|signals| signals.is_stopped() || self.try_wait().is_some())
            .await;
    }

    /// Signals it alone; what it started goes on.
    ///
    /// # Errors
    /// [`Errno::NoProcess`] if it has ended already.
    pub fn kill(&self, signal: Signal) -> Result<(), Errno> {
        if self.try_wait().is_some() {
            return Err(Errno::NoProcess);
        }
        let sandbox = self.sandbox.upgrade().ok_or(Errno::NoProcess)?;
        sandbox.table().kill(self.pid, signal)
    }

    /// Signals it and everything that descends from it, whatever became of those in between. For a process that the
    /// host started. False if nothing of it is alive.
    pub fn kill_session(&self, signal: Signal) -> bool {
        self.sandbox
            .upgrade()
            .is_some_and(|sandbox| sandbox.table().kill_session(self.pid, signal))
    }

    /// Signals its process group.
    ///
    /// # Errors
    /// [`Errno::NoProcess`] if the group has ended.
    pub fn kill_group(&self, signal: Signal) -> Result<(), Errno> {
        let sandbox = self.sandbox.upgrade().ok_or(Errno::NoProcess)?;
        sandbox.table().kill_group(self.pid, signal)
    }

    /// Waits until nothing that descends from it is alive.
    pub async fn session_end(&self) {
        if let Some(sandbox) = self.sandbox.upgrade() {
            sandbox.until(|table| !table.session_lives(self.pid)).await;
        }
    }
}

/// Ready once a process has ended or is stopped.
pub(crate) struct StopWatch(pub(crate) Child);

#[async_trait]
impl Pollable for StopWatch {
    async fn ready(&mut self) {
        self.0.wait_stop().await;
    }
}

#[async_trait]
impl Pollable for Child {
    async fn ready(&mut self) {
        self.wait().await;
    }
}

/// A program to start, by whoever it may be.
pub(crate) struct Launch {
    /// [`HOST`], or the pid of the process that asks.
    pub(crate) parent: u32,
    pub(crate) program: String,
    pub(crate) image: Image,
    pub(crate) stdio: Stdio,
    pub(crate) sigpipe: bool,
    /// As in `wit/process`.
    pub(crate) group: Option<u32>,
    pub(crate) ignored: SignalSet,
}

impl Launch {
    pub(crate) fn by_host(spawn: Spawn) -> Result<Self, Errno> {
        let program = spawn.arguments.first().cloned().ok_or(Errno::Invalid)?;
        Ok(Self {
            parent: HOST,
            program,
            image: Image {
                arguments: spawn.arguments,
                environment: spawn.environment,
                directory: spawn.directory,
            },
            stdio: [spawn.stdin, spawn.stdout, spawn.stderr],
            sigpipe: true,
            group: None,
            ignored: SignalSet::default(),
        })
    }
}

/// Starts a process, or says why not.
pub(crate) fn launch(sandbox: &Sandbox, mut launch: Launch) -> Result<Child, Errno> {
    let directory = sandbox.tree().stat(&launch.image.directory, true)?;
    if directory.kind != sandbar_files::Kind::Directory {
        return Err(Errno::NotFound);
    }
    let (found, program) = resolve(sandbox.tree(), &launch.program, &mut launch.image)?;
    let userland = match &found {
        Found::Userland(name) => Some(sandbox.programs().get(name).ok_or(Errno::NotExecutable)?),
        Found::Own(..) | Found::Serve if sandbox.programs().own().is_none() => return Err(Errno::NotExecutable),
        Found::Own(..) | Found::Serve => None,
    };
    // What a user's program needs is known, and taken, once it is compiled.
    let initial_memory = userland.map_or(0, |program| program.initial_memory);
    let ignores_sigpipe = userland.is_some_and(|program| program.ignores_sigpipe);

    let slot = Arc::clone(sandbox.programs().slots())
        .try_acquire_owned()
        .map_err(|_| Errno::Limit)?;
    let budget = Arc::clone(sandbox.budget());
    let limits = StoreLimits::new(budget, PROCESS_OVERHEAD_BYTES, initial_memory)?;
    let control = Arc::new(Control::new(launch.ignored, limits.memory()));
    let shown = display_name(&launch.image.arguments);
    let pid = sandbox.table().add(Newcomer {
        parent: launch.parent,
        group: launch.group,
        name: shown.clone(),
        image: launch.image.clone(),
        program,
        descriptors: [0, 1, 2].map(|number: usize| launch.stdio[number].shown().to_owned()),
        control: Arc::clone(&control),
    })?;
    if launch.parent == HOST
        && let Some(terminal) = launch.stdio[0].terminal()
    {
        // What the host starts on a terminal owns it from the first moment.
        terminal.set_foreground(pid);
    }

    let stderr = launch.stdio[2].clone();
    let sigpipe = launch.sigpipe && !ignores_sigpipe;
    let what = match (found, userland) {
        (_, Some(program)) => What::Userland(Arc::clone(program)),
        // As its caller names it, as shells do.
        (Found::Own(file), _) => What::Own(launch.image.arguments.first().cloned().unwrap_or_default(), file),
        _ => What::Serve(Box::new(Served {
            sandbox: sandbox.clone(),
            pid,
            control: Arc::clone(&control),
            image: launch.image.clone(),
            stdio: launch.stdio.clone(),
        })),
    };
    let state = State::new(
        sandbox.clone(),
        pid,
        Arc::clone(&control),
        launch.image,
        launch.stdio,
        sigpipe,
        limits,
    );
    let (publish, status) = watch::channel(None);
    let clock = Clock::default();
    let run_it = Run {
        sandbox: sandbox.clone(),
        pid,
        name: shown,
        what,
        control: Arc::clone(&control),
        state,
        stderr,
        slot,
        publish,
        clock: Clock::clone(&clock),
    };
    sandbox.threads().light().spawn(run(run_it));
    Ok(Child {
        pid,
        sandbox: sandbox.downgrade(),
        status,
        clock,
        control,
    })
}

/// The last component of argv[0], cut to its limit.
fn display_name(arguments: &[String]) -> String {
    let first = arguments.first().map_or("", String::as_str);
    let base = first.rsplit('/').next().unwrap_or(first);
    let mut end = base.len().min(MAX_NAME_BYTES);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    base[..end].to_owned()
}
