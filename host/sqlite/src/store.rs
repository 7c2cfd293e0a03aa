//! The store: opening it, and running verbs.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread::JoinHandle,
};

use sandbar_store::{Result, StoreError};
use tokio::sync::oneshot;

use crate::{
    checkpoint::{self, Checkpointer, Mode},
    connection,
    error::OpenError,
    lock::{self, DataLock},
    log_file::{self, LogFile},
    metrics::Metrics,
    native::{NativeSql, ready},
    options::Options,
    progress::Progress,
    queue::{Queue, Refused},
    readers::Readers,
    writer::{Answer, Durability, Writer},
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
    queue: Arc<Queue>,
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
        let queue = Arc::new(Queue::default());
        let messages = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                let messages = Abandoned(messages);
                writer.serve(&messages.0);
            })
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

    /// The connections that read.
    pub(crate) fn readers(&self) -> &Arc<Readers> {
        &self.inner.readers
    }

    /// Waits until whatever was visible before this call is durable.
    pub(crate) async fn durable(&self) -> Result<()> {
        self.inner.progress.durable().await
    }

    /// Runs a verb in a batch of the writer, and answers as `durability` says.
    pub(crate) async fn write<T: Send + 'static>(
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
        match self.inner.queue.push(durability, Box::new(run)) {
            Ok(()) => {}
            Err(Refused::Full) => {
                Metrics::count(&self.inner.metrics.queue_full);
                return Err(StoreError::Unavailable("too many writes are waiting".into()));
            }
            Err(Refused::Closed) => return Err(self.inner.progress.refusal()),
        }
        answer.await.unwrap_or_else(|_| Err(self.inner.progress.refusal()))
    }
}

impl Inner {
    fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            self.queue.close();
            if thread.join().is_err() {
                tracing::error!("the thread that writes the store has panicked");
            }
        }
    }
}

/// The queue of a writer: when its thread ends, however it does, those who still wait are told.
struct Abandoned(Arc<Queue>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.abandon();
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
