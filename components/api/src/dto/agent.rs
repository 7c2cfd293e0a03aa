//! What goes between a runner and the plane: jobs out, observations and health in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contracts::store::{Job, JobKind, Observation, Sandbox, TaskResult};
use crate::dto::{Healthcheck, Launch};
use crate::http::Problem;
use crate::times::iso;

/// Observations of one report; the store takes as many.
pub const OBSERVATIONS: usize = 5_000;
/// Bytes of a reason that a runner gives; longer ones are cut.
const REASON: usize = 1_024;

/// The payload of a job: what a runner must know of the sandbox under this generation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    id: String,
    generation: u64,
    name: String,
    organization_id: String,
    region_id: String,
    snapshot: String,
    os_user: String,
    cpu_quota: u32,
    memory_quota: u32,
    storage_quota: u32,
    env: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    network_block_all: bool,
    network_allow_list: Option<String>,
    domain_allow_list: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// The snapshot that its files begin as.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Launch::is_plain")]
    launch: Launch,
}

impl Payload {
    fn new(it: &Sandbox, generation: u64) -> Self {
        Self {
            id: it.id.clone(),
            generation,
            name: it.name.clone(),
            organization_id: it.organization.clone(),
            region_id: it.region.clone(),
            snapshot: it.snapshot.clone(),
            os_user: it.user.clone(),
            cpu_quota: it.cpu,
            memory_quota: it.memory_gib,
            storage_quota: it.disk_gib,
            env: serde_json::from_str(&it.env).unwrap_or_default(),
            labels: serde_json::from_str(&it.labels).unwrap_or_default(),
            network_block_all: it.network_block_all,
            network_allow_list: it.network_allow_list.clone(),
            domain_allow_list: it.domain_allow_list.clone(),
            // What was restored from a backup has its files from there.
            parent: it.parent.clone().filter(|_| it.image.is_none()),
            image: it.image.as_deref().and_then(|json| serde_json::from_str(json).ok()),
            volumes: serde_json::from_str(&it.volumes).unwrap_or_default(),
            launch: Launch::of(it),
        }
    }
}

/// The payload of a job as JSON text.
pub fn payload(it: &Sandbox, generation: u64) -> String {
    // Strings, numbers and maps with string keys: there is nothing that could fail to encode.
    serde_json::to_string(&Payload::new(it, generation)).unwrap_or_default()
}

/// A sandbox that the plane has placed on the asking runner.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnSandbox {
    #[serde(flatten)]
    payload: Payload,
    desired_state: String,
    /// As last observed.
    state: String,
}

impl From<&Sandbox> for OwnSandbox {
    fn from(it: &Sandbox) -> Self {
        Self {
            payload: Payload::new(it, it.generation),
            desired_state: it.desired.clone(),
            state: it.state.clone(),
        }
    }
}

const KINDS: [(JobKind, &str, &str, &str); 10] = [
    (JobKind::CreateSandbox, "CREATE_SANDBOX", "create", "started"),
    (JobKind::StartSandbox, "START_SANDBOX", "start", "started"),
    (JobKind::StopSandbox, "STOP_SANDBOX", "stop", "stopped"),
    (JobKind::DestroySandbox, "DESTROY_SANDBOX", "destroy", "destroyed"),
    // An update leaves the state as it is; the runner's own report says which it is.
    (JobKind::UpdateSandbox, "UPDATE_SANDBOX", "update", "started"),
    // Tasks lead to no state of a sandbox.
    (JobKind::SnapshotSandbox, "SNAPSHOT_SANDBOX", "snapshot", ""),
    (JobKind::CreateBackup, "CREATE_BACKUP", "backup", ""),
    (JobKind::BuildSnapshot, "BUILD_SNAPSHOT", "build", ""),
    (JobKind::RemoveSnapshot, "REMOVE_SNAPSHOT", "discard", ""),
    (JobKind::RemoveVolume, "REMOVE_VOLUME", "discard-volume", ""),
];

/// The id of a job. It says what the job is about, so that its end can be told apart without looking it up.
pub fn job_id(sandbox: &str, generation: u64, kind: JobKind) -> String {
    let word = KINDS.iter().find(|row| row.0 == kind).map_or("", |row| row.2);
    format!("{sandbox}.{generation}.{word}")
}

