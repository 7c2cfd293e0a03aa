//! The store: opening it, and the verbs.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use sandbar_store::{
    Bootstrap, Health, Identity, Job, JobKind, Millis, Observation, Organization, Region, Result, Runner, Sandbox,
    SandboxQuery, Settings, StoreError, verbs,
};
use tokio::sync::oneshot;

use crate::{
    checkpoint::{self, Checkpointer, Mode},
    connection,
    error::OpenError,
    lock::{self, DataLock},
    log_file::{self, LogFile},
    metrics::Metrics,
    native::{NativeSql, ready},
    options::{Options, QUEUE},
    progress::Progress,
    readers::Readers,
    writer::{Answer, Durability, Message, Writer},
};

/// Bytes of a page and its header in the log.
const LOG_PAGE: u64 = 4_096 + 24;

/// An open database. Clones share it; the last one closes it. Its async methods need a tokio runtime.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    queue: SyncSender<Message>,
    readers: Arc<Readers>,
    progress: Arc<Progress>,
    metrics: Arc<Metrics>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the database at `path`, making it (readable by its owner only) if it is not there, and brings it to
    /// the present schema. Blocks: recovery copies what a crash left in the log, and the file is checked.
    ///
    /// # Errors
    /// If the file is in use, damaged, of a newer schema, or cannot be read or written. A damaged one is left as
    /// it is.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let file = |source| OpenError::File {
            path: path.clone(),
            source,
        };
        let lock = DataLock::take(&path)?;
        lock::private(&path).map_err(file)?;
        let metrics = Arc::new(Metrics::default());
        let mut sql = connection::writer(&path, options)?;
        check(&sql, &path)?;
        ready(sandbar_store::migrate(&mut sql)).map_err(|source| OpenError::Schema {
            path: path.clone(),
            source,
        })?;
        // Whatever an earlier process left in the log becomes part of the database, synced: after a failed
        // sync its pages may be in memory only, and are written anew by this.
        checkpoint::run(sql.connection(), Mode::Restart, &metrics)
            .map_err(|error| connection::refused(&path, &error))?;
        let log_bytes = u64::from(options.checkpoint_pages) * LOG_PAGE;
        log_file::keep_after_close(sql.connection());
        let log = LogFile::open(&path, options.vfs.is_none(), log_bytes).map_err(file)?;
        sync_directory(&path).map_err(file)?;
        let log_pages = Arc::new(AtomicU32::new(0));
        let sql = watch_log(sql, &path, &log_pages)?;
        let checkpointer = options
            .background_checkpoint
            .then(|| Checkpointer::start(&path, options, Arc::clone(&metrics)))
            .transpose()?;
        let readers = Arc::new(Readers::open(&path, options, Arc::clone(&metrics))?);
        let progress = Arc::new(Progress::new());
        let writer = Writer {
            sql,
            log,
            log_pages,
            checkpoint_pages: options.checkpoint_pages.max(1),
            checkpointer,
            progress: Arc::clone(&progress),
            metrics: Arc::clone(&metrics),
            lock,
        };
        let (queue, messages) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.serve(&messages))
            .map_err(file)?;
        let inner = Inner {
            path,
            queue,
            readers,
            progress,
            metrics,
            thread: Mutex::new(Some(thread)),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Answers what is queued, closes the database and waits until that is done. Blocks for some milliseconds.
    /// Verbs of other clones then answer `unavailable`.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Counters since the store was opened.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Syncs of the log that answers have waited for.
    pub fn sync_count(&self) -> u64 {
        self.inner.metrics.snapshot().syncs
    }

    /// Why nothing is written any more (a failed sync, a damaged file); none if all is well. Only opening it
    /// anew, in a new process, helps.
    pub fn failure(&self) -> Option<String> {
        self.inner.progress.failure().map(str::to_owned)
    }

    async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        verb: impl FnOnce(&mut NativeSql) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let run = move |sql: Result<&mut NativeSql>| {
            let done = sql.and_then(verb);
            let succeeded = done.is_ok();
            let answer: Answer = Box::new(move |durable| {
                // A caller that has gone wants no answer.
                let _ = reply.send(durable.and(done));
            });
            (succeeded, answer)
        };
        match self.inner.queue.try_send(Message::Run(durability, Box::new(run))) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                Metrics::count(&self.inner.metrics.queue_full);
                return Err(StoreError::Unavailable("too many writes are waiting".into()));
            }
            Err(TrySendError::Disconnected(_)) => return Err(self.inner.progress.refusal()),
        }
        answer.await.unwrap_or_else(|_| Err(self.inner.progress.refusal()))
    }
}

