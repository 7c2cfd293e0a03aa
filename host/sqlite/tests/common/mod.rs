//! Facts that the tests of the store share.

#![allow(dead_code, reason = "each test binary uses some of these")]

use std::{future::Future, path::Path};

use sandbar_sqlite::SqliteStore;
use sandbar_store::{
    Bootstrap, Health, JobKind, Observation, Organization, Placement, Runner, Sandbox, SandboxQuery, StoreError,
};

pub const NOW: u64 = 1_800_000_000_000;
pub const ORGANIZATION: &str = "org";
pub const REGION: &str = "us";

pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

pub fn organization(id: &str) -> Organization {
    Organization {
        id: id.into(),
        name: "Default".into(),
        personal: false,
        created_by: "user".into(),
        default_region: Some(REGION.into()),
        max_cpu: 4,
        max_memory_gib: 8,
        max_disk_gib: 10,
        total_cpu: 10,
        total_memory_gib: 10,
        total_disk_gib: 30,
        suspended: None,
        created: NOW,
        updated: NOW,
    }
}

pub fn bootstrap() -> Bootstrap {
    Bootstrap {
        organization: organization(ORGANIZATION),
        user: "user".into(),
        key_name: "first".into(),
        key_hash: "aa".repeat(32),
        permissions: vec!["write:sandboxes".into()],
        regions: vec![REGION.into()],
        now: NOW,
    }
}

/// A runner that has been asked to be made; it can hold `room` sandboxes of one CPU, GiB and GiB.
pub fn runner(id: &str, room: u64) -> Runner {
    Runner {
        id: id.into(),
        name: format!("name-{id}"),
        region: REGION.into(),
        organization: None,
        unschedulable: false,
        draining: false,
        cpu_milli: room * 1_000,
        memory_mib: room * 1_024,
        disk_mib: room * 1_024,
        sold_cpu_milli: 0,
        sold_memory_mib: 0,
        sold_disk_mib: 0,
        started_sandboxes: 0,
        cpu_used: 0.0,
        memory_used: 0.0,
        disk_used: 0.0,
        load: 0.0,
        healthy: true,
        services: "[]".into(),
        allocated_cpu_milli: 0,
        allocated_memory_mib: 0,
        allocated_disk_mib: 0,
        snapshots: vec![],
        tags: vec![],
        last_report: 0,
        lease_until: 0,
        connected_until: 0,
        verdict: String::new(),
        verdict_since: 0,
        drain_started: false,
        instance: String::new(),
        version: "1".into(),
        created: NOW,
        updated: NOW,
    }
}

pub fn sandbox(id: &str) -> Sandbox {
    Sandbox {
        id: id.into(),
        organization: ORGANIZATION.into(),
        name: format!("name-{id}"),
        region: REGION.into(),
        runner: None,
        snapshot: "default".into(),
        user: "daytona".into(),
        env: r#"{"A":"1"}"#.into(),
        labels: r#"{"purpose":"test"}"#.into(),
        public: false,
        network_block_all: false,
        network_allow_list: None,
        domain_allow_list: None,
        cpu: 1,
        memory_gib: 1,
        disk_gib: 1,
        auto_stop: 15,
        auto_delete: -1,
        auto_archive: 10_080,
        state: "creating".into(),
        desired: "started".into(),
        generation: 1,
        error_reason: None,
        recoverable: false,
        state_since: NOW,
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
        auth_token: "token".into(),
        created: NOW,
        updated: NOW,
        last_activity: NOW,
        change: 0,
    }
}

pub fn query() -> SandboxQuery {
    SandboxQuery {
        organization: ORGANIZATION.into(),
        sort: "createdAt".into(),
        limit: 200,
        ..SandboxQuery::default()
    }
}

/// On runner `r`, without totals.
pub fn placed(job: &str) -> Placement {
    placed_on("r", job)
}

pub fn placed_on(runner: &str, job: &str) -> Placement {
    Placement {
        runner: runner.into(),
        job_id: job.into(),
        payload: "{}".into(),
        totals: None,
        decision: format!(r#"{{"chosen":"{runner}"}}"#),
    }
}

pub fn seen(sandbox: &str, generation: u64, state: &str) -> Observation {
    Observation {
        sandbox: sandbox.into(),
        generation,
        state: state.into(),
        error_reason: None,
        recoverable: false,
        job: None,
    }
}

pub fn health(room: u64) -> Health {
    Health {
        cpu_milli: room * 1_000,
        memory_mib: room * 1_024,
        disk_mib: room * 1_024,
        cpu_used: 12.5,
        memory_used: 20.0,
        disk_used: 30.0,
        load: 0.25,
        started_sandboxes: 1,
        healthy: true,
        version: "2".into(),
        allocated_cpu_milli: 500,
        allocated_memory_mib: 256,
        allocated_disk_mib: 128,
        services: "[]".into(),
        snapshots: vec!["default".into()],
        lease_until: 0,
    }
}

/// Writes the first facts: one organization, one region, one runner `r` with `room`.
pub async fn prepare(store: &SqliteStore, room: u64) {
    store.bootstrap(bootstrap()).await.expect("bootstrap");
    store
        .create_runner(runner("r", room), "bb".repeat(32), true)
        .await
        .expect("a runner");
}

pub async fn create(store: &SqliteStore, id: &str) -> Result<Sandbox, StoreError> {
    store.create_sandbox(sandbox(id), placed(&format!("job-{id}"))).await
}

pub async fn destroy(store: &SqliteStore, id: &str, generation: u64) -> Result<Sandbox, StoreError> {
    let (job, kind) = (format!("destroy-{id}"), JobKind::DestroySandbox);
    store
        .change_intent(
            id.into(),
            generation,
            "destroyed".into(),
            job,
            kind,
            "{}".into(),
            None,
            NOW + 1,
        )
        .await
}

pub async fn assert_invariants(store: &SqliteStore) {
    let breaches = store.broken_invariants().await.expect("invariants can be checked");
    assert!(breaches.is_empty(), "{breaches:#?}");
}

/// A new store with the first facts and a runner of `room`.
pub async fn open(directory: &Path, room: u64) -> SqliteStore {
    let store = SqliteStore::open(directory.join("plane.db"), &Default::default()).expect("it opens");
    prepare(&store, room).await;
    store
}

/// A directory in memory where there is one: these tests are about order, not about a disk's speed.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a scratch directory")
}

/// How many times wider a test looks: 1, or what SANDBAR_SOAK says.
pub fn soak() -> u64 {
    std::env::var("SANDBAR_SOAK")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
        .max(1)
}
