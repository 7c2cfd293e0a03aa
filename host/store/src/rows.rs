//! Columns of each table in the order in which rows are read, and the readers.

use crate::{
    error::SqlError,
    sql::{Reader, Row},
    types::{Job, JobKind, Organization, Principal, Region, RegionKind, Runner, Sandbox},
};

pub(crate) const ORGANIZATION: &str = "id, name, default_region, max_cpu, max_memory_gib, max_disk_gib";
pub(crate) const REGION: &str = "id, name, kind, organization, enforce_quotas, proxy_url, \
     ssh_gateway_url, snapshot_manager_url, created, updated";
pub(crate) const RUNNER: &str = "id, name, region, organization, unschedulable, draining, cpu_milli, \
     memory_mib, disk_mib, sold_cpu_milli, sold_memory_mib, sold_disk_mib, started_sandboxes, cpu_used, \
     memory_used, disk_used, load, healthy, last_report, version, created, updated";
pub(crate) const SANDBOX: &str = "id, organization, name, region, runner, snapshot, os_user, env, labels, \
     public, network_block_all, network_allow_list, domain_allow_list, cpu, memory_gib, disk_gib, \
     auto_stop, auto_delete, auto_archive, state, desired, generation, error_reason, recoverable, \
     auth_token, created, updated, last_activity, change";
pub(crate) const JOB: &str = "id, kind, runner, sandbox, generation, payload, created, attempts";

pub(crate) fn organization(row: Row) -> Result<Organization, SqlError> {
    let mut row = Reader::new(row);
    Ok(Organization {
        id: row.text()?,
        name: row.text()?,
        default_region: row.optional_text()?,
        max_cpu: row.u32()?,
        max_memory_gib: row.u32()?,
        max_disk_gib: row.u32()?,
    })
}

pub(crate) fn region(row: Row) -> Result<Region, SqlError> {
    let mut row = Reader::new(row);
    Ok(Region {
        id: row.text()?,
        name: row.text()?,
        kind: region_kind(&row.text()?)?,
        organization: Some(row.text()?).filter(|owner| !owner.is_empty()),
        enforce_quotas: row.bool()?,
        proxy_url: row.optional_text()?,
        ssh_gateway_url: row.optional_text()?,
        snapshot_manager_url: row.optional_text()?,
        created: row.u64()?,
        updated: row.u64()?,
    })
}

pub(crate) fn runner(row: Row) -> Result<Runner, SqlError> {
    let mut row = Reader::new(row);
    Ok(Runner {
        id: row.text()?,
        name: row.text()?,
        region: row.text()?,
        organization: row.optional_text()?,
        unschedulable: row.bool()?,
        draining: row.bool()?,
        cpu_milli: row.u64()?,
        memory_mib: row.u64()?,
        disk_mib: row.u64()?,
        sold_cpu_milli: row.u64()?,
        sold_memory_mib: row.u64()?,
        sold_disk_mib: row.u64()?,
        started_sandboxes: row.u32()?,
        cpu_used: row.real()?,
        memory_used: row.real()?,
        disk_used: row.real()?,
        load: row.real()?,
        healthy: row.bool()?,
        last_report: row.u64()?,
        version: row.text()?,
        created: row.u64()?,
        updated: row.u64()?,
    })
}

pub(crate) fn sandbox(row: Row) -> Result<Sandbox, SqlError> {
    let mut row = Reader::new(row);
    Ok(Sandbox {
        id: row.text()?,
        organization: row.text()?,
        name: row.text()?,
        region: row.text()?,
        runner: row.optional_text()?,
        snapshot: row.text()?,
        user: row.text()?,
        env: row.text()?,
        labels: row.text()?,
        public: row.bool()?,
        network_block_all: row.bool()?,
        network_allow_list: row.optional_text()?,
        domain_allow_list: row.optional_text()?,
        cpu: row.u32()?,
        memory_gib: row.u32()?,
        disk_gib: row.u32()?,
        auto_stop: row.u32()?,
        auto_delete: row.i32()?,
        auto_archive: row.u32()?,
        state: row.text()?,
        desired: row.text()?,
        generation: row.u64()?,
        error_reason: row.optional_text()?,
        recoverable: row.bool()?,
        auth_token: row.text()?,
        created: row.u64()?,
        updated: row.u64()?,
        last_activity: row.u64()?,
        change: row.u64()?,
    })
}

pub(crate) fn job(row: Row) -> Result<Job, SqlError> {
    let mut row = Reader::new(row);
    Ok(Job {
        id: row.text()?,
        kind: job_kind(&row.text()?)?,
        runner: row.text()?,
        sandbox: row.text()?,
        generation: row.u64()?,
        payload: row.text()?,
        created: row.u64()?,
        attempts: row.u32()?,
    })
}

/// All rows through one reader.
pub(crate) fn all<T>(rows: Vec<Row>, read: impl Fn(Row) -> Result<T, SqlError>) -> Result<Vec<T>, SqlError> {
    rows.into_iter().map(read).collect()
}

/// The first row through a reader, if there is one.
pub(crate) fn first<T>(rows: Vec<Row>, read: impl Fn(Row) -> Result<T, SqlError>) -> Result<Option<T>, SqlError> {
    rows.into_iter().next().map(read).transpose()
}

pub(crate) fn principal_name(principal: Principal) -> &'static str {
    match principal {
        Principal::User => "user",
        Principal::Runner => "runner",
        Principal::RegionProxy => "region-proxy",
        Principal::RegionSshGateway => "region-ssh-gateway",
        Principal::Operator => "operator",
    }
}

pub(crate) fn principal(name: &str) -> Result<Principal, SqlError> {
    Ok(match name {
        "user" => Principal::User,
        "runner" => Principal::Runner,
        "region-proxy" => Principal::RegionProxy,
        "region-ssh-gateway" => Principal::RegionSshGateway,
        "operator" => Principal::Operator,
        other => return Err(SqlError::Damaged(format!("unknown principal {other:?}"))),
    })
}

pub(crate) fn region_kind_name(kind: RegionKind) -> &'static str {
    match kind {
        RegionKind::Shared => "shared",
        RegionKind::Dedicated => "dedicated",
        RegionKind::Custom => "custom",
    }
}

fn region_kind(name: &str) -> Result<RegionKind, SqlError> {
    Ok(match name {
        "shared" => RegionKind::Shared,
        "dedicated" => RegionKind::Dedicated,
        "custom" => RegionKind::Custom,
        other => return Err(SqlError::Damaged(format!("unknown kind of region {other:?}"))),
    })
}

pub(crate) fn job_kind_name(kind: JobKind) -> &'static str {
    match kind {
        JobKind::CreateSandbox => "create",
        JobKind::StartSandbox => "start",
        JobKind::StopSandbox => "stop",
        JobKind::DestroySandbox => "destroy",
    }
}

fn job_kind(name: &str) -> Result<JobKind, SqlError> {
    Ok(match name {
        "create" => JobKind::CreateSandbox,
        "start" => JobKind::StartSandbox,
        "stop" => JobKind::StopSandbox,
        "destroy" => JobKind::DestroySandbox,
        other => return Err(SqlError::Damaged(format!("unknown kind of job {other:?}"))),
    })
}
