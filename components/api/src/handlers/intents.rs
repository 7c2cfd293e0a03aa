//! Starting, stopping, recovering and deleting a sandbox: new intents.

use super::observe::{self, Timer};
use super::{Context, backups, organizations, quotas, views, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, JobKind, Sandbox};
use crate::dto::{job_id, job_type, payload};
use crate::http::{Problem, Reply};
use crate::rules::lifecycle::{Command, Step, step};

/// How long an answer to a start or stop waits for the state to be reached, as documented.
const PATIENCE: u64 = 30_000;
/// How long an answer to a delete waits: clients do not need more than to know that it was heard.
const DELETE_PATIENCE: u64 = 2_000;
/// Tries against others who change the same sandbox at the same time.
const ATTEMPTS: u32 = 5;

pub(super) async fn start(context: Context<'_>) -> Result<Reply, Problem> {
    rise(context, Command::Start).await
}

pub(super) async fn recover(context: Context<'_>) -> Result<Reply, Problem> {
    let only_files = context.call.query.parsed::<bool>("skipStart")?.unwrap_or(false);
    rise(context, Command::Recover(!only_files)).await
}

async fn rise(context: Context<'_>, command: Command) -> Result<Reply, Problem> {
    let (before, after) = carry_out(context, command, PATIENCE).await?;
    let it = after.ok_or_else(|| Problem::Conflict(format!("sandbox {} was deleted meanwhile", before.name)))?;
    if it.state == "error" {
        let reason = it.error_reason.as_deref().unwrap_or("unknown reason");
        return Err(Problem::BadRequest(format!(
            "sandbox {} could not be started: {reason}",
            it.name
        )));
    }
    views::one(context, &it).await
}

pub(super) async fn stop(context: Context<'_>) -> Result<Reply, Problem> {
    let (before, after) = carry_out(context, Command::Stop, PATIENCE).await?;
    show(context, before, after).await
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    let (before, after) = carry_out(context, Command::Destroy, DELETE_PATIENCE).await?;
    show(context, before, after).await
}

/// A sandbox that is gone by now is shown as destroyed.
async fn show(context: Context<'_>, before: Sandbox, after: Option<Sandbox>) -> Result<Reply, Problem> {
    let it = after.unwrap_or_else(|| Sandbox {
        state: "destroyed".to_owned(),
        runner: None,
        ..before
    });
    views::one(context, &it).await
}

/// Carries a command out: the sandbox under the new intent, and as it is after waiting; none if it is gone.
async fn carry_out(
    context: Context<'_>,
    command: Command,
    patience: u64,
) -> Result<(Sandbox, Option<Sandbox>), Problem> {
    let organization = context.caller.organization.clone();
    for _ in 0..ATTEMPTS {
        let it = store::get_sandbox(organization.clone(), context.params.at(0).to_owned()).await?;
        let seen = signals::current(wait::of_sandbox(&it.id)).await;
        match step(command, &it)? {
            Step::Done => return Ok((it.clone(), Some(it))),
            Step::Wait => {
                // Whoever gave the intent has woken the runner. It may have arrived since it was read.
                let fresh = store::get_sandbox(it.organization.clone(), it.id.clone()).await;
                if let Ok(fresh) = fresh
                    && fresh.state != fresh.desired
                {
                    let after = wait::settled(&it, seen, patience).await?;
                    return Ok((it, after));
                }
            }
            Step::Restore => {
                if let Some(after) = backups::restore(context, &it).await? {
                    return Ok((it, Some(after)));
                }
            }
            Step::Intend(desired, kind) => {
                if desired == "started"
                    && backups::moves(&it).await?
                    && let Some(after) = elsewhere(context, &it).await?
                {
                    return Ok((it, Some(after)));
                }
                if let Some(changed) = intend(context, &it, desired, kind).await? {
                    if changed.state == "destroyed" {
                        return Ok((changed, None));
                    }
                    let timer = Timer::start();
                    let after = wait::settled(&changed, seen, patience).await?;
                    let state = after.as_ref().map_or("destroyed", |it| &it.state);
                    observe::job(job_type(kind), state, timer.seconds());
                    return Ok((changed, after));
                }
            }
        }
    }
    Err(Problem::Conflict(format!(
        "sandbox {} is being changed by others; try again",
        context.params.at(0)
    )))
}

/// Restores a sandbox on another runner than its own; none if it is to start where it is, after all.
async fn elsewhere(context: Context<'_>, it: &Sandbox) -> Result<Option<Sandbox>, Problem> {
    match backups::restore(context, it).await {
        // Its own machine is only being emptied: better there than nowhere.
        Err(Problem::Coded(..)) if it.state == "stopped" => Ok(None),
        restored => restored,
    }
}

/// Commits an intent and wakes who must know; none if somebody was faster.
async fn intend(context: Context<'_>, it: &Sandbox, desired: &str, kind: JobKind) -> Result<Option<Sandbox>, Problem> {
    if it.runner.is_none() && desired != "destroyed" {
        return Err(Problem::BadRequest(format!(
            "sandbox {} was given up and is on no machine; delete it and create another",
            it.name
        )));
    }
    let totals = if desired == "started" {
        let organization = store::get_organization(it.organization.clone()).await?;
        organizations::may_work(&organization, context.call.now)?;
        let region = store::get_region(it.region.clone()).await?;
        quotas::totals(&organization, &region).await?
    } else {
        None
    };
    give(it, desired, kind, totals, context.call.now).await
}

/// An intent as users and the tick give it; none if somebody was faster.
pub(super) async fn give(
    it: &Sandbox,
    desired: &str,
    kind: JobKind,
    totals: Option<store::Totals>,
    now: u64,
) -> Result<Option<Sandbox>, Problem> {
    let generation = it.generation + 1;
    let changed = store::change_intent(
        it.id.clone(),
        it.generation,
        desired.to_owned(),
        job_id(&it.id, generation, kind),
        kind,
        payload(it, generation),
        totals,
        now,
    )
    .await;
    match changed {
        Ok(changed) => {
            wait::intended(&changed).await;
            Ok(Some(changed))
        }
        Err(store::Error::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
