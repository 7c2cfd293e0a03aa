//! Grants for a shell by SSH.

use super::{Context, auth, random, sandboxes, views};
use crate::contracts::store::{self, Grant, GrantKind, Sandbox};
use crate::dto::{SshAccess, SshValidation};
use crate::http::{Problem, Reply};
use crate::rules::preview::{self, SSH, SSH_MOST};

/// Where the gateway of a sandbox's region listens, or the platform's own.
async fn gateway(context: Context<'_>, it: &Sandbox) -> Result<String, Problem> {
    let region = store::get_region(it.region.clone()).await?;
    let own = Some(context.settings.ssh_gateway_url.clone()).filter(|url| !url.is_empty());
    region.ssh_gateway_url.or(own).ok_or_else(|| {
        Problem::BadRequest(format!(
            "region {} has no SSH gateway; set its sshGatewayUrl, or use a terminal of the toolbox",
            region.name
        ))
    })
}

/// A new grant ends all earlier ones of the sandbox.
pub(super) async fn grant(context: Context<'_>) -> Result<Reply, Problem> {
    let minutes = context
        .call
        .query
        .parsed::<f64>("expiresInMinutes")?
        .unwrap_or(SSH as f64);
    if !(minutes > 0.0 && minutes <= SSH_MOST as f64) {
        return Err(Problem::BadRequest(format!(
            "expiresInMinutes: more than 0, at most {SSH_MOST}"
        )));
    }
    let it = sandboxes::named(context).await?;
    let url = gateway(context, &it).await?;
    let token = random::token()?[..32].to_owned();
    store::delete_grants(GrantKind::Ssh, it.id.clone(), None).await?;
    let grant = Grant {
        id: random::id()?,
        kind: GrantKind::Ssh,
        sandbox: it.id,
        organization: it.organization,
        port: 0,
        created: context.call.now,
        // In range, so the conversion is exact to the millisecond.
        expires: context.call.now + (minutes * 60_000.0).ceil() as u64,
    };
    store::create_grant(grant.clone(), auth::hash(&token)).await?;
    let command = preview::ssh_command(&url, &token);
    Reply::ok(&SshAccess::new(&grant, token, command))
}

pub(super) async fn revoke(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::named(context).await?;
    let token = context.call.query.get("token").map(auth::hash);
    store::delete_grants(GrantKind::Ssh, it.id.clone(), token).await?;
    views::one(context, &it).await
}

/// A token that opens nothing, or nothing of the caller's, is no error.
pub(super) async fn validate(context: Context<'_>) -> Result<Reply, Problem> {
    let Some(token) = context.call.query.get("token") else {
        return Err(Problem::BadRequest("token: missing".to_owned()));
    };
    let caller = context.caller;
    let found = store::get_grant(GrantKind::Ssh, auth::hash(token)).await?;
    let good = found.filter(|grant| grant.expires > context.call.now);
    let good = good.filter(|grant| !caller.is_user() || caller.operator || grant.organization == caller.organization);
    let sandbox = match good {
        Some(grant) => sandboxes::any(context, &grant.sandbox).await.ok(),
        None => None,
    };
    Reply::ok(&SshValidation {
        valid: sandbox.is_some(),
        sandbox_id: sandbox.map(|it| it.id).unwrap_or_default(),
    })
}
