//! Fetches what the plane wants: rows at the start, then jobs, by long polling.

use crate::agent::{Amounts, Event, Job, JobKind, Spec, Task, TaskKind};
use crate::backoff::Backoff;
use crate::driver::Driver;
use crate::plane::Plane;
use crate::wire::{self, Jobs, Payload, Row, Rows};
use std::sync::Arc;
use std::time::Duration;

/// How long the plane may hold a poll. Below the minute after which common proxies cut a silent connection.
const POLL: Duration = Duration::from_secs(30);
/// Jobs of one answer, the most that the protocol allows.
const JOBS: u32 = 100;
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(5);

const MIB_PER_GIB: u64 = 1024;

/// Runs until it is dropped.
pub(crate) async fn run(plane: Plane, driver: Arc<Driver>) {
    let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
    take_over(&plane, &driver, &mut backoff).await;
    backoff.reset();
    let route = format!("/jobs/poll?timeout={}&limit={JOBS}", POLL.as_secs());
    loop {
        match plane.get::<Jobs>(&route, POLL).await {
            Ok(answer) => {
                backoff.reset();
                for job in answer.jobs {
                    if let Some(kind) = task_kind(&job.kind) {
                        match task(job, kind) {
                            Ok(task) => driver.event(Event::Task(task)),
                            Err(reason) => tracing::warn!(%reason, "a task is skipped"),
                        }
                        continue;
                    }
                    match translate(job) {
                        Ok(job) => driver.job(job),
                        Err(reason) => tracing::warn!(%reason, "a job is skipped"),
                    }
                }
            }
            Err(error) => {
                let wait = backoff.next();
                tracing::warn!(%error, ?wait, "no jobs from the plane");
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// Takes over what the plane has placed here and the journal does not know. Sandboxes that the journal knows and the plane does
/// not are left as they are: silence is no order to delete.
async fn take_over(plane: &Plane, driver: &Arc<Driver>, backoff: &mut Backoff) {
    let rows = loop {
        match plane.get::<Rows>("/runners/me/sandboxes", Duration::ZERO).await {
            Ok(rows) => break rows.into_vec(),
            Err(error) if error.may_pass() => {
                let wait = backoff.next();
                tracing::warn!(%error, ?wait, "the plane has not said what belongs here");
                tokio::time::sleep(wait).await;
            }
            Err(error) => {
                tracing::error!(%error, "the plane's rows cannot be read; going on with the journal alone");
                return;
            }
        }
    };
    let expected = rows.iter().filter_map(expected).collect();
    let lost: Vec<(Spec, bool)> = rows
        .into_iter()
        .filter(|row| !driver.holds(&row.payload.id) && driver.has_files(&row.payload.id))
        .filter_map(found)
        .collect();
    if !lost.is_empty() {
        tracing::warn!(
            count = lost.len(),
            "sandboxes without a journal entry are taken over from the plane's rows"
        );
        driver.event(Event::Found(lost));
    }
    // Whatever of these is still unknown here has lost its files: nobody may take an empty sandbox for the old one.
    driver.event(Event::Expected(expected));
    driver.ask_about_orphans();
}

/// What the plane has seen here, with its generation.
fn expected(row: &Row) -> Option<(String, u64)> {
    let seen = ["started", "stopped", "stopping", "starting"].contains(&row.state.as_str());
    (seen && row.desired_state != "destroyed").then(|| (row.payload.id.clone(), row.payload.generation))
}

/// What a row without an entry means, whose files are here. One that was never observed, or is on its way out, comes as a job again.
fn found(row: Row) -> Option<(Spec, bool)> {
    let started = match row.state.as_str() {
        "started" | "stopping" => true,
        "stopped" | "starting" => false,
        _ => return None,
    };
    if row.desired_state == "destroyed" {
        return None;
    }
    spec(&row.payload).map(|spec| (spec, started))
}

fn task_kind(kind: &str) -> Option<TaskKind> {
    Some(match kind {
        "SNAPSHOT_SANDBOX" => TaskKind::Snapshot,
        "CREATE_BACKUP" => TaskKind::Backup,
        "BUILD_SNAPSHOT" => TaskKind::Build,
        "REMOVE_SNAPSHOT" => TaskKind::Discard,
        "REMOVE_VOLUME" => TaskKind::DiscardVolume,
        _ => return None,
    })
}

/// A task; the agent judges whether its sandbox is here.
fn task(job: wire::Job, kind: TaskKind) -> Result<Task, String> {
    let payload = job.payload.unwrap_or_else(|| "{}".to_owned());
    let about: wire::TaskPayload =
        serde_json::from_str(&payload).map_err(|error| format!("payload of job {}: {error}", job.id))?;
    let takes = matches!(kind, TaskKind::Snapshot | TaskKind::Backup);
    let ids = [Some(&job.resource_id), about.sandbox_id.as_ref()];
    if !ids.into_iter().flatten().all(|id| sandbar_cell::valid_id(id)) || (takes && about.sandbox_id.is_none()) {
        return Err(format!("job {} names no sandbox, or what can be no id", job.id));
    }
    Ok(Task {
        id: job.id,
        kind,
        subject: job.resource_id,
        sandbox: about.sandbox_id.filter(|_| takes),
        payload,
    })
}

fn translate(job: wire::Job) -> Result<Job, String> {
    let kind = match job.kind.as_str() {
        "CREATE_SANDBOX" => JobKind::CreateSandbox,
        "START_SANDBOX" => JobKind::StartSandbox,
        "STOP_SANDBOX" => JobKind::StopSandbox,
        "DESTROY_SANDBOX" => JobKind::DestroySandbox,
        "UPDATE_SANDBOX" => JobKind::UpdateSandbox,
        other => return Err(format!("this version knows no {other} (job {})", job.id)),
    };
    let payload: Payload = serde_json::from_str(job.payload.as_deref().unwrap_or("{}"))
        .map_err(|error| format!("payload of job {}: {error}", job.id))?;
    if payload.id != job.resource_id || !sandbar_cell::valid_id(&payload.id) {
        return Err(format!("job {} names no sandbox, or two", job.id));
    }
    let makes = matches!(
        kind,
        JobKind::CreateSandbox | JobKind::StartSandbox | JobKind::UpdateSandbox
    );
    Ok(Job {
        id: job.id,
        kind,
        sandbox: job.resource_id,
        generation: payload.generation,
        spec: if makes { spec(&payload) } else { None },
    })
}

/// None if the payload does not say what the sandbox may use.
fn spec(payload: &Payload) -> Option<Spec> {
    Some(Spec {
        sandbox: payload.id.clone(),
        generation: payload.generation,
        need: Amounts {
            cpu_milli: payload.cpu_quota?.saturating_mul(1000),
            memory_mib: payload.memory_quota?.saturating_mul(MIB_PER_GIB),
            disk_mib: payload.storage_quota?.saturating_mul(MIB_PER_GIB),
        },
        details: serde_json::to_string(payload).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(kind: &str, id: &str, payload: &str) -> wire::Job {
        serde_json::from_value(serde_json::json!({
            "id": "j", "type": kind, "resourceId": id, "payload": payload
        }))
        .expect("a job")
    }

    const PAYLOAD: &str = r#"{"id":"s","generation":4,"cpuQuota":2,"memoryQuota":1,"storageQuota":3,"env":{"A":"b"}}"#;

    #[test]
    fn jobs_are_translated() {
        let made = translate(job("CREATE_SANDBOX", "s", PAYLOAD)).expect("a job");
        let spec = made.spec.expect("a spec");
        assert_eq!(made.generation, 4);
        assert_eq!(
            (spec.need.cpu_milli, spec.need.memory_mib, spec.need.disk_mib),
            (2000, 1024, 3072)
        );
        let details: Payload = serde_json::from_str(&spec.details).expect("details");
        assert_eq!(details.env.expect("env")["A"], "b");
        let stop = translate(job("STOP_SANDBOX", "s", r#"{"id":"s","generation":5}"#));
        assert!(stop.is_ok_and(|job| job.spec.is_none() && job.generation == 5));
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for (kind, id, payload) in [
            ("PAINT_SANDBOX", "s", PAYLOAD),
            ("STOP_SANDBOX", "other", PAYLOAD),
            ("STOP_SANDBOX", "s", "no JSON"),
            ("STOP_SANDBOX", "../s", r#"{"id":"../s","generation":1}"#),
        ] {
            assert!(translate(job(kind, id, payload)).is_err(), "{kind} {id}");
        }
    }

    #[test]
    fn tasks_are_translated_and_ids_checked() {
        let made = task(
            job("CREATE_BACKUP", "backup-s", r#"{"sandboxId":"s"}"#),
            TaskKind::Backup,
        )
        .expect("a task");
        assert_eq!(
            (made.subject.as_str(), made.sandbox.as_deref()),
            ("backup-s", Some("s"))
        );
        let build = task(job("BUILD_SNAPSHOT", "p", r#"{"steps":[]}"#), TaskKind::Build).expect("a task");
        assert_eq!(build.sandbox, None);
        for (id, payload) in [
            ("../p", r#"{"sandboxId":"s"}"#),
            ("p", r#"{"sandboxId":"../s"}"#),
            ("p", "{}"),
            ("p", "no JSON"),
        ] {
            assert!(
                task(job("SNAPSHOT_SANDBOX", id, payload), TaskKind::Snapshot).is_err(),
                "{id} {payload}"
            );
        }
        assert!(task_kind("CREATE_SANDBOX").is_none());
    }

    #[test]
    fn only_observed_rows_are_taken_over() {
        let row = |state: &str, desired: &str| {
            let mut value: serde_json::Value = serde_json::from_str(PAYLOAD).expect("JSON");
            value["state"] = state.into();
            value["desiredState"] = desired.into();
            found(serde_json::from_value(value).expect("a row")).map(|(_, started)| started)
        };
        assert_eq!(row("started", "started"), Some(true));
        assert_eq!(row("stopped", "stopped"), Some(false));
        assert_eq!(row("creating", "started"), None);
        assert_eq!(row("started", "destroyed"), None);
    }
}
