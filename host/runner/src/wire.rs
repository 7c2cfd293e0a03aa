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
#[derive(Debug, Clone, Deserialize)]
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
    #[serde(default)]
    pub(crate) os_user: Option<String>,
    /// Whole CPUs; absent in jobs that make nothing.
    pub(crate) cpu_quota: Option<u64>,
    /// GiB.
    pub(crate) memory_quota: Option<u64>,
    /// GiB.
    pub(crate) storage_quota: Option<u64>,
    #[serde(default)]
    pub(crate) env: Option<BTreeMap<String, String>>,
}

/// Answer of `GET /runners/me/sandboxes`.
#[derive(Debug, Deserialize)]
pub(crate) struct Rows {
    pub(crate) sandboxes: Vec<Row>,
}

/// What the plane wants of one sandbox that it placed here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    /// The payload with which it would be made today, as JSON.
    pub(crate) payload: String,
    /// `started`, `stopped`, `destroyed`.
    pub(crate) desired_state: String,
    /// What the plane last heard.
    pub(crate) state: String,
}

/// Body of `POST /runners/report`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) observations: Vec<Observation>,
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

/// Body of `POST /runners/healthcheck`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Healthcheck {
    pub(crate) metrics: HealthMetrics,
    pub(crate) service_health: Vec<ServiceHealth>,
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
    pub(crate) service_name: &'static str,
    pub(crate) healthy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_reason: Option<&'static str>,
}