/// Sandbox, generation, type of the wire and final state of a job, from its id.
pub fn read_job_id(id: &str) -> Option<(&str, u64, &'static str, &'static str)> {
    let (rest, word) = id.rsplit_once('.')?;
    let (sandbox, generation) = rest.rsplit_once('.')?;
    let row = KINDS.iter().find(|row| row.2 == word)?;
    Some((sandbox, generation.parse().ok()?, row.1, row.3))
}

/// Whether a job of this id is a task, which leads to no state of a sandbox.
pub fn is_task(id: &str) -> bool {
    read_job_id(id).is_some_and(|(.., state)| state.is_empty())
}

/// How a task has ended, as its runner says it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskBody {
    status: String,
    error_message: Option<String>,
    /// JSON.
    result_metadata: Option<String>,
}

impl TaskBody {
    /// What was made, or why not; 400 for another status, or a result that is none.
    pub fn outcome(self) -> Result<(Option<TaskResult>, Option<String>), Problem> {
        /// What a runner has made.
        #[derive(Deserialize)]
        struct Made {
            manifest: String,
            bytes: u64,
        }
        let bad = |text: String| Problem::BadRequest(text);
        match self.status.as_str() {
            "FAILED" => Ok((None, Some(failure(self.error_message).0))),
            "COMPLETED" => {
                let Some(text) = self.result_metadata else {
                    return Ok((None, None));
                };
                let made: Made =
                    serde_json::from_str(&text).map_err(|error| bad(format!("resultMetadata: {error}")))?;
                let digest = made.manifest.strip_prefix("sha256:");
                let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                if !digest.is_some_and(|digest| digest.len() == 64 && digest.bytes().all(hex)) {
                    return Err(bad(format!("resultMetadata: {:?} is no digest", made.manifest)));
                }
                Ok((
                    Some(TaskResult {
                        manifest: made.manifest,
                        bytes: made.bytes,
                    }),
                    None,
                ))
            }
            other => Err(bad(format!("status: {other:?} is none that ends a task"))),
        }
    }
}

/// A job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    resource_type: &'static str,
    resource_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    created_at: String,
    updated_at: String,
}

impl JobView {
    /// A job that was handed out at `now`.
    pub fn handed_out(job: Job, now: u64) -> Self {
        Self {
            kind: KINDS.iter().find(|row| row.0 == job.kind).map_or("", |row| row.1),
            id: job.id,
            status: "IN_PROGRESS",
            resource_type: resource_type(job.kind),
            resource_id: job.sandbox,
            payload: Some(job.payload),
            created_at: iso(job.created),
            updated_at: iso(now),
        }
    }

    /// The same job with another status.
    pub fn with_status(self, status: &'static str) -> Self {
        Self { status, ..self }
    }

    /// A job whose status was set at `now`. When it was made is not looked up.
    pub fn updated(id: &str, sandbox: &str, kind: &'static str, status: &'static str, now: u64) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            status,
            resource_type: "SANDBOX",
            resource_id: sandbox.to_owned(),
            payload: None,
            created_at: iso(now),
            updated_at: iso(now),
        }
    }
}

/// What a job of this kind is about.
fn resource_type(kind: JobKind) -> &'static str {
    match kind {
        JobKind::SnapshotSandbox | JobKind::BuildSnapshot | JobKind::RemoveSnapshot => "SNAPSHOT",
        JobKind::CreateBackup => "BACKUP",
        JobKind::RemoveVolume => "VOLUME",
        _ => "SANDBOX",
    }
}

/// The word for a kind of job, also the label of metrics.
pub fn job_type(kind: JobKind) -> &'static str {
    KINDS.iter().find(|row| row.0 == kind).map_or("", |row| row.1)
}

/// A page of jobs by number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobPage {
    /// The jobs.
    pub items: Vec<JobView>,
    /// In all.
    pub total: usize,
    /// From 1 on.
    pub page: usize,
    /// Number of pages.
    pub total_pages: usize,
}

/// The answer to a poll.
#[derive(Debug, Serialize)]
pub struct Jobs {
    /// Handed out to the caller.
    pub jobs: Vec<JobView>,
}

/// The body of a report.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// What was observed, in order.
    #[serde(default)]
    pub observations: Vec<Seen>,
    /// As in a health check.
    pub health: Option<Healthcheck>,
}

/// The answer to a report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// For how long, from when the report was sent, the runner holds its sandboxes.
    pub lease_ms: u64,
    /// What is to be removed from the runner, unless it is newer.
    pub disowned: Vec<Disowned>,
}

