//! The executions of a sandbox, by id: those that run, and for a while those that have ended.

use super::execution::Execution;
use crate::error::ApiError;
use crate::limits::{EXECUTION_KEPT_FOR, EXECUTIONS_KEPT, EXECUTIONS_LOG_BYTES, LEAST_LOG_BYTES, LOG_BYTES};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Debug, Default)]
pub struct Executions(Mutex<Vec<Arc<Execution>>>);

impl Executions {
    /// Bytes of output that one more execution may keep: the more there are, the less each.
    #[must_use]
    pub fn log_limit(&self) -> usize {
        let running = self.lock().iter().filter(|one| one.ended().is_none()).count();
        (EXECUTIONS_LOG_BYTES / (running + 1)).clamp(LEAST_LOG_BYTES, LOG_BYTES)
    }

    /// Keeps one more.
    pub fn add(&self, execution: Arc<Execution>) {
        self.lock().push(execution);
        self.tidy();
    }

    /// Forgets what has ended long ago, and the oldest of what has ended while there is too much of it.
    pub fn tidy(&self) {
        let mut all = self.lock();
        let mut gone = Vec::new();
        let mut index = 0;
        while let Some(execution) = all.get(index) {
            let old = execution
                .ended()
                .is_some_and(|ended| ended.at.elapsed() >= EXECUTION_KEPT_FOR);
            if old {
                gone.push(all.remove(index));
            } else {
                index += 1;
            }
        }
        let mut bytes: usize = all.iter().map(|one| one.log.size()).sum();
        while all.len() > EXECUTIONS_KEPT || bytes > EXECUTIONS_LOG_BYTES {
            let Some(oldest) = all.iter().position(|one| one.ended().is_some()) else {
                break;
            };
            let oldest = all.remove(oldest);
            bytes -= oldest.log.size();
            gone.push(oldest);
        }
        drop(all);
        drop(gone);
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Execution>> {
        self.lock().clone()
    }

    /// The one of this id.
    ///
    /// # Errors
    /// 404.
    pub fn get(&self, id: &str) -> Result<Arc<Execution>, ApiError> {
        let found = self.lock().iter().find(|one| one.id == id).cloned();
        found.ok_or_else(|| {
            ApiError::not_found(format!(
                "no execution {id:?}: it never was, or has ended more than {} minutes ago; list them with GET /process/execs",
                EXECUTION_KEPT_FOR.as_secs() / 60
            ))
        })
    }

    /// Takes it out.
    pub fn remove(&self, id: &str) {
        let mut all = self.lock();
        let found = all.iter().position(|one| one.id == id).map(|index| all.remove(index));
        drop(all);
        drop(found);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Execution>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
