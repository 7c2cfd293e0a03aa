//! Copies of a sandbox: made where the parent's files are.

use super::create::Birth;
use super::{Context, organizations, quotas, random, sandboxes, views};
use crate::contracts::store::{self, Sandbox};
use crate::dto::{Fork, Listing};
use crate::http::{Problem, Reply};
use crate::rules::lifecycle::shown;

/// Generations of ancestors that are shown: nobody forks a hundred deep, and a ring cannot be.
const ANCESTORS: usize = 100;

pub(super) async fn fork(context: Context<'_>) -> Result<Reply, Problem> {
    let parent = sandboxes::named(context).await?;
    let name = context.call.json::<Fork>()?.name()?;
    let state = shown(&parent.state, &parent.desired);
    if !["started", "stopped"].contains(&state) {
        return Err(Problem::Conflict(format!(
            "sandbox {} is {state}; only a started or stopped one can be forked",
            parent.name
        )));
    }
    let organization = organizations::own(context).await?;
    organizations::may_work(&organization, context.call.now)?;
    let region = store::get_region(parent.region.clone()).await?;
    let (id, now) = (random::id()?, context.call.now);
    let child = Sandbox {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        state: "creating".to_owned(),
        desired: "started".to_owned(),
        generation: 1,
        error_reason: None,
        recoverable: false,
        runner: None,
        parent: Some(parent.id.clone()),
        // Its files are the parent's, not the snapshot's that this was made of.
        image: None,
        backup_state: "None".to_owned(),
        backup_manifest: None,
        backup_created: None,
        doing: String::new(),
        auth_token: random::token()?,
        state_since: now,
        created: now,
        updated: now,
        last_activity: now,
        change: 0,
        ..parent.clone()
    };
    let birth = Birth {
        context,
        organization: &organization,
        region: &region,
        totals: quotas::totals(&organization, &region).await?,
        only: parent.runner,
    };
    let made = birth.bear(child).await?;
    views::one(context, &made).await
}

async fn show(context: Context<'_>, rows: &[Sandbox]) -> Result<Reply, Problem> {
    Reply::ok(&views::full(context, rows).await?)
}

pub(super) async fn forks(context: Context<'_>) -> Result<Reply, Problem> {
    let parent = sandboxes::named(context).await?;
    let mut rows = sandboxes::all(&Listing::everything(&parent.organization)?).await?;
    rows.retain(|row| row.parent.as_ref() == Some(&parent.id));
    show(context, &rows).await
}

/// The sandbox that this one was forked from, if it is still there.
async fn parent_of(it: &Sandbox) -> Result<Option<Sandbox>, Problem> {
    let Some(id) = &it.parent else { return Ok(None) };
    match store::get_sandbox(it.organization.clone(), id.clone()).await {
        // By id: another one may have been given that id as its name.
        Ok(parent) => Ok(Some(parent).filter(|parent| parent.id == *id)),
        Err(store::Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn parent(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::named(context).await?;
    match parent_of(&it).await? {
        Some(parent) => views::one(context, &parent).await,
        None => Err(Problem::NotFound(format!("sandbox {} has no parent", it.name))),
    }
}

pub(super) async fn ancestors(context: Context<'_>) -> Result<Reply, Problem> {
    let mut it = sandboxes::named(context).await?;
    let mut rows = Vec::new();
    while rows.len() < ANCESTORS
        && let Some(parent) = parent_of(&it).await?
    {
        rows.push(parent.clone());
        it = parent;
    }
    show(context, &rows).await
}
