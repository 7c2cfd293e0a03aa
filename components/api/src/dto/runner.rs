//! Runners on the wire, as users and operators see them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contracts::scheduler::{self, Verdict};
use crate::contracts::store::{Candidate, RegionKind, Runner};
use crate::dto::SNAPSHOT;
use crate::dto::region::kind;
use crate::http::Problem;
use crate::times::iso;

/// Generation of the protocol that runners speak: they poll for jobs and report their health.
const API_VERSION: &str = "2";

/// What the scheduler makes of a runner.
#[derive(Clone, Copy, Debug)]
pub struct RunnerHealth {
    /// Its verdict.
    pub verdict: Verdict,
    /// Its score.
    pub score: u32,
}

/// The name of a verdict, as the store keeps it.
pub fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Initializing => "initializing",
        Verdict::Ready => "ready",
        Verdict::Unhealthy => "unhealthy",
        Verdict::Suspect => "suspect",
        Verdict::Disconnected => "disconnected",
        Verdict::Lost => "lost",
    }
}

impl RunnerHealth {
    /// The state of the wire. A suspect runner still serves; a silent one does not answer; a lost one has been given up;
    /// one that was drained until nothing was left has done its duty.
    fn state(self, it: &Runner) -> &'static str {
        let empty = it.sold_cpu_milli == 0 && it.sold_memory_mib == 0 && it.sold_disk_mib == 0;
        match self.verdict {
            Verdict::Initializing => "initializing",
            _ if it.draining && empty => "decommissioned",
            Verdict::Ready | Verdict::Suspect => "ready",
            Verdict::Unhealthy | Verdict::Disconnected => "unresponsive",
            Verdict::Lost => "disabled",
        }
    }
}

/// The facts of the store as the scheduler takes them: the same fields of a [`Runner`] and of a [`Candidate`].
macro_rules! facts {
    ($it:expr, $has_snapshot:expr) => {
        scheduler::Runner {
            has_snapshot: $has_snapshot,
            id: $it.id.clone(),
            unschedulable: $it.unschedulable,
            draining: $it.draining,
            healthy: $it.healthy,
            last_report: $it.last_report,
            allocatable: scheduler::Amounts {
                cpu_milli: $it.cpu_milli,
                memory_mib: $it.memory_mib,
                disk_mib: $it.disk_mib,
            },
            sold: scheduler::Amounts {
                cpu_milli: $it.sold_cpu_milli,
                memory_mib: $it.sold_memory_mib,
                disk_mib: $it.sold_disk_mib,
            },
            started_sandboxes: $it.started_sandboxes,
            cpu_used: $it.cpu_used,
            memory_used: $it.memory_used,
            disk_used: $it.disk_used,
            load: $it.load,
        }
    };
}

/// A runner as the scheduler takes it, for a sandbox from `snapshot`. The platform's own snapshot is part of every runner.
pub fn candidate(it: &Runner, snapshot: &str) -> scheduler::Runner {
    let has_snapshot = asked(snapshot).is_empty() || it.snapshots.iter().any(|one| one == snapshot);
    facts!(it, has_snapshot)
}

/// The snapshot that the store is asked about for a sandbox from `snapshot`: none for the platform's own, which is part of
/// every runner.
pub fn asked(snapshot: &str) -> &str {
    if snapshot == SNAPSHOT { "" } else { snapshot }
}

/// The narrow facts of the store, as the scheduler takes them.
pub fn narrow(it: &Candidate) -> scheduler::Runner {
    facts!(it, it.has_snapshot)
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
    tags: Vec<String>,
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
    current_snapshot_count: usize,
    gpu: u32,
    sandbox_class: &'static str,
    service_health: Value,
    last_checked: Option<String>,
    created_at: String,
    updated_at: String,
    version: &'static str,
    api_version: &'static str,
    app_version: String,
    runner_class: &'static str,
    organization_id: Option<String>,
    verdict: VerdictView,
    drain_started: bool,
    lease_until: Option<String>,
    connected: bool,
    /// What the plane has sold, beside what the runner says it has allocated.
    sold: Sold,
}

