//! The sandboxes of this cell. An idle one is its spec and nothing else.

use crate::blocking::blocking;
use crate::entrypoint;
use crate::error::{ApiError, Code};
use crate::fork;
use crate::limits::{CALLS, EXECUTIONS, SANDBOXES};
use crate::network::NetworkSpec;
use crate::preview_pool::Pool;
use crate::snapshots::Changing;
use crate::spec::{CellStats, SandboxSpec, valid_id};
use crate::toolbox::environment::{self, Changes, Variables};
use crate::toolbox::fs_error::At;
use crate::volumes::{self, Volumes};
use crate::work::Work;
use http::StatusCode;
use sandbar_engine::MemoryBudget;
use sandbar_files::{Pool as Layers, Tree};
use sandbar_net::{Egress, Network};
use sandbar_process::{Programs, Sandbox, Threads};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What all sandboxes of the cell share.
pub struct Shared {
    /// Directory of all sandboxes, canonical.
    pub root: PathBuf,
    /// Frozen layers that sandboxes stand on.
    pub frozen: Layers,
    /// Layers of a sandbox that names none.
    pub base: Vec<PathBuf>,
    /// The userland's programs.
    pub programs: Programs,
    /// What all processes of all sandboxes may take of memory together.
    pub memory: Arc<MemoryBudget>,
    /// The threads on which guests run.
    pub guests: Threads,
    /// The way out of all sandboxes.
    pub egress: Arc<Egress>,
    /// Snapshots that are being changed.
    pub changing: Changing,
    /// Volumes in use.
    pub volumes: Volumes,
}

/// All sandboxes.
pub struct Table {
    shared: Arc<Shared>,
    entries: RwLock<HashMap<String, Arc<Entry>>>,
}

/// One sandbox.
pub struct Entry {
    shared: Arc<Shared>,
    state: Mutex<State>,
    /// Held while files are opened or closed, so that it happens once.
    gate: tokio::sync::Mutex<()>,
    calls: Arc<Semaphore>,
    executions: Arc<Semaphore>,
    previews: Arc<Pool>,
}

struct State {
    spec: Arc<SandboxSpec>,
    open: Option<Open>,
    /// A tree that was closed here but may be kept alive by a stream: it must not be opened twice.
    closed: Weak<Tree>,
    used: Instant,
    life: Life,
    /// What lives between calls; a new one after each stop.
    work: Arc<Work>,
    /// What calls have changed of the environment.
    changes: Arc<Changes>,
    /// CPU time at the last look, and when that was.
    cpu: Option<(Instant, Duration)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    Stopped,
    Removed,
}