/// A sandbox that is not, or no longer, the runner's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Disowned {
    /// Which.
    pub sandbox_id: String,
    /// The newest generation that is not.
    pub generation: u64,
}

/// The body of an attachment.
#[derive(Debug, Deserialize)]
pub struct Attach {
    /// Identity of the data directory.
    pub instance: String,
}

/// The answer to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attached {
    /// To be sent with every later call.
    pub process: u64,
    /// Who the runner is.
    pub runner_id: String,
    /// Where it is.
    pub region: String,
    /// For how long a report holds.
    pub lease_ms: u64,
    /// How often to report.
    pub report_every_ms: u64,
    /// Where to dial.
    pub link_url: String,
}

/// The body of a state that a runner sets.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateBody {
    /// What the runner has seen.
    pub state: String,
    /// Why, in an error.
    pub error_reason: Option<String>,
    /// Whether it can be recovered.
    #[serde(default)]
    pub recoverable: bool,
}

impl StateBody {
    /// As an observation of a sandbox in its present generation; 400 for a state that a runner cannot observe.
    pub fn observe(self, it: &Sandbox) -> Result<Observation, Problem> {
        observation(Seen {
            sandbox_id: it.id.clone(),
            generation: it.generation,
            state: self.state,
            error_reason: self.error_reason,
            recoverable: self.recoverable,
            job_id: None,
        })
    }
}

/// One observation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    sandbox_id: String,
    generation: u64,
    state: String,
    error_reason: Option<String>,
    #[serde(default)]
    recoverable: bool,
    job_id: Option<String>,
}

/// An observation for the store; 400 for a state that a runner cannot observe.
pub fn observation(seen: Seen) -> Result<Observation, Problem> {
    if !["started", "stopped", "destroyed", "error"].contains(&seen.state.as_str()) {
        return Err(Problem::BadRequest(format!(
            "observations: {:?} is no state to be observed",
            seen.state
        )));
    }
    Ok(Observation {
        sandbox: seen.sandbox_id,
        generation: seen.generation,
        state: seen.state,
        error_reason: seen.error_reason.map(|reason| cut(&reason, REASON)),
        recoverable: seen.recoverable,
        job: seen.job_id,
    })
}

/// The body of a change of a job's status.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateJob {
    status: String,
    error_message: Option<String>,
}

/// What a job's new status means: the status, and the observation if the job has ended. 400 for other statuses.
pub fn outcome(id: &str, update: UpdateJob) -> Result<(&'static str, Option<Observation>), Problem> {
    let Some((sandbox, generation, _, state)) = read_job_id(id) else {
        return Err(Problem::NotFound(format!("job {id} not found")));
    };
    let seen = |state: &str, error_reason: Option<String>, recoverable: bool| Observation {
        sandbox: sandbox.to_owned(),
        generation,
        state: state.to_owned(),
        error_reason,
        recoverable,
        job: Some(id.to_owned()),
    };
    match update.status.as_str() {
        "IN_PROGRESS" => Ok(("IN_PROGRESS", None)),
        // What an update changes is no state.
        "COMPLETED" if id.ends_with(".update") => Ok(("COMPLETED", None)),
        "COMPLETED" => Ok(("COMPLETED", Some(seen(state, None, false)))),
        "FAILED" => {
            let (reason, recoverable) = failure(update.error_message);
            Ok(("FAILED", Some(seen("error", Some(reason), recoverable))))
        }
        other => Err(Problem::BadRequest(format!(
            "status: {other:?} is none that a runner sets"
        ))),
    }
}

/// A failed job's message is text, or JSON with reason and recoverability.
fn failure(message: Option<String>) -> (String, bool) {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure {
        error_reason: String,
        #[serde(default)]
        recoverable: bool,
    }
    let message = message.unwrap_or_else(|| "the runner gave no reason".to_owned());
    match serde_json::from_str::<Failure>(&message) {
        Ok(failure) => (cut(&failure.error_reason, REASON), failure.recoverable),
        Err(_) => (cut(&message, REASON), false),
    }
}

