//! What runners tell.

use super::{
    changes::next_change,
    jobs::{drop_job, end_job},
    runners, sandboxes,
};
use crate::{
    error::{Result, StoreError},
    limits::{KEEP_DESTROYED_MS, MAX_OBSERVATIONS, PURGE_AT_ONCE},
    rows,
    sql::{Sql, params},
    transaction::write,
    types::{Health, Millis, Observation, Sandbox},
};

/// The state in which a sandbox holds nothing any more.
const DESTROYED: &str = "destroyed";

/// Takes observations and, if given, health; gives the sandboxes that changed.
///
/// An observation counts only if its generation is the sandbox's and its runner the one that the sandbox
/// occupies: a runner that missed a newer intent, or lost the sandbox, changes nothing. Saying the same again
/// changes nothing either. `destroyed` gives the capacity back and frees the name.
///
/// # Errors
/// `not-found` for an unknown runner that reports health; `internal` beyond 5,000 observations.
pub async fn report<S: Sql>(
    sql: &mut S,
    runner: &str,
    observations: &[Observation],
    health: Option<&Health>,
    now: Millis,
) -> Result<Vec<Sandbox>> {
    if observations.len() > MAX_OBSERVATIONS {
        return Err(StoreError::Internal(format!(
            "{} observations are more than {MAX_OBSERVATIONS}",
            observations.len()
        )));
    }
    write(sql, async |sql: &mut S| {
        if let Some(health) = health {
            take_health(sql, runner, health, now).await?;
        }
        let mut changed = Vec::new();
        for observation in observations {
            changed.extend(observe(sql, runner, observation, now).await?);
        }
        purge(sql, now).await?;
        Ok(changed)
    })
    .await
}

async fn take_health<S: Sql>(sql: &mut S, runner: &str, health: &Health, now: Millis) -> Result<()> {
    let known = sql
        .execute(
            "UPDATE runners SET cpu_milli = ?2, memory_mib = ?3, disk_mib = ?4, cpu_used = ?5,
               memory_used = ?6, disk_used = ?7, load = ?8, started_sandboxes = ?9, healthy = ?10,
               version = ?11, last_report = ?12, updated = ?12 WHERE id = ?1",
            params![
                runner,
                health.cpu_milli,
                health.memory_mib,
                health.disk_mib,
                health.cpu_used,
                health.memory_used,
                health.disk_used,
                health.load,
                health.started_sandboxes,
                health.healthy,
                &health.version,
                now,
            ],
        )
        .await?;
    if known == 0 {
        return Err(runners::missing(runner));
    }
    Ok(())
}

async fn observe<S: Sql>(sql: &mut S, runner: &str, seen: &Observation, now: Millis) -> Result<Option<Sandbox>> {
    if let Some(job) = &seen.job {
        end_job(sql, runner, &seen.sandbox, job, seen.generation).await?;
    }
    let text = format!(
        "SELECT {} FROM sandboxes WHERE id = ?1 AND runner = ?2 AND generation = ?3
           AND destroyed_at = 0",
        rows::SANDBOX
    );
    let found = sql
        .query(&text, params![&seen.sandbox, runner, seen.generation])
        .await?;
    let Some(mut it) = rows::first(found, rows::sandbox)? else {
        return Ok(None);
    };
    if it.state == seen.state && it.error_reason == seen.error_reason && it.recoverable == seen.recoverable {
        return Ok(None);
    }
    it.state.clone_from(&seen.state);
    it.error_reason.clone_from(&seen.error_reason);
    it.recoverable = seen.recoverable;
    it.updated = now;
    it.change = next_change(sql, &it.organization).await?;
    let destroyed_at = if it.state == DESTROYED {
        sandboxes::release(sql, &it, runner).await?;
        drop_job(sql, &it.id).await?;
        it.runner = None;
        // Never 0, which means alive: a clock at the epoch must not resurrect.
        now.max(1)
    } else {
        0
    };
    sql.execute(
        "UPDATE sandboxes SET state = ?2, error_reason = ?3, recoverable = ?4, updated = ?5, change = ?6,
           runner = ?7, destroyed_at = ?8 WHERE id = ?1",
        params![
            &it.id,
            &it.state,
            &it.error_reason,
            it.recoverable,
            it.updated,
            it.change,
            &it.runner,
            destroyed_at,
        ],
    )
    .await?;
    Ok(Some(it))
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