/// Files and processes of a sandbox in use.
#[derive(Clone)]
pub struct Open {
    /// The files.
    pub tree: Arc<Tree>,
    /// The processes.
    pub sandbox: Sandbox,
    /// What the sandbox is made of.
    pub spec: Arc<SandboxSpec>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change of the state is one assignment: it is whole even after a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    /// A table without sandboxes.
    #[must_use]
    pub fn new(shared: Shared) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::new(shared),
            entries: RwLock::default(),
        })
    }

    /// The sandbox of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Entry>> {
        self.entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// Makes a sandbox known, or lets a stopped one run again. Touches no file but those of a fork, or of
    /// what begins as a snapshot, that is not made yet.
    /// Doing it twice is doing it once.
    ///
    /// # Errors
    /// 400 for a spec that leads elsewhere, 404 for a fork without its parent or a snapshot that is not here, 409 for an old generation, 429 for one
    /// sandbox too many.
    pub async fn put(&self, spec: SandboxSpec) -> Result<(), ApiError> {
        if !valid_id(&spec.id) {
            return Err(ApiError::bad_request("not the id of a sandbox"));
        }
        if spec.directory != self.shared.root.join(&spec.id) {
            return Err(ApiError::bad_request("the sandbox's directory is not below the cell's"));
        }
        spec.network.policy()?;
        volumes::check(&spec.volumes)?;
        if self.get(&spec.id).is_none() {
            fork::begin(self, &spec).await?;
        }
        if let Some(entry) = self.insert(spec)? {
            entrypoint::begin(&entry).await;
        }
        Ok(())
    }

    /// The sandbox, if it begins to run by this.
    fn insert(&self, spec: SandboxSpec) -> Result<Option<Arc<Entry>>, ApiError> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&spec.id) {
            return Ok(entry.replace(spec)?.then(|| Arc::clone(entry)));
        }
        if entries.len() >= SANDBOXES {
            return Err(ApiError::busy(format!("the cell holds {SANDBOXES} sandboxes already")));
        }
        let entry = Arc::new(Entry::new(Arc::clone(&self.shared), spec));
        entries.insert(entry.id(), Arc::clone(&entry));
        Ok(Some(entry))
    }

    /// Removes a sandbox, its processes and its files. One that is not known is none.
    ///
    /// # Errors
    /// What the disk says; the sandbox is then still known, and the call can be repeated.
    pub async fn remove(&self, id: &str) -> Result<(), ApiError> {
        let Some(entry) = self.get(id) else {
            return Ok(());
        };
        entry.remove().await?;
        self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        Ok(())
    }

    /// What all sandboxes share.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    fn all(&self) -> Vec<Arc<Entry>> {
        self.entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// Closes what has been idle for so long.
    pub async fn sweep(&self, idle: Duration) {
        for entry in self.all() {
            entry.close_if_idle(idle).await;
        }
    }

    /// What there is now.
    #[must_use]
    pub fn stats(&self) -> CellStats {
        let mut stats = CellStats::default();
        for entry in self.all() {
            stats.sandboxes += 1;
            stats.calls += CALLS - entry.calls.available_permits();
            if let Some(open) = lock(&entry.state).open.as_ref() {
                let usage = open.sandbox.usage();
                stats.open += 1;
                stats.processes += usage.processes;
                stats.memory_bytes += usage.memory_bytes;
            }
        }
        stats
    }
}

impl Entry {
    fn new(shared: Arc<Shared>, spec: SandboxSpec) -> Self {
        Self {
            shared,
            state: Mutex::new(State {
                spec: Arc::new(spec),
                open: None,
                closed: Weak::new(),
                used: Instant::now(),
                life: Life::Running,
                work: Arc::default(),
                changes: Arc::default(),
                cpu: None,
            }),
            gate: tokio::sync::Mutex::default(),
            calls: Arc::new(Semaphore::new(CALLS)),
            executions: Arc::new(Semaphore::new(EXECUTIONS)),
            previews: Arc::default(),
        }
    }

    fn id(&self) -> String {
        lock(&self.state).spec.id.clone()
    }

    /// Where relative paths start.
    #[must_use]
    pub fn work_dir(&self) -> String {
        let named = lock(&self.state).spec.work_dir.clone();
        named.unwrap_or_else(|| self.home())
    }

    /// The user's home.
    #[must_use]
    pub fn home(&self) -> String {
        format!("/home/{}", lock(&self.state).spec.user)
    }

    /// The spec as it is now.
    #[must_use]
    pub fn spec(&self) -> Arc<SandboxSpec> {
        Arc::clone(&lock(&self.state).spec)
    }

    /// It is being used.
    pub fn touch(&self) {
        lock(&self.state).used = Instant::now();
    }

