//! Work beside the sandboxes: snapshots, backups, builds. Their ends are told to the plane until it has heard them.

use crate::agent::{Task, TaskKind};
use crate::backoff::Backoff;
use crate::build::Builder;
use crate::driver::Driver;
use crate::plane::Plane;
use crate::snapshots::{Snapshots, Taken};
use crate::volumes;
use crate::wire::{Image, JobStatus};
use serde_json::json;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(5);
/// Tries to tell an end. After these the plane has asked again: it hands out what has not ended.
const TRIES: u32 = 12;
/// How ids of backups begin. They are here only while they are made or restored: what they hold is in the blob store.
const BACKUP: &str = "backup-";

/// Carries tasks out.
pub(crate) struct Tasks {
    plane: Plane,
    snapshots: Arc<Snapshots>,
    builder: Arc<Builder>,
    driver: OnceLock<Weak<Driver>>,
}

impl Tasks {
    pub(crate) fn new(plane: Plane, snapshots: Arc<Snapshots>, builder: Builder) -> Self {
        Self {
            plane,
            snapshots,
            builder: Arc::new(builder),
            driver: OnceLock::new(),
        }
    }

    /// Gives it the driver, whose cell does the work.
    pub(crate) fn attach(&self, driver: Weak<Driver>) {
        self.builder.attach(driver.clone());
        self.snapshots.attach(driver.clone());
        // A second driver would be a fault of ours; the first stays.
        let _ = self.driver.set(driver);
    }

    /// Carries one out; gives its result as JSON.
    pub(crate) async fn perform(&self, task: &Task) -> Result<Option<String>, String> {
        let id = task.subject.as_str();
        match task.kind {
            TaskKind::Snapshot => {
                let sandbox = task.sandbox.as_deref().ok_or("the task names no sandbox")?;
                self.snapshots.take(sandbox, id).await.map(result)
            }
            TaskKind::Backup => {
                let sandbox = task.sandbox.as_deref().ok_or("the task names no sandbox")?;
                self.backup(sandbox, id).await.map(result)
            }
            TaskKind::Discard => self.snapshots.discard(id).await.map(|()| None),
            TaskKind::Build => self.builder.build(&task.payload).await.map(result),
            TaskKind::DiscardVolume => {
                let driver = self.driver.get().and_then(Weak::upgrade);
                let driver = driver.ok_or("the runner is being stopped")?;
                volumes::remove(&driver, id).await.map(|()| None)
            }
        }
    }

    /// What an earlier try may have left is of another moment; and what is uploaded is not needed here.
    async fn backup(&self, sandbox: &str, id: &str) -> Result<Taken, String> {
        self.snapshots.discard(id).await?;
        let taken = self.snapshots.take(sandbox, id).await?;
        if let Err(error) = self.snapshots.discard(id).await {
            tracing::warn!(backup = id, error, "what was backed up stays on this runner");
        }
        Ok(taken)
    }

    /// Makes what a sandbox is to begin as present here.
    pub(crate) async fn fetch(&self, image: &Image) -> Result<(), String> {
        if image.id.starts_with(BACKUP) {
            self.snapshots.discard(&image.id).await?;
        }
        self.snapshots.ensure(&image.id, &image.manifest).await
    }

    /// A sandbox has been made of it, and holds its layers.
    pub(crate) async fn used(&self, image: &Image) {
        if image.id.starts_with(BACKUP)
            && let Err(error) = self.snapshots.discard(&image.id).await
        {
            tracing::warn!(
                backup = image.id,
                error,
                "a backup that was restored stays on this runner"
            );
        }
    }

    /// Tells the plane how a task has ended; does not wait for it.
    pub(crate) fn tell(&self, job: String, outcome: Result<Option<String>, String>) {
        let status = match outcome {
            Ok(result_metadata) => JobStatus {
                status: "COMPLETED",
                error_message: None,
                result_metadata,
            },
            Err(reason) => JobStatus {
                status: "FAILED",
                error_message: Some(reason),
                result_metadata: None,
            },
        };
        let plane = self.plane.clone();
        tokio::spawn(async move {
            let route = format!("/jobs/{job}/status");
            let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
            for _ in 0..TRIES {
                match plane.ask::<serde_json::Value>(&route, &status).await {
                    Ok(_) => return,
                    Err(error) if error.is_final() => {
                        return tracing::info!(%job, %error, "the plane does not want to hear the end of a task");
                    }
                    Err(error) => {
                        let wait = backoff.next();
                        tracing::warn!(%job, %error, ?wait, "the end of a task is not told");
                        tokio::time::sleep(wait).await;
                    }
                }
            }
        });
    }
}

/// What a task has made, as the plane reads it.
fn result(taken: Taken) -> Option<String> {
    Some(json!({"manifest": taken.manifest, "bytes": taken.bytes}).to_string())
}
