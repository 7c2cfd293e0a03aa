//! Columns of each table in the order in which rows are read, and the readers.

use serde::de::DeserializeOwned;

use crate::{
    error::{SqlError, StoreError},
    sql::{Reader, Row, Value},
    types::{
        ApiKey, Candidate, Decision, Grant, GrantKind, Job, JobKind, Member, MemberRole, Organization, Principal,
        Quota, Region, RegionKind, Role, Runner, Sandbox, Snapshot, Suspension, Task, Usage, User, Volume,
    },
};

/// One list of fields: the constant with the columns, and the reader of a row that was selected by it. A column is
/// named as its field, or as said in brackets.
macro_rules! row {
    ($columns:ident, $reader:ident, $fill:ident: $record:ident {
        $first:ident $([$first_column:literal])?: $first_kind:ident,
        $($field:ident $([$column:literal])?: $kind:ident),* $(,)?
    }) => {
        pub(crate) const $columns: &str =
            concat!(row!(@name $first $([$first_column])?), $(", ", row!(@name $field $([$column])?)),*);

        pub(crate) fn $reader(row: Row) -> Result<$record, SqlError> {
            $fill(&mut Reader::new(row))
        }

        /// Reads the columns from where the reader stands.
        pub(crate) fn $fill(row: &mut Reader) -> Result<$record, SqlError> {
            Ok($record { $first: row!(@read row $first_kind), $($field: row!(@read row $kind)),* })
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident [$column:literal]) => { $column };
    (@read $row:ident owner) => { Some($row.text()?).filter(|owner| !owner.is_empty()) };
    (@read $row:ident region_kind) => { region_kind(&$row.text()?)? };
    (@read $row:ident job_kind) => { job_kind(&$row.text()?)? };
    (@read $row:ident grant_kind) => { grant_kind(&$row.text()?)? };
    (@read $row:ident json) => { parse(&$row.text()?)? };
    (@read $row:ident suspension) => { suspension($row)? };
    (@read $row:ident $kind:ident) => { $row.$kind()? };
}

row!(ORGANIZATION, organization, organization_of: Organization {
    id: text, name: text, personal: bool, created_by: text, default_region: optional_text, max_cpu: u32,
    max_memory_gib: u32, max_disk_gib: u32, total_cpu: u32, total_memory_gib: u32, total_disk_gib: u32,
    suspended["suspended_reason, suspended_since, suspended_until"]: suspension, created: u64, updated: u64,
});
row!(USER, user, user_of: User { id: text, name: text, email: text, created: u64 });
row!(ROLE, role, role_of: Role {
    id: text, organization: text, name: text, description: text, permissions: json, created: u64, updated: u64,
});
row!(KEY, key, key_of: ApiKey {
    organization: text, user["subject"]: text, name: text, hint: text, permissions: json, created: u64,
    last_used: optional_u64, expires: optional_u64,
});
row!(QUOTA, quota, quota_of: Quota {
    organization: text, region: text, cpu: u32, memory_gib: u32, disk_gib: u32, updated: u64,
});
row!(USAGE, usage, usage_of: Usage {
    organization: text, region: text, cpu: u64, memory_gib: u64, disk_gib: u64, sandboxes: u64,
});
row!(REGION, region, region_of: Region {
    id: text, name: text, kind: region_kind, organization: owner, enforce_quotas: bool, policy: text,
    proxy_url: optional_text, ssh_gateway_url: optional_text, snapshot_manager_url: optional_text, created: u64,
    updated: u64,
});
row!(RUNNER, runner, runner_of: Runner {
    id: text, name: text, region: text, organization: optional_text, unschedulable: bool, draining: bool,
    cpu_milli: u64, memory_mib: u64, disk_mib: u64, sold_cpu_milli: u64, sold_memory_mib: u64, sold_disk_mib: u64,
    started_sandboxes: u32, cpu_used: real, memory_used: real, disk_used: real, load: real, healthy: bool,
    services: text, allocated_cpu_milli: u64, allocated_memory_mib: u64, allocated_disk_mib: u64, snapshots: json,
    tags: json, last_report: u64, lease_until: u64, connected_until: u64, verdict: text, verdict_since: u64,
    drain_started: bool, instance: text, version: text, created: u64, updated: u64,
});
row!(CANDIDATE, read_candidate, candidate_of: Candidate {
    id: text, verdict: text, unschedulable: bool, draining: bool, drain_started: bool, healthy: bool, last_report: u64,
    cpu_milli: u64, memory_mib: u64, disk_mib: u64, sold_cpu_milli: u64, sold_memory_mib: u64, sold_disk_mib: u64,
    started_sandboxes: u32, cpu_used: real, memory_used: real, disk_used: real, load: real,
    // Made exact by [`candidate`]; the list is read only if it is asked about, as parameter 2.
    has_snapshot["1, CASE WHEN ?2 = '' THEN '' ELSE snapshots END"]: bool,
});

/// A candidate for a sandbox from `snapshot`; empty: from any.
pub(crate) fn candidate(mut row: Row, snapshot: &str) -> Result<Candidate, SqlError> {
    let list = row.0.pop();
    let it = read_candidate(row)?;
    let has_snapshot = match list {
        _ if snapshot.is_empty() => true,
        Some(Value::Text(list)) => parse::<Vec<String>>(&list)?.iter().any(|one| one == snapshot),
        _ => return Err(SqlError::Damaged("the snapshots of a runner are no text".into())),
    };
    Ok(Candidate { has_snapshot, ..it })
}

row!(SANDBOX, sandbox, sandbox_of: Sandbox {
    id: text, organization: text, name: text, region: text, runner: optional_text, snapshot: text,
    user["os_user"]: text, env: text, labels: text, public: bool, network_block_all: bool,
    network_allow_list: optional_text, domain_allow_list: optional_text, cpu: u32, memory_gib: u32, disk_gib: u32,
    auto_stop: u32, auto_delete: i32, auto_archive: u32, state: text, desired: text, generation: u64,
    error_reason: optional_text, recoverable: bool, state_since: u64, parent: optional_text, image: optional_text,
    volumes: text, build_info: optional_text, build: optional_text, launch: text, backup_state: text, backup_manifest: optional_text,
    backup_created: optional_u64, doing: text, auth_token: text,
    created: u64, updated: u64, last_activity: u64, change: u64,
});
row!(JOB, job, job_of: Job {
    id: text, kind: job_kind, runner: text, sandbox: text, generation: u64, payload: text, created: u64, attempts: u32,
});
row!(TASK, task, task_of: Task {
    id: text, kind: job_kind, subject: text, runner: text, sandbox: optional_text, payload: text, created: u64,
});
row!(SNAPSHOT, snapshot, snapshot_of: Snapshot {
    id: text, organization: text, name: text, region: text, hidden: bool, state: text, image_name: optional_text,
    build_info: optional_text, config: text, cpu: u32, memory_gib: u32, disk_gib: u32, size_bytes: optional_u64,
    manifest: optional_text, error_reason: optional_text, source_sandbox: optional_text, runner: optional_text,
    state_since: u64, created: u64, updated: u64, last_used: optional_u64,
});
row!(VOLUME, volume, volume_of: Volume {
    id: text, organization: text, name: text, region: text, runner: optional_text, quota_gib: u32, state: text,
    error_reason: optional_text, created: u64, updated: u64, last_used: optional_u64,
});
row!(DECISION, decision, decision_of: Decision {
    position: u64, sandbox: text, organization: text, region: text, at: u64, facts: text,
});
row!(GRANT, grant, grant_of: Grant {
    id: text, kind: grant_kind, sandbox: text, organization: text, port: u32, created: u64, expires: u64,
});

/// Columns of a membership `m` and its user `u`.
pub(crate) const MEMBER: &str = "u.id, u.name, u.email, u.created, m.role, m.roles, m.created, m.updated";

pub(crate) fn member(row: Row) -> Result<Member, SqlError> {
    let mut row = Reader::new(row);
    Ok(Member {
        user: user_of(&mut row)?,
        role: member_role(&row.text()?)?,
        roles: parse(&row.text()?)?,
        created: row.u64()?,
        updated: row.u64()?,
    })
}

fn suspension(row: &mut Reader) -> Result<Option<Suspension>, SqlError> {
    let (reason, since, until) = (row.optional_text()?, row.optional_u64()?, row.optional_u64()?);
    Ok(reason.map(|reason| Suspension {
        reason,
        since: since.unwrap_or_default(),
        until,
    }))
}

/// All rows through one reader.
pub(crate) fn all<T>(rows: Vec<Row>, read: impl Fn(Row) -> Result<T, SqlError>) -> Result<Vec<T>, SqlError> {
    rows.into_iter().map(read).collect()
}

/// The first row through a reader, if there is one.
pub(crate) fn first<T>(rows: Vec<Row>, read: impl Fn(Row) -> Result<T, SqlError>) -> Result<Option<T>, SqlError> {
    rows.into_iter().next().map(read).transpose()
}

/// A column that holds JSON of our own.
pub(crate) fn parse<T: DeserializeOwned>(json: &str) -> Result<T, SqlError> {
    serde_json::from_str(json).map_err(|error| SqlError::Damaged(format!("JSON in a column: {error}")))
}

/// The JSON of a column.
pub(crate) fn json(list: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|error| StoreError::Internal(error.to_string()))
}

