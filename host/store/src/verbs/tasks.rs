//! Work on snapshots, backups and volumes: ordered, leased to a runner, ended by its answer or given up.

use super::{
    held::{self, Held},
    jobs, report, snapshots,
    usage::Counted,
};
use crate::{
    error::{Result, StoreError},
    limits::{MAX_FILTER_VALUES, MAX_NAMED, MAX_TASKS},
    rows,
    sql::{Sql, optional, params},
    transaction::{read, write},
    types::{Ended, Job, JobKind, Millis, Sandbox, Snapshot, Task, TaskResult},
};

/// Stores a task that nobody holds, in place of an older one of the same subject and runner.
pub(super) async fn put<S: Sql>(sql: &mut S, it: &Task) -> Result<()> {
    sql.execute(
        "INSERT INTO tasks (subject, runner, id, kind, sandbox, payload, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (subject, runner) DO UPDATE SET id = excluded.id, kind = excluded.kind, sandbox = excluded.sandbox,
           payload = excluded.payload, created = excluded.created, attempts = 0, claimed_until = 0",
        params![
            &it.subject,
            &it.runner,
            &it.id,
            rows::job_kind_name(it.kind),
            &it.sandbox,
            &it.payload,
            it.created,
        ],
    )
    .await?;
    Ok(())
}

/// Tasks take seconds to minutes, and runners know them again: they are asked for less often than jobs.
const LEASES: Millis = 3;

/// Open tasks of a runner as jobs, oldest first.
pub(super) async fn claim<S: Sql>(
    sql: &mut S,
    runner: &str,
    limit: u32,
    now: Millis,
    lease: Millis,
) -> Result<Vec<Job>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let open = "SELECT id, kind, runner, subject, created, payload, created, attempts FROM tasks
         WHERE runner = ?1 AND claimed_until <= ?2 ORDER BY created, subject LIMIT ?3";
    let mut jobs = rows::all(sql.query(open, params![runner, now, limit]).await?, rows::job)?;
    for job in &mut jobs {
        sql.execute(
            "UPDATE tasks SET attempts = attempts + 1, claimed_until = ?3 WHERE subject = ?1 AND runner = ?2",
            params![&job.sandbox, runner, now.saturating_add(lease * LEASES)],
        )
        .await?;
        job.attempts = job.attempts.saturating_add(1);
    }
    Ok(jobs)
}

/// What an earlier process of a runner was handed is open again.
pub(super) async fn reopen<S: Sql>(sql: &mut S, runner: &str) -> Result<()> {
    sql.execute("UPDATE tasks SET claimed_until = 0 WHERE runner = ?1", params![runner])
        .await?;
    Ok(())
}

/// Sets what is done to a sandbox beside its state, if it is still there.
pub(super) async fn mark<S: Sql>(sql: &mut S, sandbox: Option<&str>, doing: &str, now: Millis) -> Result<()> {
    let Some(before) = find(sql, sandbox).await? else {
        return Ok(());
    };
    let mut after = before.clone();
    doing.clone_into(&mut after.it.doing);
    after.replace(sql, &before, None, now).await
}

async fn find<S: Sql>(sql: &mut S, sandbox: Option<&str>) -> Result<Option<Held>> {
    match sandbox {
        Some(sandbox) => held::find(sql, sandbox).await,
        None => Ok(None),
    }
}

/// Begins a backup. With `archive` the sandbox, which must be stopped, is to be archived: a new generation, for which its disk
/// counts no more; its runner has no job for it.
///
/// # Errors
/// `not-found`; `conflict` for another generation, another runner, or a backup that is under way.
pub async fn begin_backup<S: Sql>(
    sql: &mut S,
    sandbox: &str,
    expected_generation: u64,
    task: &Task,
    archive: bool,
    now: Millis,
) -> Result<Sandbox> {
    write(sql, async |sql: &mut S| {
        let before = held::expect(sql, sandbox, expected_generation).await?;
        if before.it.backup_state == "InProgress" || before.it.runner.as_ref() != Some(&task.runner) {
            return Err(StoreError::Conflict(format!(
                "sandbox {sandbox} is being backed up, or has moved"
            )));
        }
        if archive && (before.it.state != "stopped" || before.it.desired != "stopped") {
            return Err(StoreError::Conflict(format!("sandbox {sandbox} is not stopped")));
        }
        let mut after = before.clone();
        "InProgress".clone_into(&mut after.it.backup_state);
        if archive {
            "archived".clone_into(&mut after.it.desired);
            after.it.generation += 1;
            after.counted = Counted::intended("archived");
        }
        after.replace(sql, &before, None, now).await?;
        if archive {
            // Whatever it was to learn under the generation before, its next start tells it.
            jobs::drop_job(sql, sandbox).await?;
        }
        put(sql, task).await?;
        Ok(after.it)
    })
    .await
}

