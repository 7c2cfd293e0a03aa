//! The thread that writes: batches, one sync for each, then the answers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Instant,
};

use sandbar_store::StoreError;

use crate::{
    checkpoint::{self, Checkpointer, Mode},
    lock::DataLock,
    log_file::LogFile,
    metrics::Metrics,
    native::NativeSql,
    options::HARD_LOG_FACTOR,
    progress::Progress,
    queue::Queue,
};

/// What an answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// A sync that covers the verb's own commit.
    Synced,
    /// That what was committed before it is durable; its own change can be lost without harm.
    AfterEarlier,
    /// Nothing: its facts can be rebuilt.
    Relaxed,
}

/// Gives the caller what its verb gave, or why that cannot be relied on.
pub(crate) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A verb with its arguments, run on the connection or told why it is not; tells whether it succeeded.
pub(crate) type Verb = Box<dyn FnOnce(Result<&mut NativeSql, StoreError>) -> (bool, Answer) + Send>;

/// All that the thread owns.
pub(crate) struct Writer {
    pub sql: NativeSql,
    pub log: LogFile,
    /// Pages in the log, kept by SQLite's hook.
    pub log_pages: Arc<AtomicU32>,
    pub checkpoint_pages: u32,
    pub checkpointer: Option<Checkpointer>,
    pub progress: Arc<Progress>,
    pub metrics: Arc<Metrics>,
    /// Let go of last.
    pub lock: DataLock,
}

impl Writer {
    /// Serves until the queue is closed; then copies the log and closes.
    pub(crate) fn serve(mut self, queue: &Queue) {
        while let Some(batch) = queue.next() {
            self.batch(batch);
            if self.progress.failure().is_none() {
                self.keep_log_short();
            }
        }
        self.close();
    }

    fn batch(&mut self, batch: Vec<(Durability, Verb)>) {
        let mut left = batch.into_iter().peekable();
        while left.peek().is_some() && self.progress.failure().is_none() {
            Metrics::count(&self.metrics.batches);
            self.metrics.largest_batch.fetch_max(left.len() as u64, Relaxed);
            self.progress.begin();
            if let Err(error) = self.sql.begin_batch() {
                return refuse(left, &error.into());
            }
            let mut done = Vec::with_capacity(left.len());
            // When the transaction is lost on the way, the rest gets a new one.
            while self.sql.batch_lives()
                && let Some((durability, verb)) = left.next()
            {
                let (succeeded, answer) = self.run(verb);
                done.push((durability, succeeded, answer));
            }
            self.commit(done);
        }
    }

    fn run(&mut self, verb: Verb) -> (bool, Answer) {
        let done = catch_unwind(AssertUnwindSafe(|| verb(Ok(&mut self.sql))));
        done.unwrap_or_else(|_| {
            // The panic's message is in the log already; its caller is told by the dropped channel.
            tracing::error!("a verb panicked; its changes are undone");
            self.sql.undo_verb();
            (false, Box::new(|_| ()))
        })
    }

    /// Commits what the verbs of a batch have done, makes it durable and answers them.
    fn commit(&mut self, done: Vec<(Durability, bool, Answer)>) {
        let committed = if self.sql.batch_lives() {
            self.sql.commit_batch().map_err(StoreError::from)
        } else {
            Err(StoreError::Unavailable(
                "the disk is full, or writing to it failed".into(),
            ))
        };
        if !self.sql.settle() {
            self.progress.fail("a transaction could not be ended".into());
        }
        if self.sql.damaged() {
            self.progress
                .fail("the database is damaged; restore it from a backup".into());
        }
        if let Err(error) = committed {
            for (_, _, answer) in done {
                Metrics::count(&self.metrics.refused);
                answer(Err(error.clone()));
            }
            return self.progress.end();
        }
        let mut unsynced = 0;
        let mut waiting: Vec<Answer> = Vec::with_capacity(done.len());
        for (durability, succeeded, answer) in done {
            let counter = if succeeded {
                &self.metrics.commits
            } else {
                &self.metrics.refused
            };
            Metrics::count(counter);
            if succeeded && durability == Durability::Synced {
                unsynced += 1;
            }
            match durability {
                // Also what failed waits: it may have failed because of a change that is not durable yet.
                Durability::Synced => waiting.push(answer),
                // An order ran before all else in its batch, on what earlier batches have made durable.
                Durability::AfterEarlier | Durability::Relaxed => answer(Ok(())),
            }
        }
        let durable = if unsynced > 0 { self.sync(unsynced) } else { Ok(()) };
        if durable.is_ok() {
            self.progress.end();
        }
        for answer in waiting {
            answer(durable.clone());
        }
    }

    fn sync(&self, commits: u64) -> Result<(), StoreError> {
        let begun = Instant::now();
        match self.log.sync(self.sql.connection()) {
            Ok(()) => {
                self.metrics.synced(commits, begun.elapsed());
                Ok(())
            }
            Err(error) => {
                self.progress.fail(format!("a sync of the log failed: {error}"));
                Err(StoreError::Unavailable(format!(
                    "outcome unknown: the sync of the log failed: {error}"
                )))
            }
        }
    }

    /// Has the log copied once it is long. Runs after the answers, so nobody waits for it but the next batch.
    fn keep_log_short(&mut self) {
        let pages = self.log_pages.load(Relaxed);
        let hard = self.checkpoint_pages.saturating_mul(HARD_LOG_FACTOR);
        if pages < self.checkpoint_pages {
            return;
        }
        let inline = match &self.checkpointer {
            None => true,
            Some(beside) => beside.take_nearly_done() || pages >= hard,
        };
        if inline {
            match checkpoint::run(self.sql.connection(), Mode::Restart, &self.metrics) {
                Ok(Some(_)) => self.log_pages.store(0, Relaxed),
                Ok(None) => tracing::debug!("the log is read; it starts over later"),
                Err(error) => tracing::warn!(%error, "copying the log into the database failed"),
            }
        } else if let Some(beside) = &self.checkpointer {
            beside.ask();
        }
    }

    fn close(self) {
        let Self {
            sql,
            checkpointer,
            progress,
            metrics,
            lock,
            ..
        } = self;
        drop(checkpointer);
        if progress.failure().is_none()
            && let Err(error) = checkpoint::run(sql.connection(), Mode::Restart, &metrics)
        {
            tracing::warn!(%error, "the log could not be copied at close; the next start does it");
        }
        drop(sql);
        drop(lock);
    }
}

/// Tells the callers of verbs that are not run.
fn refuse(verbs: impl Iterator<Item = (Durability, Verb)>, why: &StoreError) {
    for (_, verb) in verbs {
        let (_, answer) = verb(Err(why.clone()));
        answer(Ok(()));
    }
}
