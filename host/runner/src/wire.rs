//! What goes between runner and plane: jobs in, observations and health out.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Answer of `GET /jobs/poll`.
#[derive(Debug, Deserialize)]
pub(crate) struct Jobs {
    pub(crate) jobs: Vec<Job>,
}

/// One job. Types and resources that this version does not know are skipped by the reader.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Job {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) resource_id: String,
    pub(crate) payload: Option<String>,
}

/// The payload of a job, and a row of `GET /runners/me/sandboxes`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    pub(crate) id: String,
    pub(crate) generation: u64,
    #[serde(default)]
    pub(crate) organization_id: String,
    #[serde(default)]
    pub(crate) region_id: String,
    #[serde(default)]
    pub(crate) snapshot: Option<String>,
    #[serde(default, alias = "user")]
    pub(crate) os_user: Option<String>,
    /// Whole CPUs; absent in jobs that make nothing.
    #[serde(default, alias = "cpu")]
    pub(crate) cpu_quota: Option<u64>,
    /// GiB.
    #[serde(default, alias = "memory")]
    pub(crate) memory_quota: Option<u64>,
    /// GiB.
    #[serde(default, alias = "disk")]
    pub(crate) storage_quota: Option<u64>,
    #[serde(default)]
    pub(crate) env: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) network_block_all: bool,
    /// CIDRs, separated by commas.
    #[serde(default)]
    pub(crate) network_allow_list: Option<String>,
    /// Names, separated by commas.
    #[serde(default)]
    pub(crate) domain_allow_list: Option<String>,
    /// The sandbox whose files this one starts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// The snapshot that its files begin as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<Image>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) volumes: Vec<Mount>,
    #[serde(default)]
    pub(crate) launch: Launch,
}

/// How a sandbox begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Launch {
    /// Where its commands start; none: the user's home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) work_dir: Option<String>,
    /// What runs from each start on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) command: Vec<String>,
}

/// What a snapshot, or a backup, is asked for as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    /// Id of the snapshot.
    pub(crate) id: String,
    /// Its content digest.
    pub(crate) manifest: String,
}

/// A volume in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mount {
    pub(crate) id: String,
    pub(crate) mount_path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subpath: Option<String>,
    #[serde(default)]
    pub(crate) read_only: bool,
    #[serde(default)]
    pub(crate) quota_gib: u64,
}

/// What every task's payload may name; the rest is for whoever carries it out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskPayload {
    #[serde(default)]
    pub(crate) sandbox_id: Option<String>,
}

/// Body of `POST /jobs/{id}/status`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobStatus {
    /// `COMPLETED` or `FAILED`.
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_message: Option<String>,
    /// JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result_metadata: Option<String>,
}

/// Answer of `GET /runners/me/sandboxes`: the rows, bare or in an envelope.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Rows {
    Bare(Vec<Row>),
    Wrapped {
        #[serde(alias = "items")]
        sandboxes: Vec<Row>,
    },
}

impl Rows {
    pub(crate) fn into_vec(self) -> Vec<Row> {
        match self {
            Self::Bare(rows) | Self::Wrapped { sandboxes: rows } => rows,
        }
    }
}

/// What the plane wants of one sandbox that it placed here: the fields of a payload, with intent and observation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) payload: Payload,
    /// `started`, `stopped`, `destroyed`.
    #[serde(alias = "desired")]
    pub(crate) desired_state: String,
    /// What the plane last heard: `creating`, `started`, `stopped`, ...
    pub(crate) state: String,
}

/// Body of `POST /runners/attach`.
#[derive(Debug, Serialize)]
pub(crate) struct Attach<'a> {
    /// Identity of the data directory.
    pub(crate) instance: &'a str,
}

/// The answer to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attached {
    /// Number of this process; newer ones are greater.
    pub(crate) process: u64,
    pub(crate) runner_id: String,
    #[serde(default)]
    pub(crate) region: String,
    #[serde(default)]
    pub(crate) report_every_ms: u64,
    /// Origin to link to; empty: the API's.
    #[serde(default)]
    pub(crate) link_url: Option<String>,
}

/// Body of `POST /runners/report`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) observations: Vec<Observation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) health: Option<Healthcheck>,
}

