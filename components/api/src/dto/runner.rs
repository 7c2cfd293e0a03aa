//! Runners on the wire, as users and operators see them.

use serde::{Deserialize, Serialize};

use crate::contracts::scheduler::{self, Verdict};
use crate::contracts::store::Runner;
use crate::times::iso;

/// Generation of the protocol that runners speak: they poll for jobs and report their health.
const API_VERSION: &str = "2";

/// What the scheduler makes of a runner.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    /// Its verdict.
    pub verdict: Verdict,
    /// Its score.
    pub score: u32,
}

impl Health {
    /// The state of the wire. A suspect runner still serves; a silent one does not answer.
    fn state(self) -> &'static str {
        match self.verdict {
            Verdict::Initializing => "initializing",
            Verdict::Ready | Verdict::Suspect => "ready",
            Verdict::Unhealthy | Verdict::Disconnected | Verdict::Lost => "unresponsive",
        }
    }
}

/// The facts of the store as the scheduler takes them.
pub fn candidate(it: &Runner) -> scheduler::Runner {
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
    }
}

/// A number that is written as an integer if it is one: clients accept both, people prefer the former.
fn number(value: f64) -> serde_json::Number {
    let whole = value.trunc();
    if whole == value && value.abs() < 9e15 {
        return serde_json::Number::from(whole as i64);
    }
    serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into())
}

/// A runner.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunnerView {
    id: String,
    name: String,
    region: String,
    cpu: serde_json::Number,
    memory: serde_json::Number,
    disk: serde_json::Number,
    state: &'static str,
    unschedulable: bool,
    draining: bool,
    tags: [&'static str; 0],
    availability_score: u32,
    current_cpu_load_average: f64,
    current_cpu_usage_percentage: f64,
    current_memory_usage_percentage: f64,
    current_disk_usage_percentage: f64,
    current_allocated_cpu: serde_json::Number,
    #[serde(rename = "currentAllocatedMemoryGiB")]
    current_allocated_memory_gib: serde_json::Number,
    #[serde(rename = "currentAllocatedDiskGiB")]
    current_allocated_disk_gib: serde_json::Number,
    current_started_sandboxes: u32,
    last_checked: Option<String>,
    created_at: String,
    updated_at: String,
    version: &'static str,
    api_version: &'static str,
    app_version: String,
    runner_class: &'static str,
}

impl RunnerView {
    /// A runner and what the scheduler makes of it.
    pub fn new(it: &Runner, health: Health) -> Self {
        let cpus = |milli: u64| number(milli as f64 / 1000.0);
        let gib = |mib: u64| number(mib as f64 / 1024.0);
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            region: it.region.clone(),
            cpu: cpus(it.cpu_milli),
            memory: gib(it.memory_mib),
            disk: gib(it.disk_mib),
            state: health.state(),
            unschedulable: it.unschedulable,
            draining: it.draining,
            tags: [],
            availability_score: health.score,
            current_cpu_load_average: it.load,
            current_cpu_usage_percentage: it.cpu_used,
            current_memory_usage_percentage: it.memory_used,
            current_disk_usage_percentage: it.disk_used,
            current_allocated_cpu: cpus(it.sold_cpu_milli),
            current_allocated_memory_gib: gib(it.sold_memory_mib),
            current_allocated_disk_gib: gib(it.sold_disk_mib),
            current_started_sandboxes: it.started_sandboxes,
            last_checked: (it.last_report > 0).then(|| iso(it.last_report)),
            created_at: iso(it.created),
            updated_at: iso(it.updated),
            version: API_VERSION,
            api_version: API_VERSION,
            app_version: it.version.clone(),
            runner_class: "wasm",
        }
    }
}

/// A runner as it sees itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunnerFull {
    #[serde(flatten)]
    runner: RunnerView,
    api_key: String,
}

impl RunnerFull {
    /// The token is the one that the caller has presented: only its hash is kept.
    pub fn new(runner: RunnerView, token: &str) -> Self {
        Self {
            runner,
            api_key: token.to_owned(),
        }
    }
}

/// The body of the registration of a runner.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRunner {
    /// Region in which it is.
    pub region_id: String,
    /// Its name, unique in the region.
    pub name: String,
}

/// The answer to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedRunner {
    /// Its id.
    pub id: String,
    /// Its token, shown this once.
    pub api_key: String,
}

/// The body of a change of scheduling.
#[derive(Debug, Deserialize)]
pub struct Scheduling {
    /// Whether it takes nothing new.
    pub unschedulable: bool,
}

/// The body of a change of draining.
#[derive(Debug, Deserialize)]
pub struct Draining {
    /// Whether it is to be emptied.
    pub draining: bool,
}

#[cfg(test)]
pub(crate) fn sample() -> Runner {
    Runner {
        id: "5f0c6f7e-0000-4000-8000-000000000001".into(),
        name: "r1".into(),
        region: "lab_x7k2".into(),
        organization: Some("org-1".into()),
        unschedulable: false,
        draining: false,
        cpu_milli: 8_000,
        memory_mib: 16 * 1024,
        disk_mib: 100 * 1024,
        sold_cpu_milli: 1_500,
        sold_memory_mib: 1024,
        sold_disk_mib: 0,
        started_sandboxes: 0,
        cpu_used: 1.5,
        memory_used: 0.0,
        disk_used: 0.0,
        load: 0.0,
        healthy: true,
        last_report: 1_767_225_600_000,
        version: "0.1.0".into(),
        created: 1_767_225_600_000,
        updated: 1_767_225_600_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_has_the_fields_that_clients_need() {
        let view = RunnerView::new(
            &sample(),
            Health {
                verdict: Verdict::Ready,
                score: 84,
            },
        );
        let got = serde_json::to_value(RunnerFull::new(view, "token")).expect("JSON");
        let want = serde_json::json!({
            "id": "5f0c6f7e-0000-4000-8000-000000000001", "cpu": 8, "memory": 16, "disk": 100, "region": "lab_x7k2",
            "name": "r1", "state": "ready", "unschedulable": false, "tags": [], "version": "2", "apiVersion": "2",
            "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
            "availabilityScore": 84, "currentStartedSandboxes": 0, "lastChecked": "2026-01-01T00:00:00.000Z",
            "currentAllocatedCpu": 1.5, "currentAllocatedMemoryGiB": 1, "apiKey": "token",
        });
        for (name, value) in want.as_object().expect("an object") {
            assert_eq!(&got[name], value, "{name}");
        }
    }

    #[test]
    fn verdicts_become_the_states_of_the_wire() {
        let state = |verdict| Health { verdict, score: 0 }.state();
        assert_eq!(state(Verdict::Initializing), "initializing");
        assert_eq!(state(Verdict::Suspect), "ready");
        assert_eq!(state(Verdict::Disconnected), "unresponsive");
    }
}
