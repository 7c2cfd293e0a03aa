//! One organization's changes, asked of the API once for all its sockets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use super::protocol;
use crate::api::Asking;
use crate::limits::{CHANGES_HOLD, EVENT_QUEUE, MAX_KNOWN};

/// Pause after a question that failed.
const RETRY: Duration = Duration::from_secs(1);

/// State that is told where the one before is not known.
const UNKNOWN: &str = "unknown";

/// The running question for changes; it ends when the last socket lets go.
pub struct Feed {
    frames: broadcast::Sender<Arc<str>>,
    task: AbortHandle,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Feed {
    /// Starts asking.
    pub fn start(api: Arc<Asking>, organization: &str) -> Arc<Self> {
        let (frames, _) = broadcast::channel(EVENT_QUEUE);
        let task = tokio::spawn(follow(api, organization.to_owned(), frames.clone())).abort_handle();
        Arc::new(Self { frames, task })
    }

    /// Frames from now on, ready to send.
    pub fn frames(&self) -> broadcast::Receiver<Arc<str>> {
        self.frames.subscribe()
    }
}

async fn follow(api: Arc<Asking>, organization: String, frames: broadcast::Sender<Arc<str>>) {
    let mut position: Option<u64> = None;
    let mut states = States::default();
    loop {
        let path = match position {
            None => format!("/api/internal/changes?organization={organization}"),
            Some(after) => {
                let hold = CHANGES_HOLD.as_millis();
                format!("/api/internal/changes?organization={organization}&after={after}&wait={hold}")
            }
        };
        match api.ask_json(path, None).await {
            Ok(answer) => {
                position = answer["position"].as_u64().or(position);
                for sandbox in answer["sandboxes"].as_array().into_iter().flatten() {
                    for frame in states.frames(sandbox) {
                        // No receiver at the moment: nobody misses it.
                        let _ = frames.send(frame.into());
                    }
                }
            }
            Err((status, _)) => {
                tracing::warn!(%status, organization, "the changes of an organization cannot be read");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Last states, to tell what has changed.
#[derive(Default)]
struct States(HashMap<String, String>);

impl States {
    /// The frames that tell of `sandbox` as it is now.
    fn frames(&mut self, sandbox: &Value) -> Vec<String> {
        let (Some(id), Some(state)) = (sandbox["id"].as_str(), sandbox["state"].as_str()) else {
            return Vec::new();
        };
        if self.0.len() >= MAX_KNOWN {
            // Rare, and costs no more than old states told as unknown.
            self.0.clear();
        }
        let known = if state == "destroyed" {
            self.0.remove(id)
        } else {
            self.0.insert(id.to_owned(), state.to_owned())
        };
        let mut frames = Vec::new();
        let is_new = known.is_none() && state != "destroyed" && is_first(sandbox);
        if is_new {
            frames.push(protocol::event("sandbox.created", sandbox));
        }
        let old = known.as_deref().unwrap_or(if is_new { "creating" } else { UNKNOWN });
        if old != state {
            let payload = json!({ "sandbox": sandbox, "oldState": old, "newState": state });
            frames.push(protocol::event("sandbox.state.updated", &payload));
        }
        frames
    }
}

/// Whether this is the first that anybody could have seen of it: created within the last minute.
fn is_first(sandbox: &Value) -> bool {
    let created = sandbox["createdAt"]
        .as_str()
        .and_then(|text| text.parse::<jiff::Timestamp>().ok());
    created.is_some_and(|at| jiff::Timestamp::now().duration_since(at).as_secs() < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(state: &str, created: jiff::Timestamp) -> Value {
        json!({ "id": "s", "state": state, "createdAt": created.to_string() })
    }

    #[test]
    fn tells_a_new_sandbox_and_each_change_of_its_state() {
        let mut states = States::default();
        let now = jiff::Timestamp::now();
        let first = states.frames(&sandbox("creating", now));
        assert_eq!(first.len(), 1);
        assert!(first[0].starts_with(r#"42["sandbox.created",{"#), "{first:?}");
        let second = states.frames(&sandbox("started", now));
        assert_eq!(second.len(), 1);
        assert!(second[0].contains(r#""oldState":"creating""#) && second[0].contains(r#""newState":"started""#));
        assert!(
            states.frames(&sandbox("started", now)).is_empty(),
            "nothing has changed"
        );
        let last = states.frames(&sandbox("destroyed", now));
        assert!(last[0].contains(r#""oldState":"started""#));
    }

    #[test]
    fn a_sandbox_that_starts_before_anybody_looks_is_created_and_started() {
        let frames = States::default().frames(&sandbox("started", jiff::Timestamp::now()));
        assert_eq!(frames.len(), 2, "{frames:?}");
    }

    #[test]
    fn an_old_sandbox_is_not_told_as_new() {
        let frames = States::default().frames(&sandbox("stopped", jiff::Timestamp::UNIX_EPOCH));
        assert_eq!(frames.len(), 1);
        assert!(frames[0].contains(r#""oldState":"unknown""#));
        assert!(States::default().frames(&json!({ "state": 3 })).is_empty());
    }
}
