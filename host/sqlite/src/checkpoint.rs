//! Copying the log into the database, beside the writer.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use rusqlite::Connection;

use crate::{connection, error::OpenError, metrics::Metrics, options::Options};

/// Pages that the writer may copy itself to finish a checkpoint.
const LITTLE: i64 = 256;

/// What a checkpoint does with commits that come meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    /// Copies what it finds and disturbs nobody.
    Passive,
    /// Copies everything and makes the log start over. Only the writer may do that.
    Restart,
}

/// Copies the log; gives the pages that are left in it uncopied. None if the log was busy.
pub(crate) fn run(connection: &Connection, mode: Mode, metrics: &Metrics) -> rusqlite::Result<Option<i64>> {
    let text = match mode {
        Mode::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Mode::Restart => "PRAGMA wal_checkpoint(RESTART)",
    };
    let (busy, log, copied): (i64, i64, i64) =
        connection.query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Metrics::count(&metrics.checkpoints);
    Ok((busy == 0).then_some(log - copied))
}

/// The thread that copies while the writer goes on.
pub(crate) struct Checkpointer {
    asked: Option<SyncSender<()>>,
    nearly_done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(path: &Path, options: &Options, metrics: Arc<Metrics>) -> Result<Self, OpenError> {
        let connection = connection::checkpointer(path, options)?;
        let nearly_done = Arc::new(AtomicBool::new(false));
        // One place: who asks while a checkpoint runs gets the next one.
        let (asked, asks) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn({
                let nearly_done = Arc::clone(&nearly_done);
                move || serve(&connection, &asks, &nearly_done, &metrics)
            })
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            asked: Some(asked),
            nearly_done,
            thread: Some(thread),
        })
    }

    /// Asks for a checkpoint, now or after the running one.
    pub(crate) fn ask(&self) {
        if let Some(asked) = &self.asked {
            // Full: it is asked for already.
            let _ = asked.try_send(());
        }
    }

    /// Whether so little is left to copy that the writer may finish it and start the log over. Under load the log
    /// would otherwise never be copied to its very end, and so grow for ever.
    pub(crate) fn take_nearly_done(&self) -> bool {
        self.nearly_done.swap(false, SeqCst)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked in a way that matters here: it only copies.
            let _ = thread.join();
        }
    }
}

fn serve(connection: &Connection, asks: &Receiver<()>, nearly_done: &AtomicBool, metrics: &Metrics) {
    while asks.recv().is_ok() {
        match run(connection, Mode::Passive, metrics) {
            Ok(left) => nearly_done.store(left.is_some_and(|left| left <= LITTLE), SeqCst),
            // Nothing is lost: the log still holds all of it, and the writer copies at the hard limit.
            Err(error) => tracing::warn!(%error, "copying the log into the database failed"),
        }
    }
}
