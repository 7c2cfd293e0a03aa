//! A sandbox: files, limits, a table of processes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sandbar_engine::MemoryBudget;
use sandbar_files::Tree;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::descriptor::Descriptor;
use crate::errno::Errno;
use crate::limits::Limits;
use crate::metered::CpuTime;
use crate::programs::Programs;
use crate::slots::Slots;
use crate::spawn::{Child, Launch, Spawn, launch};
use crate::status::Signal;
use crate::table::{ProcessInfo, Table};

/// A sandbox. Cheap to clone; clones are the same sandbox. Idle it holds no instance. Dropping it ends nothing:
/// see [`Sandbox::stop`].
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    programs: Programs,
    tree: Arc<Tree>,
    limits: Limits,
    runtime: Handle,
    budget: Arc<MemoryBudget>,
    pipes: Arc<Slots>,
    files: Arc<Slots>,
    cpu: Arc<CpuTime>,
    table: Mutex<Table>,
    /// Someone left the table.
    left: Notify,
}

/// What a sandbox takes and has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Processes alive.
    pub processes: usize,
    /// Processes ever started.
    pub started: u64,
    /// Linear memory now, in bytes, summed over all processes, overheads included.
    pub memory_bytes: u64,
    /// The most there ever was.
    pub memory_peak_bytes: u64,
    /// Pipes open.
    pub pipes: u32,
    /// CPU time of all processes ever.
    pub cpu: Duration,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("limits", &self.0.limits)
            .field("usage", &self.usage())
            .finish()
    }
}

impl Sandbox {
    /// A sandbox over the files of `tree`. What its processes take of memory is taken from `machine` as well, which
    /// the sandboxes of a cell share: together they may be promised more than there is. Its processes run on `runtime`, which must be a multi-thread one and
    /// should serve nothing but guests: their file calls may hold its threads.
    pub fn new(
        programs: Programs,
        machine: &Arc<MemoryBudget>,
        tree: Arc<Tree>,
        limits: Limits,
        runtime: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            programs,
            tree,
            limits,
            runtime,
            budget: MemoryBudget::within(machine, limits.memory_bytes),
            pipes: Slots::new(limits.pipes),
            files: Slots::new(limits.descriptors),
            cpu: Arc::default(),
            table: Mutex::new(Table::new(limits.processes)),
            left: Notify::new(),
        }))
    }

    /// Starts a process. It may end at once, but a limit is reported here, never later.
    ///
    /// # Errors
    /// As `spawn` of `wit/process`.
    pub fn spawn(&self, spawn: Spawn) -> Result<Child, Errno> {
        launch(self, Launch::by_host(spawn)?)
    }

    /// A pipe that counts to this sandbox's limit: (reader, writer).
    ///
    /// # Errors
    /// [`Errno::Limit`] if there are too many.
    pub fn pipe(&self) -> Result<(Descriptor, Descriptor), Errno> {
        Ok(Descriptor::pipe_in(Some(self.0.pipes.take()?)))
    }

    /// Kills every process. They are gone soon after; see [`Sandbox::idle`].
    pub fn kill_all(&self) {
        self.table().kill_all(Signal::KILL);
    }

    /// Refuses new processes for good, kills all there are and waits until they are gone.
    pub async fn stop(&self) {
        {
            let mut table = self.table();
            table.close();
            table.kill_all(Signal::KILL);
        }
        self.idle().await;
    }

    /// Waits until no process is alive.
    pub async fn idle(&self) {
        self.until(|table| table.len() == 0).await;
    }

    /// The live processes, in order of pid.
    pub fn processes(&self) -> Vec<ProcessInfo> {
        self.table().list()
    }

    /// What the sandbox takes now.
    pub fn usage(&self) -> Usage {
        let (processes, started) = {
            let table = self.table();
            (table.len(), table.started())
        };
        Usage {
            processes,
            started,
            memory_bytes: self.0.budget.used(),
            memory_peak_bytes: self.0.budget.peak(),
            pipes: self.0.pipes.used(),
            cpu: self.0.cpu.total(),
        }
    }

    /// Its limits.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Its files.
    pub fn tree(&self) -> &Arc<Tree> {
        &self.0.tree
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.0.programs
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    pub(crate) fn budget(&self) -> &Arc<MemoryBudget> {
        &self.0.budget
    }

    pub(crate) fn files(&self) -> &Arc<Slots> {
        &self.0.files
    }

    pub(crate) fn cpu(&self) -> &Arc<CpuTime> {
        &self.0.cpu
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        // The table's own functions do not panic; a poisoned lock would stop a sandbox for nothing.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process has ended.
    pub(crate) fn leave(&self, pid: u32) {
        self.table().remove(pid);
        self.0.left.notify_waiters();
    }

    /// Waits until the table is as `condition` wants it, looking again each time that a process ends.
    pub(crate) async fn until(&self, condition: impl Fn(&Table) -> bool) {
        loop {
            let change = self.0.left.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            if condition(&self.table()) {
                return;
            }
            change.await;
        }
    }
}
