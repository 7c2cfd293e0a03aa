//! Orders to runners: made with an intent, leased to the runner, ended by its report.

use super::tasks;
use crate::{
    error::Result,
    limits::MAX_CLAIM,
    rows,
    sql::{Sql, params},
    transaction::write,
    types::{Job, JobKind, Millis},
};

/// A job about to be stored.
pub(super) struct NewJob<'a> {
    pub id: &'a str,
    pub kind: JobKind,
    pub runner: &'a str,
    pub sandbox: &'a str,
    pub generation: u64,
    pub payload: &'a str,
    pub created: Millis,
}

/// Stores a job that nobody holds, in place of an older one of the same sandbox.
pub(super) async fn put_job<S: Sql>(sql: &mut S, it: &NewJob<'_>) -> Result<()> {
    sql.execute(
        "INSERT INTO jobs
           (sandbox, id, kind, runner, generation, payload, created, attempts, claimed_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)
         ON CONFLICT (sandbox) DO UPDATE SET id = excluded.id, kind = excluded.kind,
           runner = excluded.runner, generation = excluded.generation, payload = excluded.payload,
           created = excluded.created, attempts = 0, claimed_until = 0",
        params![
            it.sandbox,
            it.id,
            rows::job_kind_name(it.kind),
            it.runner,
            it.generation,
            it.payload,
            it.created,
        ],
    )
    .await?;
    Ok(())
}

/// Unfinished jobs of this runner, oldest first, those of sandboxes before tasks, at most `limit` (1 to 100). Each is handed out again only after
/// `lease` ms without an end.
pub async fn claim_jobs<S: Sql>(sql: &mut S, runner: &str, limit: u32, now: Millis, lease: Millis) -> Result<Vec<Job>> {
    let open = format!(
        "SELECT {} FROM jobs WHERE runner = ?1 AND claimed_until <= ?2
         ORDER BY created, sandbox LIMIT ?3",
        rows::JOB
    );
    let claim = "UPDATE jobs SET attempts = attempts + 1, claimed_until = ?2 WHERE sandbox = ?1";
    write(sql, async |sql: &mut S| {
        let values = params![runner, now, limit.clamp(1, MAX_CLAIM)];
        let mut jobs = rows::all(sql.query(&open, values).await?, rows::job)?;
        for job in &mut jobs {
            sql.execute(claim, params![&job.sandbox, now.saturating_add(lease)])
                .await?;
            job.attempts = job.attempts.saturating_add(1);
        }
        let left = limit
            .clamp(1, MAX_CLAIM)
            .saturating_sub(u32::try_from(jobs.len()).unwrap_or(MAX_CLAIM));
        jobs.extend(tasks::claim(sql, runner, left, now, lease).await?);
        Ok(jobs)
    })
    .await
}

/// Ends a job, if it is still the sandbox's and no newer than what its runner has carried out.
pub(super) async fn end_job<S: Sql>(
    sql: &mut S,
    runner: &str,
    sandbox: &str,
    job: &str,
    generation: u64,
) -> Result<()> {
    sql.execute(
        "DELETE FROM jobs WHERE sandbox = ?1 AND id = ?2 AND runner = ?3 AND generation <= ?4",
        params![sandbox, job, runner, generation],
    )
    .await?;
    Ok(())
}

/// Ends the job of a sandbox that is seen where its intent of this generation leads. An update is not ended so: it changes
/// more than can be seen.
pub(super) async fn end_arrived<S: Sql>(sql: &mut S, sandbox: &str, generation: u64) -> Result<()> {
    sql.execute(
        "DELETE FROM jobs WHERE sandbox = ?1 AND generation = ?2 AND kind <> 'update'",
        params![sandbox, generation],
    )
    .await?;
    Ok(())
}

/// Ends whatever job a sandbox has.
pub(super) async fn drop_job<S: Sql>(sql: &mut S, sandbox: &str) -> Result<()> {
    sql.execute("DELETE FROM jobs WHERE sandbox = ?1", params![sandbox])
        .await?;
    Ok(())
}
