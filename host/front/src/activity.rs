//! Tells the API now and then that a sandbox is in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::{HeaderValue, Method};

use crate::access::Access;
use crate::api::Asking;
use crate::limits::{ACTIVITY_EVERY, MAX_ACTIVE};

/// When activity of each sandbox was last reported.
#[derive(Default)]
pub struct Activity {
    last: Mutex<HashMap<String, Instant>>,
}

impl Activity {
    /// Reports in the background, unless this sandbox was reported lately.
    pub fn note(&self, api: &Arc<Asking>, authorization: Option<&HeaderValue>, access: &Access) {
        if !self.is_due(&access.sandbox_id) {
            return;
        }
        let path = format!(
            "/api/internal/activity/{}?organization={}",
            access.sandbox_id, access.organization_id
        );
        let (api, authorization) = (Arc::clone(api), authorization.cloned());
        tokio::spawn(async move {
            let (status, _) = api.ask(Method::POST, path.clone(), authorization).await;
            if !status.is_success() {
                tracing::debug!(%status, path, "activity was not taken");
            }
        });
    }

    fn is_due(&self, sandbox: &str) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(sandbox).is_some_and(|at| at.elapsed() < ACTIVITY_EVERY) {
            return false;
        }
        if last.len() >= MAX_ACTIVE {
            last.retain(|_, at| at.elapsed() < ACTIVITY_EVERY);
        }
        // Beyond the bound, reports come more often than they need to: harmless.
        if last.len() < MAX_ACTIVE {
            last.insert(sandbox.to_owned(), Instant::now());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sandbox_is_due_once_in_a_while() {
        let activity = Activity::default();
        assert!(activity.is_due("a"));
        assert!(!activity.is_due("a"));
        assert!(activity.is_due("b"));
    }
}
