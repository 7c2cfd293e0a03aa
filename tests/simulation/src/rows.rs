//! Between the store's rows and what components take, as `components/api` does it.

use api::contracts::store as wit;
use sandbar_store::{Candidate, Finding, JobKind, Runner, Sandbox};
use through_wasm_scheduler as scheduler;

/// Of every sandbox and runner here.
pub(crate) const REGION: &str = "sim";
pub(crate) const ORGANIZATION: &str = "org";
/// When the virtual clock begins, by the plane's clock.
pub(crate) const EPOCH: u64 = 1_800_000_000_000;

/// A sandbox as the API's rules know it.
pub(crate) fn sandbox(it: &Sandbox) -> wit::Sandbox {
    wit::Sandbox {
        id: it.id.clone(),
        organization: it.organization.clone(),
        name: it.name.clone(),
        region: it.region.clone(),
        runner: it.runner.clone(),
        snapshot: it.snapshot.clone(),
        user: it.user.clone(),
        env: it.env.clone(),
        labels: it.labels.clone(),
        network_allow_list: it.network_allow_list.clone(),
        domain_allow_list: it.domain_allow_list.clone(),
        state: it.state.clone(),
        desired: it.desired.clone(),
        error_reason: it.error_reason.clone(),
        parent: it.parent.clone(),
        image: it.image.clone(),
        volumes: it.volumes.clone(),
        build_info: it.build_info.clone(),
        build: it.build.clone(),
        launch: it.launch.clone(),
        backup_state: it.backup_state.clone(),
        backup_manifest: it.backup_manifest.clone(),
        backup_created: it.backup_created,
        doing: it.doing.clone(),
        auth_token: it.auth_token.clone(),
        public: it.public,
        network_block_all: it.network_block_all,
        cpu: it.cpu,
        memory_gib: it.memory_gib,
        disk_gib: it.disk_gib,
        auto_stop: it.auto_stop,
        auto_delete: it.auto_delete,
        auto_archive: it.auto_archive,
        generation: it.generation,
        recoverable: it.recoverable,
        state_since: it.state_since,
        created: it.created,
        updated: it.updated,
        last_activity: it.last_activity,
        change: it.change,
    }
}

/// A finding of the API's rules, for the store.
pub(crate) fn finding(it: wit::Finding) -> Finding {
    Finding {
        sandbox: it.sandbox,
        generation: it.generation,
        state: it.state,
        error_reason: it.error_reason,
        recoverable: it.recoverable,
        fence: it.fence,
        release: it.release,
    }
}

/// A kind of job, from the API's rules.
pub(crate) fn kind(it: wit::JobKind) -> JobKind {
    match it {
        wit::JobKind::CreateSandbox => JobKind::CreateSandbox,
        wit::JobKind::StartSandbox => JobKind::StartSandbox,
        wit::JobKind::StopSandbox => JobKind::StopSandbox,
        wit::JobKind::DestroySandbox => JobKind::DestroySandbox,
        wit::JobKind::UpdateSandbox => JobKind::UpdateSandbox,
        wit::JobKind::SnapshotSandbox => JobKind::SnapshotSandbox,
        wit::JobKind::CreateBackup => JobKind::CreateBackup,
        wit::JobKind::BuildSnapshot => JobKind::BuildSnapshot,
        wit::JobKind::RemoveSnapshot => JobKind::RemoveSnapshot,
        wit::JobKind::RemoveVolume => JobKind::RemoveVolume,
    }
}

/// What the scheduler needs, from whole CPUs, GiB, GiB.
pub(crate) fn need(cpu: u32, memory_gib: u32, disk_gib: u32) -> scheduler::Amounts {
    scheduler::Amounts {
        cpu_milli: u64::from(cpu) * 1_000,
        memory_mib: u64::from(memory_gib) * 1_024,
        disk_mib: u64::from(disk_gib) * 1_024,
    }
}

/// A runner as the scheduler sees it. All have the snapshot.
pub(crate) fn candidate(it: &Candidate) -> scheduler::Runner {
    scheduler::Runner {
        id: it.id.clone(),
        unschedulable: it.unschedulable,
        draining: it.draining,
        healthy: it.healthy,
        last_report: it.last_report,
        allocatable: scheduler::Amounts {
            cpu_milli: it.cpu_milli,
            memory_mib: it.memory_mib,
            disk_mib: it.disk_mib,
        },
        sold: scheduler::Amounts {
            cpu_milli: it.sold_cpu_milli,
            memory_mib: it.sold_memory_mib,
            disk_mib: it.sold_disk_mib,
        },
        started_sandboxes: it.started_sandboxes,
        cpu_used: it.cpu_used,
        memory_used: it.memory_used,
        disk_used: it.disk_used,
        load: it.load,
        has_snapshot: it.has_snapshot,
    }
}

/// A runner that is to be registered.
pub(crate) fn new_runner(id: &str) -> Runner {
    Runner {
        id: id.into(),
        name: id.into(),
        region: REGION.into(),
        organization: None,
        unschedulable: false,
        draining: false,
        cpu_milli: 0,
        memory_mib: 0,
        disk_mib: 0,
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
        snapshots: Vec::new(),
        tags: Vec::new(),
        last_report: 0,
        lease_until: 0,
        connected_until: 0,
        verdict: String::new(),
        verdict_since: 0,
        drain_started: false,
        instance: String::new(),
        version: String::new(),
        created: EPOCH,
        updated: EPOCH,
    }
}

/// A sandbox that is to be created.
pub(crate) fn new_sandbox(id: &str, size: (u32, u32, u32), now: u64) -> Sandbox {
    Sandbox {
        id: id.into(),
        organization: ORGANIZATION.into(),
        name: id.into(),
        region: REGION.into(),
        runner: None,
        snapshot: "default".into(),
        user: "daytona".into(),
        env: "{}".into(),
        labels: "{}".into(),
        public: false,
        network_block_all: false,
        network_allow_list: None,
        domain_allow_list: None,
        cpu: size.0,
        memory_gib: size.1,
        disk_gib: size.2,
        auto_stop: 0,
        auto_delete: -1,
        auto_archive: 0,
        state: "creating".into(),
        desired: "started".into(),
        generation: 1,
        error_reason: None,
        recoverable: false,
        state_since: now,
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
        auth_token: id.into(),
        created: now,
        updated: now,
        last_activity: now,
        change: 0,
    }
}
