//! What runners tell: who they are, what they see, how they are.

use std::collections::BTreeSet;

use super::{Context, observe, sandboxes, views, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, Health, Observation};
use crate::dto::{
    self, Attach, Attached, Disowned, Healthcheck, OBSERVATIONS, OwnSandbox, Report, Reported, SandboxView, StateBody,
    read_job_id,
};
use crate::http::{Code, Problem, Reply};
use crate::rules::lifecycle::shown;
use crate::rules::preview;
use crate::service::now;

/// What is written down lasts so much longer than what is granted, in milliseconds: clocks drift apart by some hundred parts
/// per million, which over a lease of a minute is a tenth of this.
const LEASE_MARGIN: u64 = 500;

/// The process on a data directory takes the runner over.
pub(super) async fn attach(context: Context<'_>) -> Result<Reply, Problem> {
    let body: Attach = context.call.json()?;
    if uuid::Uuid::try_parse(&body.instance).is_err() {
        return Err(Problem::BadRequest(
            "instance: not the UUID of a data directory".to_owned(),
        ));
    }
    let runner = store::get_runner(context.caller.subject.clone()).await?;
    let process = match store::attach_runner(runner.id.clone(), body.instance, context.call.now).await {
        Ok(process) => process,
        Err(store::Error::Conflict(text)) => {
            observe::count("sandbar_runner_conflicts_total", &[]);
            return Err(Problem::Coded(
                Code::RunnerConflict,
                format!(
                    "runner {} is held by another data directory ({text}); use that one, or wait until its lease is over \
                     and it has no sandboxes",
                    runner.name
                ),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    // Polls of an earlier process end.
    signals::wake(wait::of_attachment(&runner.id)).await;
    signals::wake(wait::of_runner(&runner.id)).await;
    let region = store::get_region(runner.region.clone()).await?;
    let link_url = match &region.proxy_url {
        Some(proxy) => preview::proxy_link(proxy),
        None => preview::link(&context.settings.toolbox_proxy_url),
    };
    Reply::ok(&Attached {
        process,
        runner_id: runner.id,
        region: region.id,
        lease_ms: context.settings.fleet.lease,
        report_every_ms: context.settings.fleet.report_every,
        link_url,
    })
}

/// The number of the calling process; 0 if it names none, as agents of the documented protocol do.
pub(super) fn process(context: Context<'_>) -> Result<u64, Problem> {
    match &context.call.process {
        None => Ok(0),
        Some(text) => text
            .parse()
            .map_err(|_| Problem::BadRequest(format!("Sandbar-Runner-Process: {text:?} is no number"))),
    }
}

fn health(context: Context<'_>, check: Healthcheck) -> Result<Health, Problem> {
    // By the plane's clock, from when the report came in: later than when it was sent, so the runner lets go first.
    dto::health(check, context.call.now + context.settings.fleet.lease + LEASE_MARGIN)
}

pub(super) async fn healthcheck(context: Context<'_>) -> Result<Reply, Problem> {
    let health = health(context, context.call.json::<Healthcheck>()?)?;
    take(context, Vec::new(), Some(health)).await?;
    Ok(Reply::empty(200))
}

pub(super) async fn report(context: Context<'_>) -> Result<Reply, Problem> {
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
    let health = body.health.map(|check| health(context, check)).transpose()?;
    let disowned = take(context, observations, health).await?;
    Reply::ok(&Reported {
        lease_ms: context.settings.fleet.lease,
        disowned,
    })
}

/// Stores what a runner says, then wakes whoever waits for it. The store takes only what concerns the runner.
pub(super) async fn take(
    context: Context<'_>,
    observations: Vec<Observation>,
    health: Option<Health>,
) -> Result<Vec<Disowned>, Problem> {
    let process = process(context)?;
    count_jobs(&observations);
    let runner = context.caller.subject.clone();
    let outcome = match store::report(runner, process, observations, health, now()).await {
        Ok(outcome) => outcome,
        Err(store::Error::Conflict(_)) => {
            return Err(Problem::Coded(
                Code::RunnerReplaced,
                "a newer process of this runner has taken over; this one must end".to_owned(),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let mut organizations = BTreeSet::new();
    for sandbox in outcome.changed {
        signals::wake(wait::of_sandbox(&sandbox.id)).await;
        organizations.insert(sandbox.organization);
    }
    for organization in organizations {
        signals::wake(wait::of_organization(&organization)).await;
    }
    let disowned = outcome.disowned.into_iter();
    Ok(disowned
        .map(|(sandbox_id, generation)| Disowned { sandbox_id, generation })
        .collect())
}

fn count_jobs(observations: &[Observation]) {
    for seen in observations {
        if let Some((_, _, kind, _)) = seen.job.as_deref().and_then(read_job_id) {
            let result = if seen.state == "error" { "failed" } else { "completed" };
            observe::count("sandbar_jobs_total", &[("type", kind), ("result", result)]);
        }
    }
}

pub(super) async fn own_sandboxes(context: Context<'_>) -> Result<Reply, Problem> {
    let rows = store::runner_sandboxes(context.caller.subject.clone()).await?;
    Reply::ok(&rows.iter().map(OwnSandbox::from).collect::<Vec<_>>())
}

/// The same, as the documented protocol shows it.
pub(super) async fn for_runner(context: Context<'_>) -> Result<Reply, Problem> {
    let query = &context.call.query;
    let states = query.all("states");
    let settled = query.parsed::<bool>("skipReconcilingSandboxes")?.unwrap_or(false);
    let rows = store::runner_sandboxes(context.caller.subject.clone()).await?;
    let bases = views::bases(context, &rows).await?;
    let wanted = rows.iter().filter(|it| {
        let state = shown(&it.state, &it.desired);
        (states.is_empty() || states.iter().any(|one| one == state)) && !(settled && it.state != it.desired)
    });
    Reply::ok(
        &wanted
            .map(|it| SandboxView::new(it, &bases[&it.region]))
            .collect::<Vec<_>>(),
    )
}

/// A runner corrects what the plane believes of a sandbox that is started or stopped.
pub(super) async fn set_state(context: Context<'_>) -> Result<Reply, Problem> {
    let body: StateBody = context.call.json()?;
    let it = sandboxes::any(context, context.params.at(0)).await?;
    if body.state == it.state {
        return Ok(Reply::empty(200));
    }
    if !["started", "stopped"].contains(&it.state.as_str()) {
        return Err(Problem::BadRequest(format!(
            "sandbox {} is {}; only a started or stopped one is corrected",
            it.id, it.state
        )));
    }
    let observation = body.observe(&it)?;
    take(context, vec![observation], None).await?;
    Ok(Reply::empty(200))
}