/// The answer to it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reported {
    /// How long, from when the report was sent, this runner holds its sandboxes.
    pub(crate) lease_ms: u64,
    #[serde(default)]
    pub(crate) disowned: Vec<Disowned>,
}

/// A sandbox that is no longer this runner's, up to a generation.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Disowned {
    pub(crate) sandbox_id: String,
    pub(crate) generation: u64,
}

/// One observation of one sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Observation {
    pub(crate) sandbox_id: String,
    pub(crate) generation: u64,
    pub(crate) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_reason: Option<String>,
    pub(crate) recoverable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job_id: Option<String>,
}

/// The body of a health check, in a report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Healthcheck {
    pub(crate) metrics: HealthMetrics,
    pub(crate) services: Vec<ServiceHealth>,
    pub(crate) snapshots: Vec<String>,
    pub(crate) app_version: &'static str,
}

/// Twelve numbers; all are required by the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HealthMetrics {
    pub(crate) current_cpu_load_average: f64,
    pub(crate) current_cpu_usage_percentage: f64,
    pub(crate) current_memory_usage_percentage: f64,
    pub(crate) current_disk_usage_percentage: f64,
    pub(crate) current_allocated_cpu: f64,
    #[serde(rename = "currentAllocatedMemoryGiB")]
    pub(crate) current_allocated_memory_gib: f64,
    #[serde(rename = "currentAllocatedDiskGiB")]
    pub(crate) current_allocated_disk_gib: f64,
    pub(crate) current_snapshot_count: u32,
    pub(crate) current_started_sandboxes: u32,
    pub(crate) cpu: f64,
    #[serde(rename = "memoryGiB")]
    pub(crate) memory_gib: f64,
    #[serde(rename = "diskGiB")]
    pub(crate) disk_gib: f64,
}

/// Whether a service of this runner works.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceHealth {
    pub(crate) service_name: String,
    pub(crate) healthy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_as_the_plane_sends_it() {
        let text = r#"{"jobs":[{"id":"j","type":"CREATE_SANDBOX","status":"IN_PROGRESS","resourceType":"SANDBOX",
            "resourceId":"s","payload":"{\"id\":\"s\",\"generation\":1,\"cpuQuota\":2,\"env\":{\"A\":\"b\"}}",
            "createdAt":"x","updatedAt":"x"}]}"#;
        let jobs: Jobs = serde_json::from_str(text).expect("jobs");
        let payload: Payload =
            serde_json::from_str(jobs.jobs[0].payload.as_deref().expect("payload")).expect("payload");
        assert_eq!((payload.generation, payload.cpu_quota), (1, Some(2)));
        assert_eq!(payload.env.expect("env")["A"], "b");
    }

    #[test]
    fn rows_come_bare_or_wrapped() {
        let row = r#"{"id":"s","generation":2,"cpuQuota":1,"desiredState":"started","state":"creating","labels":{}}"#;
        for text in [
            format!("[{row}]"),
            format!(r#"{{"sandboxes":[{row}]}}"#),
            format!(r#"{{"items":[{row}]}}"#),
        ] {
            let rows = serde_json::from_str::<Rows>(&text).expect("rows").into_vec();
            assert_eq!((rows[0].payload.generation, rows[0].state.as_str()), (2, "creating"));
        }
    }

    #[test]
    fn a_healthcheck_has_its_twelve_numbers() {
        let zero = HealthMetrics {
            current_cpu_load_average: 0.0,
            current_cpu_usage_percentage: 0.0,
            current_memory_usage_percentage: 0.0,
            current_disk_usage_percentage: 0.0,
            current_allocated_cpu: 0.0,
            current_allocated_memory_gib: 0.0,
            current_allocated_disk_gib: 0.0,
            current_snapshot_count: 0,
            current_started_sandboxes: 0,
            cpu: 0.0,
            memory_gib: 0.0,
            disk_gib: 0.0,
        };
        let value = serde_json::to_value(zero).expect("JSON");
        for name in [
            "currentAllocatedMemoryGiB",
            "memoryGiB",
            "diskGiB",
            "currentCpuLoadAverage",
        ] {
            assert!(value.get(name).is_some(), "{name}");
        }
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(12));
    }
}