/// The verbs of `wit/store`; errors and meaning are documented at the functions of the same name in
/// [`sandbar_store::verbs`], when they answer at this crate.
impl SqliteStore {
    /// See [`verbs::bootstrap`].
    pub async fn bootstrap(&self, facts: Bootstrap) -> Result<()> {
        self.write(Durability::Synced, move |sql| ready(verbs::bootstrap(sql, &facts)))
            .await
    }

    /// See [`verbs::authenticate`].
    pub async fn authenticate(&self, credential_hash: String) -> Result<Option<Identity>> {
        let verb = |sql: &mut NativeSql| ready(verbs::authenticate(sql, &credential_hash));
        self.inner.readers.point(verb).await
    }

    /// See [`verbs::get_organization`].
    pub async fn get_organization(&self, id: String) -> Result<Organization> {
        self.inner
            .readers
            .point(|sql| ready(verbs::get_organization(sql, &id)))
            .await
    }

    /// See [`verbs::list_regions`].
    pub async fn list_regions(&self, organization: String) -> Result<Vec<Region>> {
        self.inner
            .readers
            .point(|sql| ready(verbs::list_regions(sql, &organization)))
            .await
    }

    /// See [`verbs::create_region`].
    pub async fn create_region(&self, region: Region) -> Result<()> {
        self.write(Durability::Synced, move |sql| ready(verbs::create_region(sql, &region)))
            .await
    }

    /// See [`verbs::delete_region`].
    pub async fn delete_region(&self, id: String) -> Result<()> {
        self.write(Durability::Synced, move |sql| ready(verbs::delete_region(sql, &id)))
            .await
    }

    /// See [`verbs::create_runner`].
    pub async fn create_runner(&self, runner: Runner, token_hash: String, replace: bool) -> Result<Runner> {
        self.write(Durability::Synced, move |sql| {
            ready(verbs::create_runner(sql, &runner, &token_hash, replace))
        })
        .await
    }

    /// See [`verbs::list_runners`].
    pub async fn list_runners(&self, region: Option<String>, organization: Option<String>) -> Result<Vec<Runner>> {
        let verb =
            move |sql: &mut NativeSql| ready(verbs::list_runners(sql, region.as_deref(), organization.as_deref()));
        self.inner.readers.scan(verb).await
    }

    /// See [`verbs::get_runner`].
    pub async fn get_runner(&self, id: String) -> Result<Runner> {
        self.inner.readers.point(|sql| ready(verbs::get_runner(sql, &id))).await
    }

    /// See [`verbs::set_runner_flags`].
    pub async fn set_runner_flags(
        &self,
        id: String,
        unschedulable: Option<bool>,
        draining: Option<bool>,
        now: Millis,
    ) -> Result<Runner> {
        self.write(Durability::Synced, move |sql| {
            ready(verbs::set_runner_flags(sql, &id, unschedulable, draining, now))
        })
        .await
    }

    /// See [`verbs::delete_runner`].
    pub async fn delete_runner(&self, id: String) -> Result<()> {
        self.write(Durability::Synced, move |sql| ready(verbs::delete_runner(sql, &id)))
            .await
    }

    /// See [`verbs::placement_window`].
    pub async fn placement_window(&self, region: String, seed: u64, limit: u32) -> Result<Vec<Runner>> {
        let verb = |sql: &mut NativeSql| ready(verbs::placement_window(sql, &region, seed, limit));
        self.inner.readers.point(verb).await
    }

    /// See [`verbs::create_sandbox`].
    pub async fn create_sandbox(
        &self,
        sandbox: Sandbox,
        runner: String,
        job_id: String,
        payload: String,
    ) -> Result<Sandbox> {
        self.write(Durability::Synced, move |sql| {
            ready(verbs::create_sandbox(sql, &sandbox, &runner, &job_id, &payload))
        })
        .await
    }

