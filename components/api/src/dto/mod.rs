//! The JSON of the wire, field for field as the documented clients read and write it.

mod agent;
mod create;
mod decision;
mod health;
mod key;
mod list;
mod openapi;
mod organization;
mod quota;
mod region;
mod runner;
mod sandbox;
mod settings;
mod snapshot;
mod system;

pub use agent::*;
pub use create::{CREATE_DEFAULTS, CreateSandbox, Creation, Defaults, SNAPSHOT, auto_archive, auto_delete, interval};
pub use decision::{DecisionView, Facts, Journal, PlacementView};
pub use health::{Healthcheck, health};
pub use key::{CreateKey, CreatedKey, KeyView, hint};
pub use list::{Cursor, Listing, Page, Paginated, limit};
pub use openapi::open_api_document;
pub use organization::*;
pub use quota::{CLASS, QuotaBody, QuotaView, UsageView, effective};
pub use region::*;
pub use runner::*;
pub use sandbox::{Labels, SandboxItem, SandboxView};
pub use settings::*;
pub use snapshot::*;
pub use system::*;

/// A started sandbox, for tests.
#[cfg(test)]
pub(crate) fn sample() -> crate::contracts::store::Sandbox {
    crate::contracts::store::Sandbox {
        id: "0b6f0d5e-6d0e-4f0c-9a5c-2f2f6c1f8a11".into(),
        organization: "org-1".into(),
        name: "demo".into(),
        region: "us".into(),
        runner: Some("5f0c6f7e-0000-4000-8000-000000000001".into()),
        snapshot: "default".into(),
        user: "daytona".into(),
        env: "{}".into(),
        labels: "{\"code-toolbox-language\":\"python\"}".into(),
        public: false,
        network_block_all: false,
        network_allow_list: None,
        domain_allow_list: None,
        cpu: 1,
        memory_gib: 1,
        disk_gib: 3,
        auto_stop: 15,
        auto_delete: -1,
        auto_archive: 10_080,
        state: "started".into(),
        desired: "started".into(),
        generation: 1,
        error_reason: None,
        recoverable: false,
        state_since: 1_767_225_600_000,
        parent: None,
        image: None,
        volumes: "[]".into(),
        build_info: None,
        build: None,
        launch: "{}".into(),
        backup_state: "None".into(),
        backup_manifest: None,
        backup_created: None,
        doing: String::new(),
        auth_token: "secret".into(),
        created: 1_767_225_600_000,
        updated: 1_767_225_600_000,
        last_activity: 1_767_225_600_000,
        change: 1,
    }
}
