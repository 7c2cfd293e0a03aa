//! Runners, as users and the services of a region see them.

use super::{Context, auth, bootstrap, fleet, random, regions, sandboxes};
use crate::contracts::region;
use crate::contracts::store::{self, RegionKind, Runner};
use crate::dto::{
    CreateRunner, CreatedRunner, Draining, Rotated, Rotation, RunnerFull, RunnerSnapshot, RunnerView, SNAPSHOT,
    Scheduling,
};
use crate::http::{Problem, Reply, Route, find};
use crate::times::iso;

/// Seconds that an old token is good at most after a rotation: a day.
const GRACE_MOST: u64 = 86_400;
/// Bytes of a token that an operator chooses.
const TOKEN: std::ops::RangeInclusive<usize> = 16..=256;

fn view(context: Context<'_>, it: &Runner) -> RunnerView {
    RunnerView::new(it, fleet::health(context.settings, it), context.call.now)
}

/// Whether a runner is the caller's to see and to change: their organization's, or anybody's for operators.
fn is_theirs(context: Context<'_>, runner: &Runner) -> bool {
    context.caller.operator || runner.organization.as_ref() == Some(&context.caller.organization)
}

/// The runner that the path names.
pub(super) async fn named(context: Context<'_>) -> Result<Runner, Problem> {
    let id = context.params.at(0);
    if uuid::Uuid::try_parse(id).is_err() {
        return Err(Problem::BadRequest(format!(
            "{id:?} is no id of a runner: it is a UUID"
        )));
    }
    let not_found = || Problem::NotFound(format!("runner {id} not found"));
    let allowed = |it: &Runner| match context.caller.is_user() {
        true => is_theirs(context, it) && context.caller.sees_region(&it.region),
        false => context.caller.sees_region(&it.region),
    };
    match store::get_runner(id.to_owned()).await {
        Ok(runner) if allowed(&runner) => Ok(runner),
        Ok(_) | Err(store::Error::NotFound(_)) => Err(not_found()),
        Err(error) => Err(error.into()),
    }
}

/// Of all own custom regions, or of one of them; operators see the platform's own too.
pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let region = context.call.query.get("regionId");
    let owner = Some(context.caller.organization.clone()).filter(|_| !context.caller.operator);
    if let Some(id) = region {
        let known = regions::known(context).await?;
        if context.caller.operator {
            store::get_region(id.to_owned())
                .await
                .map_err(|_| regions::not_found(id))?;
        } else {
            known.own(id)?;
        }
    }
    let rows = store::list_runners(region.map(str::to_owned), owner).await?;
    let ours =
        |it: &&Runner| it.organization.is_none() || it.organization.as_ref() == Some(&context.caller.organization);
    Reply::ok(&rows.iter().filter(ours).map(|it| view(context, it)).collect::<Vec<_>>())
}

/// Every runner there is, for operators.
pub(super) async fn all(context: Context<'_>) -> Result<Reply, Problem> {
    let region = context.call.query.get("regionId").map(str::to_owned);
    let rows = store::list_runners(region, None).await?;
    Reply::ok(&rows.iter().map(|it| view(context, it)).collect::<Vec<_>>())
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    Reply::ok(&view(context, &named(context).await?))
}

