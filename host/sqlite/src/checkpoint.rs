//! Copying the log into the database, beside the writer.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
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

/// Nothing is being copied.
const IDLE: u8 = 0;
/// A checkpoint is asked for or running.
const COPYING: u8 = 1;
/// A checkpoint has ended and left so little that the writer may finish it.
const NEARLY_DONE: u8 = 2;

/// The thread that copies while the writer goes on.
pub(crate) struct Checkpointer {
    asked: Option<SyncSender<()>>,
    state: Arc<AtomicU8>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(path: &Path, options: &Options, metrics: Arc<Metrics>) -> Result<Self, OpenError> {
        let connection = connection::checkpointer(path, options)?;
        let state = Arc::new(AtomicU8::new(IDLE));
        let (asked, asks) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn({
                let state = Arc::clone(&state);
                move || serve(&connection, &asks, &state, &metrics)
            })
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            asked: Some(asked),
            state,
            thread: Some(thread),
        })
    }

    /// Asks for a checkpoint, if none is running.
    pub(crate) fn ask(&self) {
        let idle = self.state.compare_exchange(IDLE, COPYING, SeqCst, SeqCst).is_ok();
        if idle && let Some(asked) = &self.asked {
            // Full is impossible: the thread has taken the last one before it became idle. Gone: the writer copies
            // at its hard limit.
            let _ = asked.try_send(());
        }
    }

    /// Whether so little is left to copy that the writer may finish it and start the log over. Under load the log
    /// would otherwise never be copied to its very end, and so grow for ever.
    pub(crate) fn take_nearly_done(&self) -> bool {
        self.state.compare_exchange(NEARLY_DONE, IDLE, SeqCst, SeqCst).is_ok()
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

fn serve(connection: &Connection, asks: &Receiver<()>, state: &AtomicU8, metrics: &Metrics) {
    while asks.recv().is_ok() {
        let next = match run(connection, Mode::Passive, metrics) {
            Ok(Some(left)) if left <= LITTLE => NEARLY_DONE,
            Ok(_) => IDLE,
            Err(error) => {
                // Nothing is lost: the log still holds all of it, and the writer copies at its hard limit.
                tracing::warn!(%error, "copying the log into the database failed");
                IDLE
            }
        };
        state.store(next, SeqCst);
    }
}