    /// Counts one call.
    ///
    /// # Errors
    /// 429 if there are too many.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.calls)
            .try_acquire_owned()
            .map_err(|_| ApiError::busy(format!("the sandbox serves {CALLS} calls already")))
    }

    /// Counts one execution.
    ///
    /// # Errors
    /// 429 if there are too many.
    pub fn execute(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.executions).try_acquire_owned().map_err(|_| {
            ApiError::busy(format!(
                "the sandbox runs {EXECUTIONS} commands already; wait for one to end"
            ))
        })
    }

    /// Executions that may still begin.
    #[must_use]
    pub fn free_executions(&self) -> usize {
        self.executions.available_permits()
    }

    /// What lives in it between calls.
    #[must_use]
    pub fn work(&self) -> Arc<Work> {
        Arc::clone(&lock(&self.state).work)
    }

    /// What calls have changed of the environment.
    #[must_use]
    pub fn environment_changes(&self) -> Arc<Changes> {
        Arc::clone(&lock(&self.state).changes)
    }

    /// Changes the environment of later processes, for good; gives what `change` gives.
    ///
    /// # Errors
    /// Those of `change`; nothing has changed then.
    pub async fn change_environment(
        &self,
        change: impl FnOnce(&mut Changes) -> Result<Variables, ApiError>,
    ) -> Result<Variables, ApiError> {
        // What was changed in an earlier life of the cell comes first.
        self.open().await?;
        let _gate = self.gate.lock().await;
        let mut changes = Changes::clone(&self.environment_changes());
        let result = change(&mut changes)?;
        let changes = Arc::new(changes);
        let (kept, directory) = (Arc::clone(&changes), self.spec().directory.clone());
        blocking(move || environment::keep(&directory, &kept)).await?;
        lock(&self.state).changes = changes;
        Ok(result)
    }

    /// CPUs used on average since this was last asked, given the CPU time so far; 0 at first.
    #[must_use]
    pub fn cpu_used(&self, total: Duration) -> f64 {
        let now = Instant::now();
        let mut state = lock(&self.state);
        match state.cpu.replace((now, total)) {
            Some((when, before)) if now > when => {
                total.saturating_sub(before).as_secs_f64() / (now - when).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    /// Whether it was stopped, and runs now.
    fn replace(&self, spec: SandboxSpec) -> Result<bool, ApiError> {
        let mut state = lock(&self.state);
        if spec.generation < state.spec.generation {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                Code::Conflict,
                format!("generation {} is known already", state.spec.generation),
            ));
        }
        if state.life == Life::Removed {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                Code::Conflict,
                "the sandbox is being removed",
            ));
        }
        let begins = state.life == Life::Stopped;
        state.life = Life::Running;
        // Processes that run go on under the limits they started with; the next opening takes the new ones. The network's
        // policy holds at once.
        if let Some(open) = &state.open {
            open.sandbox.network().set_policy(spec.network.policy()?);
        }
        state.spec = Arc::new(spec);
        Ok(begins)
    }

    /// Changes what the sandbox may reach outside, at once.
    ///
    /// # Errors
    /// 400 for lists that cannot be read; nothing has changed then.
    pub fn set_network(&self, network: NetworkSpec) -> Result<(), ApiError> {
        let policy = network.policy()?;
        let mut state = lock(&self.state);
        let mut spec = SandboxSpec::clone(&state.spec);
        spec.network = network;
        state.spec = Arc::new(spec);
        if let Some(open) = &state.open {
            open.sandbox.network().set_policy(policy);
        }
        Ok(())
    }

    /// Connections to servers of the sandbox.
    pub fn previews(&self) -> &Arc<Pool> {
        &self.previews
    }

    /// The network of the sandbox, if anything of it is open: nobody listens otherwise.
    ///
    /// # Errors
    /// 409 if it is stopped, 404 if it was removed.
    pub fn network(&self) -> Result<Option<Network>, ApiError> {
        Ok(self.opened()?.map(|open| open.sandbox.network().clone()))
    }

    /// Files and processes, opened if they are not.
    ///
    /// # Errors
    /// 409 if it is stopped or removed, or what the disk says.
    pub async fn open(&self) -> Result<Open, ApiError> {
        if let Some(open) = self.opened()? {
            return Ok(open);
        }
        let _gate = self.gate.lock().await;
        if let Some(open) = self.opened()? {
            return Ok(open);
        }
        let (spec, closed) = {
            let state = lock(&self.state);
            (Arc::clone(&state.spec), state.closed.clone())
        };
        let tree = match closed.upgrade() {
            Some(tree) => tree,
            None => self.open_tree(Arc::clone(&spec)).await?,
        };
        let directory = spec.directory.clone();
        let changes = blocking(move || environment::recall(&directory)).await?;
        let network = Network::new(Arc::clone(&self.shared.egress), spec.network.policy()?);
        let sandbox = Sandbox::with_network(
            self.shared.programs.clone(),
            &self.shared.memory,
            Arc::clone(&tree),
            process_limits(&spec),
            self.shared.guests.clone(),
            network,
        );
        let open = Open { tree, sandbox, spec };
        let mut state = lock(&self.state);
        // It may have changed since the spec was read.
        open.sandbox.network().set_policy(state.spec.network.policy()?);
        state.open = Some(open.clone());
        state.changes = Arc::new(changes);
        state.used = Instant::now();
        drop(state);
        // A stop or removal may have come meanwhile; it waits at the gate and closes what was opened here.
        self.opened()?;
        Ok(open)
    }

    fn opened(&self) -> Result<Option<Open>, ApiError> {
        let state = lock(&self.state);
        match state.life {
            Life::Running => Ok(state.open.clone()),
            Life::Stopped => Err(ApiError::new(
                StatusCode::CONFLICT,
                Code::Conflict,
                "the sandbox is stopped",
            )),
            Life::Removed => Err(ApiError::new(
                StatusCode::NOT_FOUND,
                Code::NotFound,
                "the sandbox has been deleted",
            )),
        }
    }

    async fn open_tree(&self, spec: Arc<SandboxSpec>) -> Result<Arc<Tree>, ApiError> {
        let layers = if spec.layers.is_empty() {
            self.shared.base.clone()
        } else {
            spec.layers.clone()
        };
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            fork::directory(&spec)?;
            let limits = sandbar_files::Limits {
                bytes: spec.limits.disk_mib << 20,
                ..sandbar_files::Limits::default()
            };
            let tree = Tree::open_stacked(&spec.directory, &shared.frozen, &layers, limits).at("/")?;
            shared.volumes.mount(&tree, &spec.volumes)?;
            Ok(tree)
        })
        .await
    }

    /// Ends all processes; the files stay. Returns when they are gone.
    pub async fn stop(&self) {
        lock(&self.state).life = Life::Stopped;
        self.close().await;
    }

    async fn remove(&self) -> Result<(), ApiError> {
        lock(&self.state).life = Life::Removed;
        self.close().await;
        let (frozen, directory) = (self.shared.frozen.clone(), self.spec().directory.clone());
        blocking(move || {
            environment::forget(&directory)?;
            frozen
                .remove(&directory)
                .map_err(|error| ApiError::internal(format_args!("{}: {error}", directory.display())))
        })
        .await
    }

    /// Makes the sandbox in `child` a copy of this one, which may run, be stopped, or be closed.
    ///
    /// # Errors
    /// 404 if it is being removed; what the file layer says.
    pub(crate) async fn fork(&self, child: PathBuf) -> Result<(), ApiError> {
        let _gate = self.gate.lock().await;
        let (spec, tree) = {
            let state = lock(&self.state);
            if state.life == Life::Removed {
                return Err(fork::no_parent(&state.spec.id));
            }
            let open = state.open.as_ref().map(|open| Arc::clone(&open.tree));
            (Arc::clone(&state.spec), open.or_else(|| state.closed.upgrade()))
        };
        let tree = match tree {
            Some(tree) => tree,
            None => self.open_tree(spec).await?,
        };
        blocking(move || fork::of(&tree, &child)).await
    }

    async fn close(&self) {
        let _gate = self.gate.lock().await;
        let open = lock(&self.state).open.take();
        if let Some(open) = open {
            open.sandbox.stop().await;
            self.previews.clear();
            lock(&self.state).work = Arc::default();
            lock(&self.state).closed = Arc::downgrade(&open.tree);
        }
    }

    async fn close_if_idle(&self, idle: Duration) {
        let _gate = self.gate.lock().await;
        let work = self.work();
        work.executions.tidy();
        let quiet = work.is_quiet();
        let mut state = lock(&self.state);
        let nothing_runs = state
            .open
            .as_ref()
            .is_some_and(|open| open.sandbox.usage().processes == 0);
        // A call that enters after this look finds the state locked, and then nothing open.
        if nothing_runs
            && quiet
            && state.used.elapsed() >= idle
            && self.calls.available_permits() == CALLS
            && let Some(open) = state.open.take()
        {
            state.closed = Arc::downgrade(&open.tree);
        }
    }
}

fn process_limits(spec: &SandboxSpec) -> sandbar_process::Limits {
    sandbar_process::Limits {
        memory_bytes: spec.limits.memory_mib << 20,
        cpu_milli: Some(u32::try_from(spec.limits.cpu_milli).unwrap_or(u32::MAX)),
        ..sandbar_process::Limits::default()
    }
}
