//! What runners tell.

use super::{
    held::{self, DESTROYED, IN_ERROR},
    jobs::{self, end_job},
    runners,
    usage::Counted,
};
use crate::{
    error::{Result, StoreError},
    limits::{KEEP_DESTROYED_MS, MAX_OBSERVATIONS, MAX_SAID, PURGE_AT_ONCE},
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::{Health, Millis, Observation, Outcome, Sandbox},
};

/// Takes observations and, if given, health; gives the sandboxes that changed, and those that are not the runner's.
///
/// An observation counts only if its generation is the sandbox's and its runner the one that the sandbox
/// occupies: a runner that missed a newer intent, or lost the sandbox, changes nothing. Saying the same again
/// changes nothing either. `destroyed` gives capacity and usage back and frees the name.
///
/// # Errors
/// `not-found` for an unknown runner that reports health or has a process; `conflict` if `process` (0: not checked) is
/// not the newest one; `internal` beyond 5,000 observations, or 64 KiB of services or snapshots.
pub async fn report<S: Sql>(
    sql: &mut S,
    runner: &str,
    process: u64,
    observations: &[Observation],
    health: Option<&Health>,
    now: Millis,
) -> Result<Outcome> {
    if observations.len() > MAX_OBSERVATIONS {
        return Err(StoreError::Internal(format!(
            "{} observations are more than {MAX_OBSERVATIONS}",
            observations.len()
        )));
    }
    let snapshots = health.map(|health| rows::json(&health.snapshots)).transpose()?;
    write(sql, async |sql: &mut S| {
        match (health, &snapshots) {
            (Some(health), Some(snapshots)) => take_health(sql, runner, process, health, snapshots, now).await?,
            _ if process > 0 => fence(sql, runner, process).await?,
            _ => {}
        }
        let mut outcome = Outcome::default();
        for observation in observations {
            match observe(sql, runner, observation, now).await? {
                Seen::Changed(it) => outcome.changed.push(*it),
                Seen::Same => {}
                Seen::NotYours(generation) => outcome.disowned.push((observation.sandbox.clone(), generation)),
            }
        }
        purge(sql, now).await?;
        Ok(outcome)
    })
    .await
}

/// Refuses a process that a newer one has replaced.
pub(super) async fn fence<S: Sql>(sql: &mut S, runner: &str, process: u64) -> Result<()> {
    let found = sql
        .query("SELECT process FROM runners WHERE id = ?1", params![runner])
        .await?;
    let row = found.into_iter().next().ok_or_else(|| runners::missing(runner))?;
    if Reader::new(row).u64()? == process {
        Ok(())
    } else {
        Err(StoreError::Conflict(format!(
            "a newer process has taken runner {runner} over"
        )))
    }
}

async fn take_health<S: Sql>(
    sql: &mut S,
    runner: &str,
    process: u64,
    health: &Health,
    snapshots: &str,
    now: Millis,
) -> Result<()> {
    for (what, text) in [("services", health.services.as_str()), ("snapshots", snapshots)] {
        if text.len() > MAX_SAID {
            return Err(StoreError::Internal(format!(
                "{} bytes of {what} are more than {MAX_SAID}",
                text.len()
            )));
        }
    }
    // None of these columns is in an index, so that a report writes one page. A lease is never shortened by a report
    // that was overtaken by a later one.
    let before = sql
        .query(
            "UPDATE runners SET cpu_used = ?3, memory_used = ?4, disk_used = ?5, load = ?6, started_sandboxes = ?7,
               healthy = ?8, version = ?9, allocated_cpu_milli = ?10, allocated_memory_mib = ?11,
               allocated_disk_mib = ?12, services = ?13, snapshots = ?14,
               lease_until = CASE WHEN lease_until < ?15 THEN ?15 ELSE lease_until END,
               last_report = ?16, updated = ?16
             WHERE id = ?1 AND (?2 = 0 OR process = ?2) RETURNING cpu_milli, memory_mib, disk_mib",
            params![
                runner,
                process,
                health.cpu_used,
                health.memory_used,
                health.disk_used,
                health.load,
                health.started_sandboxes,
                health.healthy,
                &health.version,
                health.allocated_cpu_milli,
                health.allocated_memory_mib,
                health.allocated_disk_mib,
                &health.services,
                snapshots,
                health.lease_until,
                now,
            ],
        )
        .await?;
    let Some(row) = before.into_iter().next() else {
        fence(sql, runner, process).await?;
        return Err(runners::missing(runner));
    };
    let mut row = Reader::new(row);
    let before = (row.u64()?, row.u64()?, row.u64()?);
    if before != (health.cpu_milli, health.memory_mib, health.disk_mib) {
        take_capacity(sql, runner, health).await?;
    }
    Ok(())
}

