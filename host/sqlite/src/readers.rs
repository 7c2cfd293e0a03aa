//! Connections that read.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use sandbar_store::{Result, StoreError};
use tokio::sync::Semaphore;

use crate::{
    connection,
    error::OpenError,
    metrics::Metrics,
    native::NativeSql,
    options::{MAX_WAITING_READS, Options},
};

/// A few connections, each lent to one read at a time.
pub(crate) struct Readers {
    idle: Mutex<Vec<NativeSql>>,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    metrics: Arc<Metrics>,
}

impl Readers {
    pub(crate) fn open(path: &Path, options: &Options, metrics: Arc<Metrics>) -> std::result::Result<Self, OpenError> {
        let count = options.readers.clamp(1, 16);
        let idle = (0..count)
            .map(|_| connection::reader(path, options))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Self {
            idle: Mutex::new(idle),
            permits: Arc::new(Semaphore::new(count)),
            waiting: AtomicUsize::new(0),
            metrics,
        })
    }

    /// A read of few rows, on the caller's thread: its pages are nearly always cached, and handing it to another
    /// thread would cost more than the read itself.
    pub(crate) async fn point<T>(&self, verb: impl FnOnce(&mut NativeSql) -> Result<T>) -> Result<T> {
        let _permit = self.permit().await?;
        self.lend(verb)
    }

    /// A read of many rows, on a thread that may block.
    pub(crate) async fn scan<T: Send + 'static>(
        self: &Arc<Self>,
        verb: impl FnOnce(&mut NativeSql) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.permit().await?;
        let readers = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            readers.lend(verb)
        })
        .await
        .map_err(|error| StoreError::Internal(format!("a read did not end: {error}")))?
    }

    async fn permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit> {
        Metrics::count(&self.metrics.reads);
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let place = Place::take(&self.waiting).ok_or_else(|| {
            Metrics::count(&self.metrics.queue_full);
            StoreError::Unavailable("too many reads are waiting".into())
        })?;
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        drop(place);
        permit.map_err(|_| StoreError::Unavailable("the store is closed".into()))
    }

    fn lend<T>(&self, verb: impl FnOnce(&mut NativeSql) -> Result<T>) -> Result<T> {
        let lent = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut sql = lent.ok_or_else(|| StoreError::Internal("no reader is idle".into()))?;
        let done = verb(&mut sql);
        sql.settle();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sql);
        done
    }
}

/// A place among those who wait, given back also when the waiting future is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, SeqCst) < MAX_WAITING_READS).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