/// How the cases of an enumeration are written in a column.
macro_rules! names {
    ($name:ident, $read:ident: $kind:ident { $($case:ident: $text:literal),* $(,)? }) => {
        pub(crate) fn $name(kind: $kind) -> &'static str {
            match kind { $($kind::$case => $text),* }
        }

        pub(crate) fn $read(name: &str) -> Result<$kind, SqlError> {
            Ok(match name {
                $($text => $kind::$case,)*
                other => return Err(SqlError::Damaged(format!("unknown {} {other:?}", stringify!($kind)))),
            })
        }
    };
}

names!(principal_name, principal: Principal {
    User: "user", Runner: "runner", RegionProxy: "region-proxy", RegionSshGateway: "region-ssh-gateway",
    Operator: "operator",
});
names!(region_kind_name, region_kind: RegionKind { Shared: "shared", Dedicated: "dedicated", Custom: "custom" });
names!(job_kind_name, job_kind: JobKind {
    CreateSandbox: "create", StartSandbox: "start", StopSandbox: "stop", DestroySandbox: "destroy",
    UpdateSandbox: "update", SnapshotSandbox: "snapshot", CreateBackup: "backup", BuildSnapshot: "build",
    RemoveSnapshot: "discard", RemoveVolume: "discard-volume",
});
names!(member_role_name, member_role: MemberRole { Owner: "owner", Member: "member" });
names!(grant_kind_name, grant_kind: GrantKind { Preview: "preview", Ssh: "ssh" });