/// Ends a task, with what it made or with why it failed.
///
/// # Errors
/// `not-found` if there is no such task of this runner (empty: of any); `conflict` if `process` (0: not checked) is not its
/// newest one.
pub async fn end_task<S: Sql>(
    sql: &mut S,
    runner: &str,
    process: u64,
    id: &str,
    completed: Option<&TaskResult>,
    failure: Option<&str>,
    now: Millis,
) -> Result<Ended> {
    write(sql, async |sql: &mut S| {
        if process > 0 {
            report::fence(sql, runner, process).await?;
        }
        let text = format!("SELECT {} FROM tasks WHERE id = ?1", rows::TASK);
        let found = rows::first(sql.query(&text, params![id]).await?, rows::task)?;
        let task = found
            .filter(|task| runner.is_empty() || task.runner == runner)
            .ok_or_else(|| StoreError::NotFound(format!("job {id}")))?;
        sql.execute("DELETE FROM tasks WHERE id = ?1", params![id]).await?;
        // Nothing can have been made without a name.
        let outcome = match (completed, failure) {
            (_, Some(reason)) => Err(reason),
            (Some(made), None) => Ok(made),
            (None, None) => Err("the runner did not say what it made"),
        };
        let mut ended = Ended::default();
        match task.kind {
            JobKind::CreateBackup => ended.sandbox = end_backup(sql, &task, outcome, now).await?,
            JobKind::SnapshotSandbox | JobKind::BuildSnapshot => {
                ended.snapshot = end_snapshot(sql, &task, outcome, now).await?;
                if task.kind == JobKind::SnapshotSandbox {
                    mark(sql, task.sandbox.as_deref(), "", now).await?;
                    ended.sandbox = find(sql, task.sandbox.as_deref()).await?.map(|held| held.it);
                }
            }
            _ => {}
        }
        Ok(ended)
    })
    .await
}

async fn end_snapshot<S: Sql>(
    sql: &mut S,
    task: &Task,
    outcome: Result<&TaskResult, &str>,
    now: Millis,
) -> Result<Option<Snapshot>> {
    let (state, manifest, bytes, reason) = match outcome {
        Ok(made) => ("active", Some(&made.manifest), Some(made.bytes), None),
        Err(reason) if task.kind == JobKind::BuildSnapshot => ("build_failed", None, None, Some(reason)),
        Err(reason) => ("error", None, None, Some(reason)),
    };
    sql.execute(
        "UPDATE snapshots SET state = ?2, manifest = ?3, size_bytes = ?4, error_reason = ?5, state_since = ?6, updated = ?6
         WHERE id = ?1 AND state IN ('pending', 'snapshotting', 'building')",
        params![&task.subject, state, &manifest.cloned(), optional(bytes), &reason.map(str::to_owned), now],
    )
    .await?;
    match snapshots::get_snapshot(sql, "", &task.subject).await {
        Ok(it) => {
            if it.manifest.is_none() {
                // Whatever is left of it on its runner.
                snapshots::discard(sql, &task.subject, now).await?;
            }
            Ok(Some(it))
        }
        // Deleted meanwhile: what has been made is not wanted.
        Err(StoreError::NotFound(_)) => {
            snapshots::discard_on(sql, &task.subject, &task.runner, now).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn end_backup<S: Sql>(
    sql: &mut S,
    task: &Task,
    outcome: Result<&TaskResult, &str>,
    now: Millis,
) -> Result<Option<Sandbox>> {
    let Some(before) = find(sql, task.sandbox.as_deref()).await? else {
        return Ok(None);
    };
    if before.it.runner.as_ref() != Some(&task.runner) {
        return Ok(Some(before.it));
    }
    let mut after = before.clone();
    let archiving = before.it.desired == "archived";
    match outcome {
        Ok(made) => {
            // Of what has been started again meanwhile it is no backup of its present files, but still the newest one.
            let present = before.it.backup_state == "InProgress";
            (if present { "Completed" } else { "None" }).clone_into(&mut after.it.backup_state);
            after.it.backup_manifest = Some(made.manifest.clone());
            after.it.backup_created = Some(task.created);
            if archiving {
                after.enter("archived", now);
                after.it.error_reason = None;
                after.it.runner = None;
                after.it.generation += 1;
                after.counted = Counted::observed("archived", "archived");
            }
        }
        Err(reason) => {
            "Error".clone_into(&mut after.it.backup_state);
            if archiving {
                // As before, and with the reason: its interval counts anew.
                "stopped".clone_into(&mut after.it.desired);
                after.it.generation += 1;
                after.it.state_since = now;
                after.it.error_reason = Some(format!("the sandbox could not be archived: {reason}"));
                after.counted = Counted::observed(&after.it.state, "stopped");
            }
        }
    }
    after.replace(sql, &before, None, now).await?;
    Ok(Some(after.it))
}

/// Tasks made longer ago than `overdue` gives for their kind, and those on the runners named in `lost`; at most `limit`
/// (1,000 at most).
///
/// # Errors
/// `internal` if too many are named.
pub async fn due_tasks<S: Sql>(
    sql: &mut S,
    now: Millis,
    overdue: &[(JobKind, Millis)],
    lost: &[String],
    limit: u32,
) -> Result<Vec<Task>> {
    if overdue.len() > MAX_FILTER_VALUES || lost.len() > MAX_NAMED {
        return Err(StoreError::Internal("too many kinds or runners are named".into()));
    }
    let limit = limit.clamp(1, MAX_TASKS);
    read(sql, async |sql: &mut S| {
        let mut due: Vec<Task> = Vec::new();
        for (kind, patience) in overdue {
            let text = format!(
                "SELECT {} FROM tasks WHERE kind = ?1 AND created <= ?2 ORDER BY created LIMIT ?3",
                rows::TASK
            );
            let values = params![rows::job_kind_name(*kind), now.saturating_sub(*patience), limit];
            due.extend(rows::all(sql.query(&text, values).await?, rows::task)?);
        }
        for runner in lost {
            let text = format!("SELECT {} FROM tasks WHERE runner = ?1 LIMIT ?2", rows::TASK);
            due.extend(rows::all(sql.query(&text, params![runner, limit]).await?, rows::task)?);
        }
        due.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        due.dedup_by(|a, b| a.id == b.id);
        due.truncate(limit as usize);
        Ok(due)
    })
    .await
}
