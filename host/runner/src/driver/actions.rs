//! Executes what the agent orders: the actions of one sandbox one after the other, those of several side by side.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::{Driver, lock};
use crate::agent::{Action, Spec, Task};
use crate::cells::CellError;
use crate::health::{DISK_RESERVE, free};
use crate::journal::Record;
use crate::spec;

/// What an action does to a sandbox.
pub(super) enum Work {
    Make(Spec),
    Stop(String),
    Remove(String),
    Task(Task),
}

impl Work {
    /// The lane: a sandbox, or what a task is about.
    fn sandbox(&self) -> &str {
        match self {
            Self::Make(spec) => &spec.sandbox,
            Self::Stop(sandbox) | Self::Remove(sandbox) => sandbox,
            Self::Task(task) => &task.subject,
        }
    }
}

/// The actions of one sandbox, executed one after the other.
pub(super) struct Lane {
    /// Life of the agent, number of the action, what to do.
    waiting: VecDeque<(u64, u64, Work)>,
    /// Dropped with the lane: whoever waits for its end sees the channel close.
    open: watch::Sender<()>,
}

impl Driver {
    /// Closes once this sandbox has nothing more to do; None if it has nothing now.
    pub(super) fn lane(&self, sandbox: &str) -> Option<watch::Receiver<()>> {
        lock(&self.lanes).get(sandbox).map(|lane| lane.open.subscribe())
    }

    /// Puts an action into its sandbox's lane.
    pub(super) fn execute(self: &Arc<Self>, life: u64, action: Action) {
        let (number, work) = match action {
            Action::Report((observations, health)) => {
                return self.reporter.push(observations, health);
            }
            Action::Ended((job, outcome)) => return self.tasks.tell(job, outcome),
            Action::Perform((number, task)) => (number, Work::Task(task)),
            Action::Make((number, spec)) => (number, Work::Make(spec)),
            Action::Stop((number, sandbox)) => (number, Work::Stop(sandbox)),
            Action::Remove((number, sandbox)) => (number, Work::Remove(sandbox)),
        };
        let sandbox = work.sandbox().to_owned();
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get_mut(&sandbox) {
            lane.waiting.push_back((life, number, work));
            return;
        }
        let lane = Lane {
            waiting: VecDeque::from([(life, number, work)]),
            open: watch::Sender::new(()),
        };
        lanes.insert(sandbox.clone(), lane);
        drop(lanes);
        tokio::spawn(Arc::clone(self).drain(sandbox));
    }

    async fn drain(self: Arc<Self>, sandbox: String) {
        loop {
            let next = {
                let mut lanes = lock(&self.lanes);
                let next = lanes.get_mut(&sandbox).and_then(|lane| lane.waiting.pop_front());
                if next.is_none() {
                    lanes.remove(&sandbox);
                }
                next
            };
            let Some((life, number, work)) = next else { return };
            let result = match work {
                Work::Make(spec) => self.make(spec).await.map(|()| None),
                Work::Stop(sandbox) => self.stop(&sandbox).await.map(|()| None),
                Work::Remove(sandbox) => self.remove(&sandbox).await.map(|()| None),
                Work::Task(task) => self.tasks.perform(&task).await.map_err(WorkError::Task),
            };
            if let Err(error) = &result {
                tracing::warn!(%sandbox, %error, "an action failed");
            }
            self.done(life, number, result.map_err(|error| error.to_string()));
        }
    }

    async fn make(&self, spec: Spec) -> Result<(), WorkError> {
        let record = Record {
            sandbox: spec.sandbox,
            generation: spec.generation,
            cpu_milli: spec.need.cpu_milli,
            memory_mib: spec.need.memory_mib,
            disk_mib: spec.need.disk_mib,
            details: spec.details,
            started: true,
        };
        let sandbox = self.sandbox_spec(&record)?;
        if !self.holds(&record.sandbox) {
            self.room().await?;
        }
        let image = match spec::image(&record)? {
            Some(image) if !self.has_files(&record.sandbox) => Some(image),
            _ => None,
        };
        if let Some(image) = &image {
            self.tasks.fetch(image).await.map_err(WorkError::Task)?;
        }
        // First the journal: a cell must never hold what a restart would not find.
        let id = record.sandbox.clone();
        self.remember(record).await?;
        self.cells()?.put(&id, &sandbox).await?;
        if let Some(image) = &image {
            self.tasks.used(image).await;
        }
        Ok(())
    }

