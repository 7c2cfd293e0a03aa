//! What earlier builds have left: the sandbox after a step, as a snapshot of this runner alone, named by everything that led to it.

use super::{Action, Order};
use crate::cells::Cells;
use http::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How ids of cached snapshots begin.
const CACHED: &str = "cache-";
/// Most of them on a runner; the oldest go.
const MOST: usize = 64;

/// Names what a build has come to, step by step. Organizations share nothing.
pub(super) struct Chain([u8; 32]);

impl Chain {
    pub(super) fn new(order: &Order) -> Self {
        let base = order.base_image.as_ref().map(|base| &base.manifest);
        let begin = json!([
            env!("CARGO_PKG_VERSION"),
            order.organization_id,
            base,
            order.base_env,
            order.commands,
            order.network_block_all,
            order.network_allow_list,
            order.domain_allow_list,
        ]);
        Self(Sha256::digest(begin.to_string()).into())
    }

    /// The id of what is there after one more step.
    pub(super) fn next(&mut self, action: &Action, contexts: &[String]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        match action {
            // What it says changes nothing.
            Action::Note { .. } => {}
            action => hash.update(json!(action).to_string()),
        }
        if matches!(action, Action::Copy { .. }) {
            let mut contexts = contexts.to_vec();
            contexts.sort();
            hash.update(json!(contexts).to_string());
        }
        self.0 = hash.finalize().into();
        let hex: String = self.0[..20].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{CACHED}{hex}")
    }
}

/// The cached snapshots of a runner, as they lie on its disk.
pub(super) struct Cache {
    snapshots: PathBuf,
}

impl Cache {
    pub(super) fn new(sandboxes: &Path) -> Self {
        Self {
            snapshots: sandboxes.join(".snapshots"),
        }
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.snapshots.join(id).join("stack").exists()
    }

    /// It was of use just now.
    pub(super) fn used(&self, id: &str) {
        if let Ok(directory) = std::fs::File::open(self.snapshots.join(id)) {
            // Without the time it goes earlier than it might.
            let _ = directory.set_modified(SystemTime::now());
        }
    }

    /// Keeps what a sandbox holds now. Failing that, it is built again the next time.
    pub(super) async fn keep(&self, cells: &Cells, sandbox: &str, id: &str) {
        for old in self.surplus() {
            if let Err(error) = cells
                .control(Method::DELETE, &format!("/snapshots/{old}"), Vec::new())
                .await
            {
                tracing::warn!(%error, old, "a cached layer stays");
            }
        }
        let from = json!({ "from": sandbox }).to_string().into_bytes();
        if let Err(error) = cells.control(Method::PUT, &format!("/snapshots/{id}"), from).await {
            tracing::warn!(%error, id, "a step is not cached");
        }
    }

    /// Those that make room for one more.
    fn surplus(&self) -> Vec<String> {
        let Ok(listed) = std::fs::read_dir(&self.snapshots) else {
            return Vec::new();
        };
        let mut cached: Vec<(SystemTime, String)> = listed
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let name = entry
                    .file_name()
                    .into_string()
                    .ok()
                    .filter(|name| name.starts_with(CACHED))?;
                Some((entry.metadata().ok()?.modified().ok()?, name))
            })
            .collect();
        cached.sort();
        let more = (cached.len() + 1).saturating_sub(MOST);
        cached.into_iter().take(more).map(|(_, name)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(organization: &str) -> Order {
        let text =
            json!({"snapshotId": "s", "organizationId": organization, "steps": [], "cpu": 1, "memory": 1, "disk": 1});
        serde_json::from_value(text).expect("an order")
    }

    #[test]
    fn a_name_holds_everything_that_led_to_it() {
        let run = |command: &str| Action::Run {
            argv: vec![command.to_owned()],
        };
        let copy = Action::Copy {
            sources: vec!["a".into()],
            destination: "/a".into(),
            mode: None,
            unpack: false,
        };
        let name = |organization: &str, actions: &[&Action], contexts: &[&str]| {
            let contexts: Vec<String> = contexts.iter().map(|&c| c.to_owned()).collect();
            let mut chain = Chain::new(&order(organization));
            actions.iter().map(|action| chain.next(action, &contexts)).next_back()
        };
        let (a, b) = (run("a"), run("b"));
        assert_eq!(name("o", &[&a, &b], &[]), name("o", &[&a, &b], &["x"]));
        assert_ne!(name("o", &[&a, &b], &[]), name("o", &[&b, &a], &[]));
        assert_ne!(name("o", &[&a], &[]), name("p", &[&a], &[]));
        assert_ne!(name("o", &[&copy], &["x"]), name("o", &[&copy], &["y"]));
        assert_eq!(name("o", &[&copy], &["x", "y"]), name("o", &[&copy], &["y", "x"]));
        let id = name("o", &[&a], &[]).expect("a name");
        assert!(sandbar_cell::valid_id(&id), "{id}");
    }

    #[test]
    fn the_oldest_make_room() {
        let home = tempfile::tempdir().expect("a directory");
        let cache = Cache::new(home.path());
        assert!(cache.surplus().is_empty());
        for n in 0..MOST {
            let path = cache.snapshots.join(format!("{CACHED}{n}"));
            std::fs::create_dir_all(&path).expect("a directory");
            let time = SystemTime::now() - std::time::Duration::from_secs(1000 - n as u64);
            std::fs::File::open(path)
                .and_then(|file| file.set_modified(time))
                .expect("a time");
        }
        std::fs::create_dir(cache.snapshots.join("other")).expect("a directory");
        assert_eq!(cache.surplus(), ["cache-0"]);
        cache.used("cache-0");
        assert_eq!(cache.surplus(), ["cache-1"]);
    }
}
