//! How a runner is, as it says itself.

use serde::{Deserialize, Serialize};

use crate::contracts::store::Health;
use crate::dto::agent::cut;
use crate::http::Problem;

/// Services of one health check: a runner has a handful.
const SERVICES: usize = 32;
/// Snapshots of one health check.
const SNAPSHOTS: usize = 1_000;

/// The body of a health check. Numbers that are not there are 0.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Healthcheck {
    metrics: Option<Metrics>,
    service_health: Vec<Service>,
    /// Older names of the same: agents may send either.
    services: Vec<Service>,
    snapshots: Vec<String>,
    app_version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metrics {
    current_cpu_load_average: f64,
    current_cpu_usage_percentage: f64,
    current_memory_usage_percentage: f64,
    current_disk_usage_percentage: f64,
    current_started_sandboxes: f64,
    current_allocated_cpu: f64,
    #[serde(rename = "currentAllocatedMemoryGiB")]
    current_allocated_memory_gib: f64,
    #[serde(rename = "currentAllocatedDiskGiB")]
    current_allocated_disk_gib: f64,
    cpu: f64,
    #[serde(rename = "memoryGiB")]
    memory_gib: f64,
    #[serde(rename = "diskGiB")]
    disk_gib: f64,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    service_name: String,
    healthy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_reason: Option<String>,
}

/// The health in a health check that grants a lease until then; 400 without metrics, or with what cannot be.
pub fn health(check: Healthcheck, lease_until: u64) -> Result<Health, Problem> {
    let bad = |what: &str| Problem::BadRequest(format!("metrics: {what}"));
    let metrics = check.metrics.ok_or_else(|| bad("missing"))?;
    let all = [
        metrics.current_cpu_load_average,
        metrics.current_cpu_usage_percentage,
        metrics.current_memory_usage_percentage,
        metrics.current_disk_usage_percentage,
        metrics.current_started_sandboxes,
        metrics.current_allocated_cpu,
        metrics.current_allocated_memory_gib,
        metrics.current_allocated_disk_gib,
        metrics.cpu,
        metrics.memory_gib,
        metrics.disk_gib,
    ];
    // A million of anything is beyond every machine, and far below what would overflow.
    if all.iter().any(|number| !(0.0..=1e6).contains(number)) {
        return Err(bad("each number is between 0 and 1000000"));
    }
    let services: Vec<Service> = check.service_health.into_iter().chain(check.services).collect();
    if services.len() > SERVICES || check.snapshots.len() > SNAPSHOTS {
        return Err(Problem::BadRequest(format!(
            "a health check has at most {SERVICES} services and {SNAPSHOTS} snapshots"
        )));
    }
    let healthy = services.iter().all(|service| service.healthy);
    let services: Vec<Service> = services
        .into_iter()
        .map(|it| Service {
            service_name: cut(&it.service_name, 64),
            error_reason: it.error_reason.map(|reason| cut(&reason, 256)),
            ..it
        })
        .collect();
    // In range, so the conversions are exact.
    Ok(Health {
        cpu_milli: (metrics.cpu * 1000.0).round() as u64,
        memory_mib: (metrics.memory_gib * 1024.0).round() as u64,
        disk_mib: (metrics.disk_gib * 1024.0).round() as u64,
        cpu_used: metrics.current_cpu_usage_percentage,
        memory_used: metrics.current_memory_usage_percentage,
        disk_used: metrics.current_disk_usage_percentage,
        load: metrics.current_cpu_load_average,
        started_sandboxes: metrics.current_started_sandboxes.round() as u32,
        healthy,
        version: cut(&check.app_version, 64),
        allocated_cpu_milli: (metrics.current_allocated_cpu * 1000.0).round() as u64,
        allocated_memory_mib: (metrics.current_allocated_memory_gib * 1024.0).round() as u64,
        allocated_disk_mib: (metrics.current_allocated_disk_gib * 1024.0).round() as u64,
        services: serde_json::to_string(&services).unwrap_or_default(),
        snapshots: check.snapshots.iter().map(|name| cut(name, 256)).collect(),
        lease_until,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn health_is_taken_from_the_twelve_numbers() {
        let body = json!({
            "metrics": {
                "currentCpuLoadAverage": 0.5, "currentCpuUsagePercentage": 10.5, "currentMemoryUsagePercentage": 20,
                "currentDiskUsagePercentage": 30, "currentAllocatedCpu": 1, "currentAllocatedMemoryGiB": 1,
                "currentAllocatedDiskGiB": 3, "currentSnapshotCount": 1, "currentStartedSandboxes": 4, "cpu": 7.5,
                "memoryGiB": 15.5, "diskGiB": 99,
            },
            "serviceHealth": [{"serviceName": "runner", "healthy": true}],
            "appVersion": "0.1.0",
        });
        let got = health(serde_json::from_value(body.clone()).expect("fits"), 9).expect("fine");
        assert_eq!((got.lease_until, got.allocated_memory_mib), (9, 1_024));
        assert_eq!((got.cpu_milli, got.memory_mib, got.disk_mib), (7_500, 15_872, 101_376));
        assert_eq!((got.started_sandboxes, got.healthy, got.cpu_used), (4, true, 10.5));

        let mut unwell = body.clone();
        unwell["serviceHealth"][0]["healthy"] = json!(false);
        assert!(
            !health(serde_json::from_value(unwell).expect("fits"), 9)
                .expect("fine")
                .healthy
        );
        let mut absurd = body;
        absurd["metrics"]["cpu"] = json!(-1);
        assert!(health(serde_json::from_value(absurd).expect("fits"), 9).is_err());
        assert!(health(Healthcheck::default(), 9).is_err());
    }
}