    async fn stop(&self, sandbox: &str) -> Result<(), WorkError> {
        self.cells()?.stop(sandbox).await?;
        let record = lock(&self.records).get(sandbox).cloned();
        match record {
            Some(record) => {
                let intent = lock(&self.intents).get(sandbox).copied().unwrap_or(0);
                self.remember(Record {
                    started: false,
                    generation: record.generation.max(intent),
                    ..record
                })
                .await
            }
            None => Ok(()),
        }
    }

    async fn remove(&self, sandbox: &str) -> Result<(), WorkError> {
        let record = lock(&self.records).get(sandbox).cloned();
        let directory = self.journal.directory(sandbox)?;
        if record.is_some() || directory.is_dir() {
            let cells = self.cells()?;
            if !cells.current().await?.knows(sandbox) {
                // The cell removes the files, behind its jail; for that it must know where they are.
                cells
                    .put(sandbox, &self.removal_spec(sandbox, record.as_ref())?)
                    .await?;
            }
            cells.delete(sandbox).await?;
        }
        let journal = self.journal.clone();
        let id = sandbox.to_owned();
        blocking(move || journal.remove(&id)).await?;
        lock(&self.records).remove(sandbox);
        lock(&self.intents).remove(sandbox);
        Ok(())
    }

    /// Writes the journal, unless it says the same already.
    async fn remember(&self, record: Record) -> Result<(), WorkError> {
        if lock(&self.records).get(&record.sandbox) == Some(&record) {
            return Ok(());
        }
        let journal = self.journal.clone();
        let written = record.clone();
        blocking(move || journal.write(&written)).await?;
        lock(&self.records).insert(record.sandbox.clone(), record);
        Ok(())
    }

    /// Whether the disk has room for one more sandbox.
    async fn room(&self) -> Result<(), WorkError> {
        let root = self.journal.root().to_owned();
        let free = tokio::task::spawn_blocking(move || free(&root))
            .await
            .map_err(|error| std::io::Error::other(error.to_string()))??;
        if free < DISK_RESERVE {
            return Err(WorkError::DiskFull { free: free >> 20 });
        }
        Ok(())
    }

    fn sandbox_spec(&self, record: &Record) -> Result<Value, WorkError> {
        Ok(spec::of(record, &self.journal)?)
    }

    /// Enough of a spec to remove a sandbox, even one whose entry is lost or unreadable.
    fn removal_spec(&self, sandbox: &str, record: Option<&Record>) -> Result<Value, WorkError> {
        if let Some(spec) = record.and_then(|record| self.sandbox_spec(record).ok()) {
            return Ok(spec);
        }
        Ok(spec::bare(sandbox, &self.journal)?)
    }
}

async fn blocking(call: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), WorkError> {
    tokio::task::spawn_blocking(call)
        .await
        .map_err(|error| std::io::Error::other(error.to_string()))?
        .map_err(WorkError::from)
}

/// Why an action failed. The text becomes the sandbox's error reason: a user reads it.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error("the runner's journal cannot be written: {0}")]
    Journal(#[from] std::io::Error),
    #[error(transparent)]
    Spec(#[from] spec::SpecError),
    #[error(
        "INSUFFICIENT_DISK: the runner's file system has {free} MiB left, below the reserve of {} MiB; remove sandboxes there or use another runner",
        DISK_RESERVE >> 20
    )]
    DiskFull { free: u64 },
    #[error(transparent)]
    Cell(#[from] CellError),
    #[error("{0}")]
    Task(String),
}