#[derive(Debug, Serialize)]
struct VerdictView {
    name: &'static str,
    /// Since when, as far as it was acted upon.
    since: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sold {
    cpu: serde_json::Number,
    #[serde(rename = "memoryGiB")]
    memory_gib: serde_json::Number,
    #[serde(rename = "diskGiB")]
    disk_gib: serde_json::Number,
}

impl RunnerView {
    /// A runner and what the scheduler makes of it, at `now`.
    pub fn new(it: &Runner, health: RunnerHealth, now: u64) -> Self {
        let name = verdict_name(health.verdict);
        let cpus = |milli: u64| number(milli as f64 / 1000.0);
        let gib = |mib: u64| number(mib as f64 / 1024.0);
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            region: it.region.clone(),
            cpu: cpus(it.cpu_milli),
            memory: gib(it.memory_mib),
            disk: gib(it.disk_mib),
            state: health.state(it),
            unschedulable: it.unschedulable,
            draining: it.draining,
            tags: it.tags.clone(),
            availability_score: health.score,
            current_cpu_load_average: it.load,
            current_cpu_usage_percentage: it.cpu_used,
            current_memory_usage_percentage: it.memory_used,
            current_disk_usage_percentage: it.disk_used,
            current_allocated_cpu: cpus(it.allocated_cpu_milli),
            current_allocated_memory_gib: gib(it.allocated_memory_mib),
            current_allocated_disk_gib: gib(it.allocated_disk_mib),
            current_started_sandboxes: it.started_sandboxes,
            // The platform's own is part of every runner, named or not.
            current_snapshot_count: 1 + it.snapshots.iter().filter(|name| *name != SNAPSHOT).count(),
            gpu: 0,
            sandbox_class: "wasm",
            service_health: serde_json::from_str(&it.services).unwrap_or_else(|_| Value::Array(Vec::new())),
            last_checked: (it.last_report > 0).then(|| iso(it.last_report)),
            created_at: iso(it.created),
            updated_at: iso(it.updated),
            version: API_VERSION,
            api_version: API_VERSION,
            app_version: it.version.clone(),
            runner_class: "wasm",
            organization_id: it.organization.clone(),
            verdict: VerdictView {
                name,
                since: (it.verdict == name && it.verdict_since > 0).then(|| iso(it.verdict_since)),
            },
            drain_started: it.drain_started,
            lease_until: (it.lease_until > 0).then(|| iso(it.lease_until)),
            connected: it.connected_until > now,
            sold: Sold {
                cpu: cpus(it.sold_cpu_milli),
                memory_gib: gib(it.sold_memory_mib),
                disk_gib: gib(it.sold_disk_mib),
            },
        }
    }
}

/// A runner as it sees itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunnerFull {
    #[serde(flatten)]
    runner: RunnerView,
    /// Only hashes are kept: empty for all but the runner itself.
    api_key: String,
    region_type: &'static str,
}

impl RunnerFull {
    /// The token is the one that the caller has presented: only its hash is kept.
    pub fn new(runner: RunnerView, token: &str, region: RegionKind) -> Self {
        Self {
            runner,
            region_type: kind(region),
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
    /// For people.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Operators: the token, if it is to be a given one.
    pub api_key: Option<String>,
}

/// Tags of a runner, and bytes of one: they are shown in lists.
const TAGS: (usize, usize) = (32, 64);

impl CreateRunner {
    /// Checks the tags; 400 if there are too many, or one is none.
    pub fn check(&self) -> Result<(), Problem> {
        let fits = |tag: &String| !tag.is_empty() && tag.len() <= TAGS.1 && !tag.chars().any(char::is_control);
        if self.tags.len() > TAGS.0 || !self.tags.iter().all(fits) {
            return Err(Problem::BadRequest(format!(
                "tags: at most {} of 1 to {} bytes without control characters",
                TAGS.0, TAGS.1
            )));
        }
        Ok(())
    }
}

/// A runner that has a snapshot.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunnerSnapshot {
    /// Made of both ids.
    pub runner_snapshot_id: String,
    /// Which runner.
    pub runner_id: String,
}

/// The body of a rotation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rotation {
    /// How long the old token is good, so that nothing is interrupted.
    pub grace_seconds: Option<u64>,
}