/// In a custom region of the caller's; operators register the platform's own machines, in any region.
pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let body: CreateRunner = context.call.json()?;
    region::check_name(&body.name)?;
    body.check()?;
    let known = regions::known(context).await?;
    let is_admin = find(context.call.method, &context.call.path).is_ok_and(|it| it.route == Route::AdminCreateRunner);
    let region = match known.own(&body.region_id) {
        Ok(region) => region.clone(),
        Err(problem) if context.caller.operator => match store::get_region(body.region_id.clone()).await {
            // Other people's custom regions only where it is said to be an operator's doing.
            Ok(region) if is_admin || region.kind != RegionKind::Custom => region,
            Ok(_) | Err(store::Error::NotFound(_)) => return Err(problem),
            Err(error) => return Err(error.into()),
        },
        Err(problem) => return Err(problem),
    };
    let token = match body.api_key {
        Some(given) if is_admin && TOKEN.contains(&given.len()) => given,
        Some(_) if is_admin => {
            return Err(Problem::BadRequest(format!(
                "apiKey: {} to {} bytes",
                TOKEN.start(),
                TOKEN.end()
            )));
        }
        _ => random::token()?,
    };
    let runner = Runner {
        id: random::id()?,
        name: body.name.clone(),
        region: region.id,
        organization: region.organization.filter(|_| region.kind == RegionKind::Custom),
        tags: body.tags,
        ..bootstrap::unheard(context.call.now)
    };
    match store::create_runner(runner, auth::hash(&token), false).await {
        Ok(made) => Reply::json(
            201,
            &CreatedRunner {
                id: made.id,
                api_key: token,
            },
        ),
        Err(store::Error::Taken(_)) => Err(Problem::Conflict(format!(
            "a runner named {} exists already in region {}",
            body.name, region.name
        ))),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn set_scheduling(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = named(context).await?;
    let body: Scheduling = context.call.json()?;
    let changed = store::set_runner_flags(runner.id, Some(body.unschedulable), None, None, context.call.now).await?;
    Reply::ok(&view(context, &changed))
}

pub(super) async fn set_draining(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = named(context).await?;
    let body: Draining = context.call.json()?;
    // What is drained no longer stops what is started later.
    let started = if body.draining { body.stop_started } else { Some(false) };
    let changed = store::set_runner_flags(runner.id, None, Some(body.draining), started, context.call.now).await?;
    Reply::ok(&view(context, &changed))
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = named(context).await?;
    let force = context.call.query.parsed::<bool>("force")?.unwrap_or(false);
    let silent_since = context
        .call
        .now
        .saturating_sub(context.settings.fleet.disconnected_after);
    match store::delete_runner(runner.id, force, silent_since).await {
        Ok(()) => Ok(Reply::empty(204)),
        Err(store::Error::Conflict(_)) => Err(Problem::BadRequest(format!(
            "runner {} can be deleted only when it is unschedulable and without sandboxes{}",
            runner.name,
            if force {
                ", or when it has long been silent and all of them are to be destroyed"
            } else {
                ""
            }
        ))),
        Err(error) => Err(error.into()),
    }
}

/// A new token. The old one stays good for a while, so that the machine can change over without a break.
pub(super) async fn rotate(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = named(context).await?;
    let grace = context.call.json::<Rotation>()?.grace_seconds.unwrap_or(0);
    if grace > GRACE_MOST {
        return Err(Problem::BadRequest(format!("graceSeconds: 0 to {GRACE_MOST}")));
    }
    let token = random::token()?;
    let until = context.call.now + grace * 1_000;
    // 0: dead with the commit.
    let good_until = if grace == 0 { 0 } else { until };
    store::rotate_runner_token(runner.id.clone(), auth::hash(&token), good_until).await?;
    Reply::ok(&Rotated {
        id: runner.id,
        api_key: token,
        old_valid_until: iso(until),
    })
}

/// The runner that calls, as it sees itself.
pub(super) async fn own(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = store::get_runner(context.caller.subject.clone()).await?;
    let token = context.call.bearer.as_deref().unwrap_or_default();
    show_full(context, &runner, token).await
}

pub(super) async fn own_snapshots(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = store::get_runner(context.caller.subject.clone()).await?;
    let mut names = runner.snapshots;
    if !names.iter().any(|name| name == SNAPSHOT) {
        names.insert(0, SNAPSHOT.to_owned());
    }
    Reply::ok(&names)
}

/// With an empty token: only its hash is kept, and a proxy needs none, for runners dial and are never dialled.
async fn show_full(context: Context<'_>, runner: &Runner, token: &str) -> Result<Reply, Problem> {
    let region = store::get_region(runner.region.clone()).await?;
    Reply::ok(&RunnerFull::new(view(context, runner), token, region.kind))
}

pub(super) async fn full(context: Context<'_>) -> Result<Reply, Problem> {
    show_full(context, &named(context).await?, "").await
}

pub(super) async fn by_sandbox(context: Context<'_>) -> Result<Reply, Problem> {
    let sandbox = sandboxes::any(context, context.params.at(0)).await?;
    let Some(runner) = sandbox.runner else {
        return Err(Problem::NotFound(format!("sandbox {} has no runner", sandbox.id)));
    };
    show_full(context, &store::get_runner(runner).await?, "").await
}

pub(super) async fn by_snapshot(context: Context<'_>) -> Result<Reply, Problem> {
    let Some(wanted) = context.call.query.get("ref") else {
        return Err(Problem::BadRequest("ref: missing".to_owned()));
    };
    let region = Some(context.caller.subject.clone()).filter(|_| !context.caller.is_user());
    let rows = store::list_runners(region, None).await?;
    let having = rows
        .iter()
        .filter(|it| wanted == SNAPSHOT || it.snapshots.iter().any(|one| one == wanted));
    let shown = having.map(|it| RunnerSnapshot {
        runner_snapshot_id: format!("{}.{wanted}", it.id),
        runner_id: it.id.clone(),
    });
    Reply::ok(&shown.collect::<Vec<_>>())
}