/// A new allocatable. If more is sold already, that much is excused; nothing more can be sold.
async fn take_capacity<S: Sql>(sql: &mut S, runner: &str, health: &Health) -> Result<()> {
    sql.execute(
        "UPDATE runners SET cpu_milli = ?2, memory_mib = ?3, disk_mib = ?4,
           excused_cpu_milli = CASE WHEN sold_cpu_milli > ?2 THEN sold_cpu_milli ELSE 0 END,
           excused_memory_mib = CASE WHEN sold_memory_mib > ?3 THEN sold_memory_mib ELSE 0 END,
           excused_disk_mib = CASE WHEN sold_disk_mib > ?4 THEN sold_disk_mib ELSE 0 END WHERE id = ?1",
        params![runner, health.cpu_milli, health.memory_mib, health.disk_mib],
    )
    .await?;
    Ok(())
}

enum Seen {
    Changed(Box<Sandbox>),
    Same,
    /// With the newest generation that is not.
    NotYours(u64),
}

async fn observe<S: Sql>(sql: &mut S, runner: &str, seen: &Observation, now: Millis) -> Result<Seen> {
    let Some(before) = held::find(sql, &seen.sandbox).await? else {
        return Ok(Seen::NotYours(gone(sql, seen).await?));
    };
    if before.it.runner.as_deref() != Some(runner) {
        return Ok(Seen::NotYours(before.it.generation.max(seen.generation)));
    }
    let it = &before.it;
    match &seen.job {
        Some(job) => end_job(sql, runner, &seen.sandbox, job, seen.generation).await?,
        // The message that named the job may be lost: what has arrived needs no further order.
        None if it.generation == seen.generation && it.desired == seen.state => {
            jobs::end_arrived(sql, &seen.sandbox, seen.generation).await?;
        }
        None => {}
    }
    let same = it.state == seen.state && it.error_reason == seen.error_reason && it.recoverable == seen.recoverable;
    if it.generation != seen.generation || same {
        return Ok(Seen::Same);
    }
    let mut after = before.clone();
    after.enter(&seen.state, now);
    after.it.error_reason.clone_from(&seen.error_reason);
    after.it.recoverable = seen.recoverable;
    if ["started", "stopped"].contains(&seen.state.as_str()) && it.state != seen.state {
        // What is in a backup is no longer what there is: what starts will write, and what stops may have written since.
        "None".clone_into(&mut after.it.backup_state);
    }
    after.ever_started |= ![DESTROYED, IN_ERROR, "creating"].contains(&seen.state.as_str());
    after.counted = Counted::observed(&seen.state, &after.it.desired);
    // What is there counts, whatever the totals are: they bind intents.
    after.replace(sql, &before, None, now).await?;
    Ok(Seen::Changed(Box::new(after.it)))
}

/// The newest generation of a sandbox that is destroyed, or was never there.
async fn gone<S: Sql>(sql: &mut S, seen: &Observation) -> Result<u64> {
    let found = sql
        .query("SELECT generation FROM sandboxes WHERE id = ?1", params![&seen.sandbox])
        .await?;
    let newest = found.into_iter().next().map(|row| Reader::new(row).u64()).transpose()?;
    Ok(newest.unwrap_or_default().max(seen.generation))
}

/// Removes a few sandboxes that were destroyed long ago; their labels go with them.
async fn purge<S: Sql>(sql: &mut S, now: Millis) -> Result<()> {
    let before = now.saturating_sub(KEEP_DESTROYED_MS);
    sql.execute(
        "DELETE FROM sandboxes WHERE id IN (SELECT id FROM sandboxes
           WHERE destroyed_at > 0 AND destroyed_at < ?1 ORDER BY destroyed_at LIMIT ?2)",
        params![before, PURGE_AT_ONCE],
    )
    .await?;
    Ok(())
}