/// The beginning of a text, at most this many bytes.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::sample;
    use serde_json::{Value, json};

    #[test]
    fn a_payload_holds_what_a_runner_needs() {
        let it = Sandbox {
            env: "{\"A\":\"b\"}".into(),
            ..sample()
        };
        let got: Value = serde_json::from_str(&payload(&it, 7)).expect("JSON");
        let want = json!({
            "id": it.id, "generation": 7, "name": "demo", "organizationId": "org-1", "regionId": "us",
            "snapshot": "default", "osUser": "daytona", "cpuQuota": 1, "memoryQuota": 1, "storageQuota": 3,
            "env": {"A": "b"}, "labels": {"code-toolbox-language": "python"}, "networkBlockAll": false,
            "networkAllowList": null, "domainAllowList": null,
        });
        assert_eq!(got, want);
        let own = serde_json::to_value(OwnSandbox::from(&it)).expect("JSON");
        assert_eq!(
            (&own["generation"], &own["desiredState"], &own["state"]),
            (&json!(1), &json!("started"), &json!("started"))
        );
    }

    #[test]
    fn the_id_of_a_job_says_what_it_is_about() {
        for (kind, wire, _, state) in KINDS {
            let id = job_id("s.1", 12, kind);
            assert_eq!(read_job_id(&id), Some(("s.1", 12, wire, state)));
        }
        for bad in ["", "x", "s.1", "s.x.create", "s.1.paint"] {
            assert_eq!(read_job_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_job_looks_as_the_protocol_has_it() {
        let job = Job {
            id: "s.1.create".into(),
            kind: JobKind::CreateSandbox,
            runner: "r".into(),
            sandbox: "s".into(),
            generation: 1,
            payload: "{}".into(),
            created: 0,
            attempts: 1,
        };
        let got = serde_json::to_value(Jobs {
            jobs: vec![JobView::handed_out(job, 1)],
        })
        .expect("JSON");
        let want = json!({"jobs": [{
            "id": "s.1.create", "type": "CREATE_SANDBOX", "status": "IN_PROGRESS", "resourceType": "SANDBOX",
            "resourceId": "s", "payload": "{}", "createdAt": "1970-01-01T00:00:00.000Z",
            "updatedAt": "1970-01-01T00:00:00.001Z",
        }]});
        assert_eq!(got, want);
    }

    #[test]
    fn the_end_of_a_job_is_an_observation() {
        let end = |id: &str, body: Value| outcome(id, serde_json::from_value(body).expect("fits"));
        let (status, seen) = end("s.2.stop", json!({"status": "COMPLETED"})).expect("fine");
        let seen = seen.expect("an end");
        assert_eq!(
            (status, seen.state.as_str(), seen.generation),
            ("COMPLETED", "stopped", 2)
        );
        assert_eq!(seen.job.as_deref(), Some("s.2.stop"));

        let message = json!({"errorReason": "full", "recoverable": true}).to_string();
        let (_, seen) = end("s.1.create", json!({"status": "FAILED", "errorMessage": message})).expect("fine");
        let seen = seen.expect("an end");
        assert_eq!(
            (seen.state.as_str(), seen.error_reason.as_deref(), seen.recoverable),
            ("error", Some("full"), true)
        );
        let (_, seen) = end("s.1.create", json!({"status": "FAILED", "errorMessage": "plain"})).expect("fine");
        assert_eq!(seen.expect("an end").error_reason.as_deref(), Some("plain"));

        assert_eq!(
            end("s.1.create", json!({"status": "IN_PROGRESS"})),
            Ok(("IN_PROGRESS", None))
        );
        assert_eq!(
            end("s.1.create", json!({"status": "PENDING"})).map_err(|p| p.status()),
            Err(400)
        );
        assert_eq!(
            end("nonsense", json!({"status": "COMPLETED"})).map_err(|p| p.status()),
            Err(404)
        );
    }

    #[test]
    fn observations_are_read_and_states_checked() {
        let read = |body: Value| observation(serde_json::from_value(body).expect("fits"));
        let seen = read(
            json!({"sandboxId": "s", "generation": 3, "state": "error", "errorReason": "é".repeat(999),
            "recoverable": true, "jobId": "j"}),
        )
        .expect("fine");
        assert!(seen.error_reason.is_some_and(|reason| reason.len() == 1_024));
        assert_eq!((seen.job.as_deref(), seen.recoverable), (Some("j"), true));
        let plain = read(json!({"sandboxId": "s", "generation": 3, "state": "started"})).expect("fine");
        assert_eq!((plain.job, plain.recoverable, plain.error_reason), (None, false, None));
        assert!(read(json!({"sandboxId": "s", "generation": 3, "state": "creating"})).is_err());
    }
}
