//! What the writer's batches have reached, for those who wait for it.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use sandbar_store::{Result, StoreError};
use tokio::sync::watch;

/// Shared between the writer, its callers and the reads that may only show durable facts.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Number of the newest batch that may have committed something.
    begun: AtomicU64,
    /// Number of the newest batch that is durable.
    durable: watch::Sender<u64>,
    /// Why nothing is written any more.
    failure: OnceLock<String>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            durable: watch::Sender::new(0),
            failure: OnceLock::new(),
        }
    }

    /// Called by the writer before the first commit of a batch could be seen.
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, SeqCst);
    }

    /// Called by the writer once all that the batch committed is durable.
    pub(crate) fn end(&self) {
        self.durable.send_replace(self.begun.load(SeqCst));
    }

    /// Ends all writing. The first reason stays.
    pub(crate) fn fail(&self, reason: String) {
        tracing::error!(reason, "the store writes no more until it is opened again");
        // A later failure is a consequence of the first.
        let _ = self.failure.set(reason);
        // Wakes those who wait, so that they look.
        self.durable.send_modify(|_| ());
    }

    /// Why nothing is written any more; none if all is well.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// What a caller hears whose verb will not be run.
    pub(crate) fn refusal(&self) -> StoreError {
        StoreError::Unavailable(self.failure().unwrap_or("the store is closed").to_owned())
    }

    /// Waits until whatever was visible before this call is durable. It lasts one batch and its sync.
    pub(crate) async fn durable(&self) -> Result<()> {
        let seen = self.begun.load(SeqCst);
        let mut durable = self.durable.subscribe();
        let reached = durable
            .wait_for(|reached| *reached >= seen || self.failure().is_some())
            .await;
        match reached {
            Ok(reached) if *reached >= seen => Ok(()),
            _ => Err(self.refusal()),
        }
    }
}
