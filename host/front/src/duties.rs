//! What a front tells the API by itself: which runners are linked here, and that time passes.

use std::sync::{Arc, Weak};

use http::Method;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::limits::{API_TIME, LINKS_EVERY, LINKS_RETRY, TICK_EVERY};
use crate::router::Shared;

/// Starts the loops; they end when the front is dropped.
pub fn start(shared: &Arc<Shared>, ticks: bool) {
    tokio::spawn(links(Arc::downgrade(shared)));
    if ticks {
        tokio::spawn(ticking(Arc::downgrade(shared)));
    }
}

/// Tells at every change, and now and then without one: the plane forgets what it was not told again.
async fn links(weak: Weak<Shared>) {
    let Some(changes) = weak.upgrade().map(|shared| shared.links.changes()) else {
        return;
    };
    loop {
        // Nothing of the front is held while waiting.
        let waited = timeout(LINKS_EVERY, changes.notified()).await;
        let Some(shared) = weak.upgrade() else { return };
        let runners = shared.links.runners();
        if waited.is_err() && runners.is_empty() {
            continue;
        }
        let body = serde_json::json!({ "runners": runners });
        let told = timeout(API_TIME, shared.api.tell("/api/internal/links".to_owned(), &body)).await;
        if !told.is_ok_and(|status| status.is_success()) {
            tracing::debug!(links = runners.len(), "the plane was not told which runners are linked");
            sleep(LINKS_RETRY).await;
            changes.notify_one();
        }
    }
}

async fn ticking(weak: Weak<Shared>) {
    let mut tick = interval(TICK_EVERY);
    // One at a time: a slow plane is not asked twice.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(shared) = weak.upgrade() else { return };
        let asked = shared.api.ask(Method::POST, "/api/internal/tick".to_owned(), None);
        match timeout(API_TIME, asked).await {
            Ok((status, _)) if status.is_success() => {}
            Ok((status, _)) => tracing::debug!(%status, "a tick was not taken"),
            Err(_) => tracing::debug!("a tick was not answered in time"),
        }
    }
}