    /// See [`verbs::get_sandbox`].
    pub async fn get_sandbox(&self, organization: String, id_or_name: String) -> Result<Sandbox> {
        let verb = |sql: &mut NativeSql| ready(verbs::get_sandbox(sql, &organization, &id_or_name));
        self.inner.readers.point(verb).await
    }

    /// See [`verbs::list_sandboxes`].
    pub async fn list_sandboxes(&self, query: SandboxQuery) -> Result<Vec<Sandbox>> {
        self.inner
            .readers
            .scan(move |sql| ready(verbs::list_sandboxes(sql, &query)))
            .await
    }

    /// See [`verbs::change_intent`].
    #[expect(clippy::too_many_arguments, reason = "they are the contract's")]
    pub async fn change_intent(
        &self,
        id: String,
        expected_generation: u64,
        desired: String,
        job_id: String,
        kind: JobKind,
        payload: String,
        now: Millis,
    ) -> Result<Sandbox> {
        self.write(Durability::Synced, move |sql| {
            let generation = expected_generation;
            ready(verbs::change_intent(
                sql, &id, generation, &desired, &job_id, kind, &payload, now,
            ))
        })
        .await
    }

    /// See [`verbs::change_settings`].
    pub async fn change_settings(
        &self,
        organization: String,
        id_or_name: String,
        settings: Settings,
        now: Millis,
    ) -> Result<Sandbox> {
        self.write(Durability::Synced, move |sql| {
            ready(verbs::change_settings(sql, &organization, &id_or_name, &settings, now))
        })
        .await
    }

    /// See [`verbs::changes`].
    pub async fn changes(&self, organization: String, after: u64, limit: u32) -> Result<Vec<Sandbox>> {
        let verb = move |sql: &mut NativeSql| ready(verbs::changes(sql, &organization, after, limit));
        let found = self.inner.readers.scan(verb).await?;
        self.inner.progress.durable().await?;
        Ok(found)
    }

    /// See [`verbs::claim_jobs`].
    pub async fn claim_jobs(&self, runner: String, limit: u32, now: Millis, lease: Millis) -> Result<Vec<Job>> {
        self.write(Durability::AfterEarlier, move |sql| {
            ready(verbs::claim_jobs(sql, &runner, limit, now, lease))
        })
        .await
    }

    /// See [`verbs::report`].
    pub async fn report(
        &self,
        runner: String,
        observations: Vec<Observation>,
        health: Option<Health>,
        now: Millis,
    ) -> Result<Vec<Sandbox>> {
        self.write(Durability::Relaxed, move |sql| {
            ready(verbs::report(sql, &runner, &observations, health.as_ref(), now))
        })
        .await
    }

    /// See [`verbs::runner_sandboxes`].
    pub async fn runner_sandboxes(&self, runner: String) -> Result<Vec<Sandbox>> {
        let verb = move |sql: &mut NativeSql| ready(verbs::runner_sandboxes(sql, &runner));
        let found = self.inner.readers.scan(verb).await?;
        self.inner.progress.durable().await?;
        Ok(found)
    }

    /// See [`verbs::invariants`].
    pub async fn invariants(&self) -> Result<Vec<String>> {
        self.inner.readers.scan(|sql| ready(verbs::invariants(sql))).await
    }
}

impl Inner {
    fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // If the thread is gone already there is nobody left to tell.
            let _ = self.queue.send(Message::Close);
            if thread.join().is_err() {
                tracing::error!("the thread that writes the store has panicked");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Refuses a file whose structure is broken.
fn check(sql: &NativeSql, path: &Path) -> Result<(), OpenError> {
    let found: String = sql
        .connection()
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| connection::refused(path, &error))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged {
            path: path.to_owned(),
            what: found,
        })
    }
}

/// Lets SQLite tell after each commit how long the log is.
fn watch_log(sql: NativeSql, path: &Path, pages: &Arc<AtomicU32>) -> Result<NativeSql, OpenError> {
    let pages = Arc::clone(pages);
    let mut connection = sql.into_connection();
    connection
        .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count: std::ffi::c_int| {
            pages.store(u32::try_from(count).unwrap_or(0), Relaxed);
            Ok(())
        }))
        .map_err(|error| connection::refused(path, &error))?;
    Ok(NativeSql::new(connection))
}

/// Makes the names of new files durable.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    std::fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}
