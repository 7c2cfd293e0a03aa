//! What a front asks: may this caller, who is it, what has changed.

use super::{Context, auth, sandboxes, wait};
use crate::contracts::{signals, store};
use crate::dto::{Access, Changes, IdentityView, SandboxView};
use crate::http::{Problem, Reply};
use crate::service::now;

/// Changes of one answer.
const CHANGES: u32 = 256;
/// Milliseconds that a request for changes may be held.
const HOLD_MOST: u64 = 30_000;

pub(super) async fn access(context: Context<'_>) -> Result<Reply, Problem> {
    auth::front(context)?;
    let user = auth::user(context).await?;
    let it = store::get_sandbox(user.organization, context.params.at(0).to_owned()).await?;
    Reply::ok(&Access::from(&it))
}

pub(super) async fn identity(context: Context<'_>) -> Result<Reply, Problem> {
    auth::front(context)?;
    let identity = auth::anyone(context).await?;
    Reply::ok(&IdentityView {
        principal: IdentityView::word(identity.principal),
        organization_id: identity.organization,
        subject: identity.subject,
    })
}

/// The front has just let a caller in; the organization is the one that it was told then. Without it, the
/// caller's own credential says it.
pub(super) async fn activity(context: Context<'_>) -> Result<Reply, Problem> {
    auth::front(context)?;
    let organization = match context.call.query.get("organization") {
        Some(organization) => organization.to_owned(),
        None => auth::user(context).await?.organization,
    };
    sandboxes::record_activity(organization, context.params.at(0), context.call.now).await?;
    Ok(Reply::empty(204))
}

/// Without `after`: the present position and no sandboxes.
pub(super) async fn changes(context: Context<'_>) -> Result<Reply, Problem> {
    auth::front(context)?;
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
            let base = &context.settings.toolbox_proxy_url;
            return Reply::ok(&Changes {
                position: rows.last().map_or(after, |row| row.change),
                sandboxes: rows.iter().map(|row| SandboxView::new(row, base)).collect(),
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
