//! Runners, as users see them.

use super::auth::User;
use super::{Context, auth, bootstrap, fleet, random, regions};
use crate::contracts::region;
use crate::contracts::store::{self, RegionKind, Runner};
use crate::dto::{CreateRunner, CreatedRunner, Draining, RunnerFull, RunnerView, Scheduling};
use crate::http::{Problem, Reply};
use crate::rules::permissions;

fn view(context: Context<'_>, it: &Runner) -> RunnerView {
    RunnerView::new(it, fleet::health(context.settings, it))
}

/// Whether a runner is this user's to see and to change: their organization's, or the platform's for those who
/// answer for it.
fn is_theirs(user: &User, runner: &Runner) -> bool {
    match &runner.organization {
        Some(organization) => *organization == user.organization,
        None => user.operator,
    }
}

/// The runner that the path names.
async fn named(context: Context<'_>, permission: &str) -> Result<Runner, Problem> {
    let user = auth::user_who(context, permission).await?;
    let id = context.params.at(0);
    if uuid::Uuid::try_parse(id).is_err() {
        return Err(Problem::BadRequest(format!(
            "{id:?} is no id of a runner: it is a UUID"
        )));
    }
    let not_found = || Problem::NotFound(format!("runner {id} not found"));
    match store::get_runner(id.to_owned()).await {
        Ok(runner) if is_theirs(&user, &runner) => Ok(runner),
        Ok(_) | Err(store::Error::NotFound(_)) => Err(not_found()),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user_who(context, permissions::READ_RUNNERS).await?;
    let region = context.call.query.get("regionId");
    if let Some(id) = region
        && !regions::visible(&user.organization)
            .await?
            .iter()
            .any(|region| region.id == id)
    {
        return Err(Problem::NotFound(format!("region {id} not found")));
    }
    // Operators see two owners' runners, so the filter is applied here.
    let owner = if user.operator {
        None
    } else {
        Some(user.organization.clone())
    };
    let rows = store::list_runners(region.map(str::to_owned), owner).await?;
    let theirs = rows.iter().filter(|runner| is_theirs(&user, runner));
    Reply::ok(&theirs.map(|runner| view(context, runner)).collect::<Vec<_>>())
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    Reply::ok(&view(context, &named(context, permissions::READ_RUNNERS).await?))
}

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let user = auth::user_who(context, permissions::WRITE_RUNNERS).await?;
    let body: CreateRunner = context.call.json()?;
    region::check_name(&body.name)?;
    let seen = regions::visible(&user.organization).await?;
    let Some(region) = seen.into_iter().find(|region| region.id == body.region_id) else {
        return Err(Problem::NotFound(format!("region {} not found", body.region_id)));
    };
    let organization = match region.kind {
        RegionKind::Custom => Some(user.organization),
        _ if user.operator => None,
        _ => {
            return Err(Problem::Forbidden(format!(
                "region {} is not a custom region of yours",
                region.name
            )));
        }
    };
    let token = random::token()?;
    let runner = Runner {
        id: random::id()?,
        name: body.name.clone(),
        region: region.id,
        organization,
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
    let runner = named(context, permissions::WRITE_RUNNERS).await?;
    let body: Scheduling = context.call.json()?;
    flags(context, runner.id, Some(body.unschedulable), None).await
}

pub(super) async fn set_draining(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = named(context, permissions::WRITE_RUNNERS).await?;
    let body: Draining = context.call.json()?;
    flags(context, runner.id, None, Some(body.draining)).await
}

async fn flags(
    context: Context<'_>,
    id: String,
    unschedulable: Option<bool>,
    draining: Option<bool>,
) -> Result<Reply, Problem> {
    let changed = store::set_runner_flags(id, unschedulable, draining, context.call.now).await?;
    Reply::ok(&view(context, &changed))
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = named(context, permissions::DELETE_RUNNERS).await?;
    match store::delete_runner(runner.id).await {
        Ok(()) => Ok(Reply::empty(204)),
        Err(store::Error::Conflict(_)) => Err(Problem::BadRequest(format!(
            "runner {} can be deleted only when it is unschedulable and without sandboxes",
            runner.name
        ))),
        Err(error) => Err(error.into()),
    }
}

/// The runner that calls, as it sees itself.
pub(super) async fn own(context: Context<'_>) -> Result<Reply, Problem> {
    let runner = store::get_runner(auth::runner(context).await?).await?;
    let token = context.call.bearer.as_deref().unwrap_or_default();
    Reply::ok(&RunnerFull::new(view(context, &runner), token))
}
