//! What a front asks: may this caller, who is it, what has changed.

use super::auth::Front;
use super::{Context, previews, runners, sandboxes, views, wait};
use crate::contracts::store::Principal;
use crate::contracts::{signals, store};
use crate::dto::{Access, Changes, IdentityView, Links, RunnerAccess};
use crate::http::{Problem, Reply};
use crate::rules::{permissions, preview};
use crate::service::now;

/// Changes of one answer.
const CHANGES: u32 = 256;
/// Milliseconds that a request for changes may be held.
const HOLD_MOST: u64 = 30_000;
/// Runners that one front names at once.
const LINKS: usize = 20_000;
/// Of these written down in one go: some milliseconds.
const LINKS_AT_ONCE: usize = 256;
/// For how long a front's word that a runner is connected holds: it says so every 20 s.
const CONNECTED: u64 = 45_000;

pub(super) async fn access(context: Context<'_>) -> Result<Reply, Problem> {
    Reply::ok(&Access::from(&sandboxes::seen(context).await?))
}

/// Whoever has a way in gets it: everybody to what is public, users to their own, others by token. All else is 404 for
/// users who are not theirs, 401 for who has proved nothing.
pub(super) async fn preview(context: Context<'_>) -> Result<Reply, Problem> {
    let query = &context.call.query;
    let port = preview::port(query.get("port").unwrap_or_default())?;
    let name = query
        .get("sandbox")
        .ok_or_else(|| Problem::BadRequest("sandbox: missing".to_owned()))?;
    if let Some(it) = previews::opened(context, name, port).await? {
        return Reply::ok(&Access::preview(&it));
    }
    let it = sandboxes::any(context, name).await?;
    let public = it.public && !preview::PRIVATE_PORTS.contains(&port);
    let own = context.caller.is_user() && context.caller.organization == it.organization;
    let by_token = || {
        let token = context.call.preview_token.as_deref();
        token.is_some_and(|token| previews::is_token_of(&it, token))
    };
    if public || own || by_token() {
        return Reply::ok(&Access::preview(&it));
    }
    if context.caller.is_user() {
        return Err(Problem::NotFound(format!("sandbox {name} not found")));
    }
    Err(Problem::Unauthorized(
        "this preview is not public: send an API key, or the header X-Daytona-Preview-Token".to_owned(),
    ))
}

/// Whether a caller may do something with a runner.
pub(super) async fn runner(context: Context<'_>) -> Result<Reply, Problem> {
    let permission = context
        .call
        .query
        .get("permission")
        .unwrap_or(permissions::READ_RUNNERS);
    context.caller.needs(permission)?;
    let runner = runners::named(context).await?;
    Reply::ok(&RunnerAccess { runner_id: runner.id })
}

pub(super) async fn identity(context: Context<'_>) -> Result<Reply, Problem> {
    let caller = context.caller;
    let Some(principal) = caller.principal else {
        return Err(Problem::Unauthorized("invalid credentials".to_owned()));
    };
    let region = match principal {
        Principal::Runner => Some(store::get_runner(caller.subject.clone()).await?.region),
        _ => None,
    };
    if let Some(region) = &region
        && !caller.sees_region(region)
    {
        return Err(Problem::Forbidden("this runner is in another region".to_owned()));
    }
    Reply::ok(&IdentityView {
        principal: IdentityView::word(principal),
        organization_id: caller.organization.clone(),
        subject: caller.subject.clone(),
        region,
    })
}

/// A front says which runners are connected to it; the proxy of a region only of that region's.
pub(super) async fn links(context: Context<'_>) -> Result<Reply, Problem> {
    let body: Links = context.call.json()?;
    if body.runners.len() > LINKS {
        return Err(Problem::BadRequest(format!("runners: at most {LINKS}")));
    }
    let mut connected = body.runners;
    if let Some(Front::Region(region)) = &context.caller.front {
        let there = store::list_runners(Some(region.clone()), None).await?;
        connected.retain(|id| there.iter().any(|runner| runner.id == *id));
    }
    // In parts, so that a large fleet holds nobody up.
    for part in connected.chunks(LINKS_AT_ONCE) {
        store::set_connected(part.to_vec(), context.call.now + CONNECTED).await?;
    }
    Ok(Reply::empty(204))
}

/// The front has just let a caller in; the organization is the one that it was told then. Without it, the
/// caller's own credential says it.
pub(super) async fn activity(context: Context<'_>) -> Result<Reply, Problem> {
    let organization = match context.call.query.get("organization") {
        Some(organization) => organization.to_owned(),
        None if context.caller.is_user() => context.caller.organization.clone(),
        None => return Err(Problem::Unauthorized("whose sandbox it is was not said".to_owned())),
    };
    let it = store::get_sandbox(organization, context.params.at(0).to_owned()).await?;
    if !context.caller.sees_region(&it.region) {
        return Err(Problem::NotFound(format!("sandbox {} not found", it.id)));
    }
    sandboxes::record_activity(it, context.call.now).await?;
    Ok(Reply::empty(204))
}

/// Without `after`: the present position and no sandboxes.
pub(super) async fn changes(context: Context<'_>) -> Result<Reply, Problem> {
    if context.caller.front != Some(Front::Plane) {
        return Err(Problem::Forbidden("changes are for the plane's own front".to_owned()));
    }
    let query = &context.call.query;
    let Some(organization) = query.get("organization") else {
        return Err(Problem::BadRequest("organization: missing".to_owned()));
    };
    let Some(after) = query.parsed::<u64>("after")? else {
        return Reply::ok(&Changes {
            position: present(organization).await?,
            sandboxes: Vec::new(),
        });
    };
    let hold = query.parsed::<u64>("wait")?.unwrap_or(0).min(HOLD_MOST);
    let deadline = context.call.now.saturating_add(hold);
    let key = wait::of_organization(organization);
    loop {
        let seen = signals::current(key.clone()).await;
        let rows = store::changes(organization.to_owned(), after, CHANGES).await?;
        if !rows.is_empty() || now() >= deadline {
            return Reply::ok(&Changes {
                position: rows.last().map_or(after, |row| row.change),
                sandboxes: views::full(context, &rows).await?,
            });
        }
        signals::wait(key.clone(), seen, deadline).await;
    }
}

/// The position of the latest change.
async fn present(organization: &str) -> Result<u64, Problem> {
    let mut position = 0;
    loop {
        let rows = store::changes(organization.to_owned(), position, CHANGES).await?;
        match rows.last() {
            Some(row) => position = row.change,
            None => return Ok(position),
        }
    }
}
