//! A sandbox: files, limits, a table of processes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sandbar_engine::MemoryBudget;
use sandbar_files::{Machine, Process, Processes, Tree};
use sandbar_net::Network;
use sandbar_tls::Sessions;
use tokio::sync::{Notify, Semaphore};

use crate::descriptor::Descriptor;
use crate::errno::Errno;
use crate::heavy::Threads;
use crate::limits::{Limits, MAX_DEVICES};
use crate::programs::Programs;
use crate::share::Share;
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
    network: Network,
    tls: Arc<Sessions>,
    limits: Limits,
    threads: Threads,
    budget: Arc<MemoryBudget>,
    pipes: Arc<Slots>,
    files: Arc<Slots>,
    /// Held while a program of its users is on its way to the compiler: one at a time.
    compiling: Arc<Semaphore>,
    share: Arc<Share>,
    table: Arc<Mutex<Table>>,
    /// What the processes of a session may open by name, by session and path.
    devices: Mutex<BTreeMap<(u32, String), Descriptor>>,
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

/// The table, for the `/proc` of the sandbox's files.
struct Shown(Arc<Mutex<Table>>);

impl Processes for Shown {
    fn pids(&self) -> Vec<u32> {
        locked(&self.0).pids()
    }

    fn process(&self, pid: u32) -> Option<Process> {
        locked(&self.0).shown(pid)
    }

    fn lives(&self, pid: u32) -> bool {
        locked(&self.0).is_live(pid)
    }
}

fn locked(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    // The table's own functions do not panic; a poisoned lock would stop a sandbox for nothing.
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A sandbox as long as others hold it; its living processes do.
#[derive(Clone, Debug)]
pub(crate) struct WeakSandbox(Weak<Inner>);

impl WeakSandbox {
    pub(crate) fn upgrade(&self) -> Option<Sandbox> {
        self.0.upgrade().map(Sandbox)
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sandbox")
    }
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
    /// the sandboxes of a cell share: together they may be promised more than there is. Its processes run on
    /// `threads`, which serve nothing but guests: their file calls may hold them.
    pub fn new(
        programs: Programs,
        machine: &Arc<MemoryBudget>,
        tree: Arc<Tree>,
        limits: Limits,
        threads: Threads,
    ) -> Self {
        Self::with_network(programs, machine, tree, limits, threads, Network::private())
    }

    /// As [`Sandbox::new`], whose network is a loopback without a way out, with a network of the caller's.
    pub fn with_network(
        programs: Programs,
        machine: &Arc<MemoryBudget>,
        tree: Arc<Tree>,
        limits: Limits,
        threads: Threads,
        network: Network,
    ) -> Self {
        let budget = MemoryBudget::within(machine, limits.memory_bytes);
        let used = Arc::clone(&budget);
        let table = Arc::new(Mutex::new(Table::new(limits.processes)));
        tree.set_machine(Machine {
            cpus: limits.cpu_milli.map_or(1, |milli| milli.div_ceil(1000)),
            memory_bytes: limits.memory_bytes,
            memory_used: Box::new(move || used.used()),
            processes: Arc::new(Shown(Arc::clone(&table))),
        });
        Self(Arc::new(Inner {
            programs,
            tree,
            network,
            tls: Arc::default(),
            limits,
            threads,
            budget,
            pipes: Slots::new(limits.pipes),
            files: Slots::new(limits.descriptors),
            compiling: Arc::new(Semaphore::new(1)),
            share: Arc::new(Share::new(limits.cpu_milli)),
            devices: Mutex::default(),
            table,
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
            cpu: self.0.share.total(),
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

    /// Its network.
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    pub(crate) fn downgrade(&self) -> WeakSandbox {
        WeakSandbox(Arc::downgrade(&self.0))
    }

    pub(crate) fn tls(&self) -> &Arc<Sessions> {
        &self.0.tls
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.0.programs
    }

    pub(crate) fn threads(&self) -> &Threads {
        &self.0.threads
    }

    pub(crate) fn budget(&self) -> &Arc<MemoryBudget> {
        &self.0.budget
    }

    pub(crate) fn files(&self) -> &Arc<Slots> {
        &self.0.files
    }

    pub(crate) fn compiling(&self) -> &Arc<Semaphore> {
        &self.0.compiling
    }

    pub(crate) fn share(&self) -> &Arc<Share> {
        &self.0.share
    }

    /// Lets the processes of the session that `root` leads open `descriptor` by `path`, in place of any file of that
    /// name. A device of that name is replaced; all go when the last process of the session ends, or with
    /// [`Sandbox::withdraw`].
    ///
    /// # Errors
    /// [`Errno::Limit`] if the session has too many.
    pub fn offer(&self, root: &Child, path: &str, descriptor: Descriptor) -> Result<(), Errno> {
        let mut devices = self.devices();
        let key = (root.pid(), path.to_owned());
        let of_session = devices.keys().filter(|(session, _)| *session == root.pid()).count();
        if of_session >= MAX_DEVICES && !devices.contains_key(&key) {
            return Err(Errno::Limit);
        }
        // Replaced outside the lock: dropping an end of a pipe wakes others.
        let old = devices.insert(key, descriptor);
        drop(devices);
        drop(old);
        Ok(())
    }

    /// Takes back what [`Sandbox::offer`] gave; descriptors that are open already stay.
    pub fn withdraw(&self, root: &Child, path: &str) {
        let old = self.devices().remove(&(root.pid(), path.to_owned()));
        drop(old);
    }

    /// The device of this name that process `pid` may open.
    pub(crate) fn device(&self, pid: u32, path: &str) -> Option<Descriptor> {
        let devices = self.devices();
        if devices.is_empty() {
            return None;
        }
        let session = self.table().session_of(pid)?;
        devices.get(&(session, path.to_owned())).cloned()
    }

    fn devices(&self) -> MutexGuard<'_, BTreeMap<(u32, String), Descriptor>> {
        self.0.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the devices of sessions without a process.
    fn sweep_devices(&self) {
        let mut devices = self.devices();
        if devices.is_empty() {
            return;
        }
        let table = self.table();
        let gone: Vec<_> = devices
            .extract_if(.., |(session, _), _| !table.session_lives(*session))
            .collect();
        drop(table);
        drop(devices);
        drop(gone);
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        locked(&self.0.table)
    }

    /// A process has ended; `publish` tells those who wait for it.
    pub(crate) fn leave(&self, pid: u32, publish: impl FnOnce()) {
        self.table().remove(pid, publish);
        self.sweep_devices();
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
