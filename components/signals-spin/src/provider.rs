//! The exported functions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spin_sdk::key_value::Store;

use crate::mark;

/// Types and traits generated from `wit/signals`.
#[allow(missing_docs, clippy::all, reason = "generated")]
mod bindings {
    spin_sdk::wit_bindgen::generate!({
        path: "../../wit/signals",
        world: "provider",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
    });
}

use bindings::exports::sandbar::signals::signals::{Guest, Millis};

bindings::export!(Component with_types_in bindings);

/// Longest key.
const MAX_KEY: usize = 128;
/// Longest wait.
const MAX_WAIT: u64 = 60_000;
/// A new waiter looks this often: a create is answered after about a tenth of a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// A long one looks this often, so that many idle runners do not keep the store's one lock busy.
const LAST_PAUSE: Duration = Duration::from_millis(400);

struct Component;

impl Guest for Component {
    async fn current(key: String) -> u64 {
        read(&mark(&key)).await
    }

    async fn wait(key: String, seen: u64, deadline: Millis) -> u64 {
        if key.len() > MAX_KEY {
            return seen;
        }
        let name = mark(&key);
        let deadline = deadline.min(now_millis() + MAX_WAIT);
        let mut pause = FIRST_PAUSE;
        loop {
            let number = read(&name).await;
            let left = deadline.saturating_sub(now_millis());
            if number != seen || left == 0 {
                return number;
            }
            spin_sdk::time::sleep(pause.min(Duration::from_millis(left))).await;
            pause = (pause * 5 / 4).min(LAST_PAUSE);
        }
    }

    async fn wake(key: String) {
        if key.len() > MAX_KEY {
            return;
        }
        // Waiters only ask whether it differs, so the time will do: no reading before writing, and nothing to race.
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        let number = u64::try_from(nanos).unwrap_or(u64::MAX);
        let written = match Store::open_default().await {
            Ok(store) => store.set(mark(&key), number.to_le_bytes()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            // A wake is a hint: waiters look at the facts again when their time is over.
            eprintln!("signals: a wake was lost: {error:?}");
        }
    }
}

/// The number of a mark; 0 if it was never set or cannot be read.
async fn read(name: &str) -> u64 {
    let Ok(store) = Store::open_default().await else {
        return 0;
    };
    let Ok(Some(bytes)) = store.get(name).await else {
        return 0;
    };
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
