//! A sandbox on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contracts::store::Sandbox;
use crate::dto::shown_mounts;
use crate::rules::lifecycle::shown_of;
use crate::times::iso;

/// What every sandbox shows, in lists too. Clients refuse `cpu`, `memory` and `disk` that are not integers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxItem {
    id: String,
    organization_id: String,
    name: String,
    user: String,
    labels: BTreeMap<String, String>,
    public: bool,
    network_block_all: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_allow_list: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_allow_list: Option<String>,
    /// Id of the region.
    target: String,
    cpu: u32,
    gpu: u32,
    memory: u32,
    disk: u32,
    state: String,
    desired_state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_reason: Option<String>,
    recoverable: bool,
    auto_stop_interval: u32,
    auto_archive_interval: u32,
    auto_delete_interval: i32,
    backup_state: String,
    /// Of the last complete backup, also if it is of an earlier state.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_created_at: Option<String>,
    created_at: String,
    updated_at: String,
    last_activity_at: String,
    snapshot: String,
    sandbox_class: &'static str,
    runner_id: Option<String>,
    /// Base without the sandbox's id, which clients append.
    toolbox_proxy_url: String,
}

impl SandboxItem {
    /// A sandbox with the base of its toolbox's URL.
    pub fn new(it: &Sandbox, toolbox_proxy_url: &str) -> Self {
        Self {
            id: it.id.clone(),
            organization_id: it.organization.clone(),
            name: it.name.clone(),
            user: it.user.clone(),
            labels: strings(&it.labels),
            public: it.public,
            network_block_all: it.network_block_all,
            network_allow_list: it.network_allow_list.clone(),
            domain_allow_list: it.domain_allow_list.clone(),
            target: it.region.clone(),
            cpu: it.cpu,
            gpu: 0,
            memory: it.memory_gib,
            disk: it.disk_gib,
            state: shown_of(it).to_owned(),
            desired_state: it.desired.clone(),
            error_reason: it.error_reason.clone(),
            recoverable: it.recoverable,
            auto_stop_interval: it.auto_stop,
            auto_archive_interval: it.auto_archive,
            auto_delete_interval: it.auto_delete,
            backup_state: it.backup_state.clone(),
            backup_created_at: it.backup_created.map(iso),
            created_at: iso(it.created),
            updated_at: iso(it.updated),
            last_activity_at: iso(it.last_activity),
            snapshot: it.snapshot.clone(),
            sandbox_class: "wasm",
            runner_id: it.runner.clone(),
            toolbox_proxy_url: toolbox_proxy_url.to_owned(),
        }
    }
}

/// A sandbox in full.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxView {
    #[serde(flatten)]
    item: SandboxItem,
    env: BTreeMap<String, String>,
    /// Clients refuse a sandbox without it.
    kvm: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_info: Option<Value>,
}

impl SandboxView {
    /// A sandbox with the base of its toolbox's URL.
    pub fn new(it: &Sandbox, toolbox_proxy_url: &str) -> Self {
        Self {
            item: SandboxItem::new(it, toolbox_proxy_url),
            env: strings(&it.env),
            kvm: false,
            volumes: shown_mounts(it),
            build_info: it
                .build_info
                .as_deref()
                .and_then(|json| serde_json::from_str(json).ok()),
        }
    }
}

/// Body and answer of the replacement of labels.
#[derive(Debug, Deserialize, Serialize)]
pub struct Labels {
    /// All labels.
    pub labels: BTreeMap<String, String>,
}

/// An object of strings as the store keeps it: it was checked before it was stored.
fn strings(json: &str) -> BTreeMap<String, String> {
    serde_json::from_str(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::sample;
    use serde_json::json;

    const TOOLBOX: &str = "http://127.0.0.1:3000/toolbox";

    #[test]
    fn a_sandbox_looks_as_clients_decode_it() {
        let got = serde_json::to_value(SandboxView::new(&sample(), TOOLBOX)).expect("JSON");
        let want = json!({
            "id": "0b6f0d5e-6d0e-4f0c-9a5c-2f2f6c1f8a11", "organizationId": "org-1", "name": "demo",
            "user": "daytona", "env": {}, "labels": {"code-toolbox-language": "python"}, "public": false,
            "networkBlockAll": false, "kvm": false, "target": "us", "cpu": 1, "gpu": 0, "memory": 1, "disk": 3,
            "state": "started", "desiredState": "started", "recoverable": false, "autoStopInterval": 15,
            "autoArchiveInterval": 10080, "autoDeleteInterval": -1, "backupState": "None", "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": "2026-01-01T00:00:00.000Z", "lastActivityAt": "2026-01-01T00:00:00.000Z",
            "snapshot": "default", "sandboxClass": "wasm", "runnerId": "5f0c6f7e-0000-4000-8000-000000000001",
            "toolboxProxyUrl": TOOLBOX,
        });
        assert_eq!(got, want);
    }

    #[test]
    fn items_of_lists_have_neither_environment_nor_kvm() {
        let got = serde_json::to_value(SandboxItem::new(&sample(), TOOLBOX)).expect("JSON");
        let full = serde_json::to_value(SandboxView::new(&sample(), TOOLBOX)).expect("JSON");
        let names = |value: &Value| value.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>());
        let mut without = full.clone();
        for name in ["env", "kvm"] {
            without.as_object_mut().and_then(|o| o.remove(name)).expect(name);
        }
        assert_eq!(names(&got), names(&without));
        assert_eq!(got, without);
    }

    #[test]
    fn tokens_are_never_shown() {
        let text = serde_json::to_string(&SandboxView::new(&sample(), TOOLBOX)).expect("JSON");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn reasons_and_lists_are_shown_when_there_are_some() {
        let it = Sandbox {
            error_reason: Some("no space".into()),
            state: "error".into(),
            network_allow_list: Some("10.0.0.0/8".into()),
            runner: None,
            ..sample()
        };
        let got = serde_json::to_value(SandboxItem::new(&it, TOOLBOX)).expect("JSON");
        assert_eq!(got["errorReason"], "no space");
        assert_eq!(got["networkAllowList"], "10.0.0.0/8");
        assert_eq!(got["runnerId"], Value::Null);
    }
}
