//! What runners call: jobs, observations, health.

use std::collections::BTreeSet;

use super::{Context, auth, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, Health, Observation};
use crate::dto::{self, Healthcheck, JobView, Jobs, OBSERVATIONS, OwnSandbox, Report, UpdateJob};
use crate::http::{Problem, Reply};
use crate::service::now;

/// Seconds that a poll may last, and lasts if the runner does not say.
const POLL_MOST: u64 = 60;
const POLL: u64 = 30;
/// Jobs of one poll.
const JOBS_MOST: u32 = 100;
const JOBS: u32 = 10;
/// A job without an end for this long is handed out again: its runner, or its report, got lost. Jobs take
/// milliseconds, and runners know them again.
const LEASE: u64 = 20_000;
/// How long a poll relies on being woken before it looks again, for jobs whose lease is over.
const LOOK_AGAIN: u64 = 10_000;

pub(super) async fn poll(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = auth::runner(context).await?;
    let query = &context.call.query;
    let seconds = query.parsed::<u64>("timeout")?.unwrap_or(POLL);
    let limit = query.parsed::<u32>("limit")?.unwrap_or(JOBS);
    if seconds > POLL_MOST || !(1..=JOBS_MOST).contains(&limit) {
        return Err(Problem::BadRequest(format!(
            "timeout is 0 to {POLL_MOST} seconds, limit 1 to {JOBS_MOST}"
        )));
    }
    let deadline = context.call.now.saturating_add(seconds * 1_000);
    let key = wait::of_runner(&runner);
    loop {
        // Before the facts: a job committed after them changes the number.
        let seen = signals::current(key.clone()).await;
        let moment = now();
        let jobs = store::claim_jobs(runner.clone(), limit, moment, LEASE).await?;
        if !jobs.is_empty() || moment >= deadline {
            let jobs = jobs.into_iter().map(|job| JobView::handed_out(job, moment)).collect();
            return Reply::ok(&Jobs { jobs });
        }
        signals::wait(key.clone(), seen, deadline.min(moment + LOOK_AGAIN)).await;
    }
}

pub(super) async fn healthcheck(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = auth::runner(context).await?;
    let health = dto::health(context.call.json::<Healthcheck>()?)?;
    take(&runner, Vec::new(), Some(health)).await?;
    Ok(Reply::empty(200))
}

pub(super) async fn report(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = auth::runner(context).await?;
    let body: Report = context.call.json()?;
    if body.observations.len() > OBSERVATIONS {
        return Err(Problem::BadRequest(format!(
            "observations: at most {OBSERVATIONS} in one report"
        )));
    }
    let observations = body
        .observations
        .into_iter()
        .map(dto::observation)
        .collect::<Result<_, _>>()?;
    let health = body.health.map(dto::health).transpose()?;
    take(&runner, observations, health).await?;
    Ok(Reply::empty(200))
}

pub(super) async fn end(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = auth::runner(context).await?;
    let id = context.params.at(0);
    let (status, observation) = dto::outcome(id, context.call.json::<UpdateJob>()?)?;
    take(&runner, observation.into_iter().collect(), None).await?;
    let Some((sandbox, _, kind, _)) = dto::read_job_id(id) else {
        return Err(Problem::NotFound(format!("job {id} not found")));
    };
    Reply::ok(&JobView::updated(id, sandbox, kind, status, context.call.now))
}

pub(super) async fn own_sandboxes(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = auth::runner(context).await?;
    let rows = store::runner_sandboxes(runner).await?;
    Reply::ok(&rows.iter().map(OwnSandbox::from).collect::<Vec<_>>())
}

/// Stores what a runner says, then wakes whoever waits for it. The store takes only what concerns the runner.
async fn take(runner: &str, observations: Vec<Observation>, health: Option<Health>) -> Result<(), Problem> {
    if observations.is_empty() && health.is_none() {
        return Ok(());
    }
    let changed = store::report(runner.to_owned(), observations, health, now()).await?;
    let mut organizations = BTreeSet::new();
    for sandbox in changed {
        signals::wake(wait::of_sandbox(&sandbox.id)).await;
        organizations.insert(sandbox.organization);
    }
    for organization in organizations {
        signals::wake(wait::of_organization(&organization)).await;
    }
    Ok(())
}
