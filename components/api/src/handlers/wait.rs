//! Waking others, and waiting for them.

use std::collections::BTreeSet;

use crate::contracts::{signals, store};
use crate::http::Problem;
use crate::rules::lifecycle::arrived;
use crate::service::now;

pub(super) fn of_sandbox(id: &str) -> String {
    format!("sandbox/{id}")
}

pub(super) fn of_runner(id: &str) -> String {
    format!("runner/{id}")
}

/// A process has attached to the runner.
pub(super) fn of_attachment(id: &str) -> String {
    format!("attachment/{id}")
}

pub(super) fn of_organization(id: &str) -> String {
    format!("organization/{id}")
}

/// A new intent for a sandbox is committed: its runner has a job, and its organization a change.
pub(super) async fn intended(it: &store::Sandbox) {
    if let Some(runner) = &it.runner {
        signals::wake(of_runner(runner)).await;
    }
    signals::wake(of_organization(&it.organization)).await;
}

/// The plane itself has found something out: who waits for these sandboxes learns of it, and who watches.
pub(super) async fn found(changed: &[store::Sandbox]) {
    let mut organizations = BTreeSet::new();
    for it in changed {
        signals::wake(of_sandbox(&it.id)).await;
        organizations.insert(&it.organization);
    }
    for organization in organizations {
        signals::wake(of_organization(organization)).await;
    }
}

/// Waits until a sandbox has arrived where its intent leads, or has failed, or `patience` milliseconds are over;
/// gives it as it then is, or none if it is gone. `seen` is the sandbox's signal from before the intent was
/// committed, and `intent` the sandbox as the commit returned it.
pub(super) async fn settled(
    intent: &store::Sandbox,
    seen: u64,
    patience: u64,
) -> Result<Option<store::Sandbox>, Problem> {
    let key = of_sandbox(&intent.id);
    let deadline = now().saturating_add(patience);
    let mut seen = seen;
    loop {
        seen = signals::wait(key.clone(), seen, deadline).await;
        match store::get_sandbox(intent.organization.clone(), intent.id.clone()).await {
            Ok(it) if arrived(&it, intent.change) || now() >= deadline => return Ok(Some(it)),
            Ok(_) => {}
            Err(store::Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}