/// The answer to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotated {
    /// The runner.
    pub id: String,
    /// The new token, shown this once.
    pub api_key: String,
    /// Until when the old one is good.
    pub old_valid_until: String,
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
#[serde(rename_all = "camelCase")]
pub struct Draining {
    /// Whether it is to be emptied.
    pub draining: bool,
    /// Whether what is started is stopped first.
    pub stop_started: Option<bool>,
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
        services: "[]".into(),
        allocated_cpu_milli: 1_500,
        allocated_memory_mib: 1024,
        allocated_disk_mib: 0,
        snapshots: vec!["sandbar".into()],
        tags: vec!["fast".into()],
        lease_until: 0,
        connected_until: 1_767_225_600_000,
        verdict: "ready".into(),
        verdict_since: 1_767_225_600_000,
        drain_started: false,
        instance: String::new(),
        version: "0.1.0".into(),
        created: 1_767_225_600_000,
        updated: 1_767_225_600_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(verdict: Verdict) -> RunnerHealth {
        RunnerHealth { verdict, score: 84 }
    }

    #[test]
    fn a_runner_has_the_fields_that_clients_need() {
        let view = RunnerView::new(&sample(), health(Verdict::Ready), 1_767_225_599_999);
        let got = serde_json::to_value(RunnerFull::new(view, "token", RegionKind::Custom)).expect("JSON");
        let want = serde_json::json!({
            "id": "5f0c6f7e-0000-4000-8000-000000000001", "cpu": 8, "memory": 16, "disk": 100, "region": "lab_x7k2",
            "name": "r1", "state": "ready", "unschedulable": false, "tags": ["fast"], "version": "2", "apiVersion": "2",
            "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
            "availabilityScore": 84, "currentStartedSandboxes": 0, "lastChecked": "2026-01-01T00:00:00.000Z",
            "currentAllocatedCpu": 1.5, "currentAllocatedMemoryGiB": 1, "apiKey": "token", "regionType": "custom",
            "currentSnapshotCount": 1, "serviceHealth": [], "connected": true, "leaseUntil": null,
            "verdict": {"name": "ready", "since": "2026-01-01T00:00:00.000Z"}, "sold": {"cpu": 1.5, "memoryGiB": 1,
            "diskGiB": 0},
        });
        for (name, value) in want.as_object().expect("an object") {
            assert_eq!(&got[name], value, "{name}");
        }
    }

    #[test]
    fn verdicts_become_the_states_of_the_wire() {
        let drained = Runner {
            draining: true,
            sold_cpu_milli: 0,
            sold_memory_mib: 0,
            sold_disk_mib: 0,
            ..sample()
        };
        let draining = Runner {
            draining: true,
            ..sample()
        };
        for (verdict, runner, want) in [
            (Verdict::Initializing, &drained, "initializing"),
            (Verdict::Ready, &sample(), "ready"),
            (Verdict::Suspect, &sample(), "ready"),
            (Verdict::Unhealthy, &sample(), "unresponsive"),
            (Verdict::Disconnected, &sample(), "unresponsive"),
            (Verdict::Lost, &sample(), "disabled"),
            (Verdict::Ready, &draining, "ready"),
            (Verdict::Ready, &drained, "decommissioned"),
            (Verdict::Lost, &drained, "decommissioned"),
        ] {
            assert_eq!(health(verdict).state(runner), want, "{verdict:?}");
        }
    }

    #[test]
    fn a_verdict_that_was_not_acted_upon_has_no_since() {
        let view = RunnerView::new(&sample(), health(Verdict::Suspect), 0);
        let got = serde_json::to_value(view).expect("JSON");
        assert_eq!(got["verdict"], serde_json::json!({"name": "suspect", "since": null}));
    }

    #[test]
    fn tags_are_few_and_short() {
        let body = |tags: Vec<String>| CreateRunner {
            region_id: "r".into(),
            name: "n".into(),
            tags,
            api_key: None,
        };
        assert_eq!(body(vec!["a".into()]).check(), Ok(()));
        for bad in [vec![String::new()], vec!["x".repeat(65)], vec!["a".into(); 33]] {
            assert!(body(bad).check().is_err());
        }
    }
}
