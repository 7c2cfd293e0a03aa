//! Ports of a sandbox, seen from outside.

use super::sandboxes::{self, named};
use super::{Context, auth, random};
use crate::contracts::store::{self, Grant, GrantKind, Sandbox};
use crate::dto::{PortUrl, SignedUrl, Warning};
use crate::http::{Problem, Reply};
use crate::rules::preview::{self, SIGNED, SIGNED_MOST};

/// The base before whose host a preview's name stands: the region's proxy, or the plane's front.
async fn base(context: Context<'_>, it: &Sandbox) -> Result<String, Problem> {
    let region = store::get_region(it.region.clone()).await?;
    Ok(region
        .proxy_url
        .unwrap_or_else(|| context.settings.toolbox_proxy_url.clone()))
}

pub(super) async fn url(context: Context<'_>) -> Result<Reply, Problem> {
    let port = preview::port(context.params.at(1))?;
    let it = named(context).await?;
    Reply::ok(&PortUrl {
        url: preview::url(&base(context, &it).await?, port, &it.id),
        sandbox_id: it.id,
        token: it.auth_token,
    })
}

pub(super) async fn sign(context: Context<'_>) -> Result<Reply, Problem> {
    let port = preview::port(context.params.at(1))?;
    let seconds = context.call.query.parsed::<u64>("expiresInSeconds")?.unwrap_or(SIGNED);
    if !(1..=SIGNED_MOST).contains(&seconds) {
        return Err(Problem::BadRequest(format!("expiresInSeconds: 1 to {SIGNED_MOST}")));
    }
    let it = named(context).await?;
    let token = random::short_token()?;
    let grant = Grant {
        id: random::id()?,
        kind: GrantKind::Preview,
        sandbox: it.id.clone(),
        organization: it.organization.clone(),
        port: u32::from(port),
        created: context.call.now,
        expires: context.call.now + seconds * 1_000,
    };
    store::create_grant(grant, auth::hash(&token)).await?;
    Reply::ok(&SignedUrl {
        url: preview::url(&base(context, &it).await?, port, &token),
        sandbox_id: it.id,
        port,
        token,
    })
}

pub(super) async fn expire(context: Context<'_>) -> Result<Reply, Problem> {
    preview::port(context.params.at(1))?;
    let it = named(context).await?;
    let token = auth::hash(context.params.at(2));
    match store::delete_grants(GrantKind::Preview, it.id, Some(token)).await? {
        0 => Err(Problem::Forbidden(
            "no signed URL of this sandbox has this token".to_owned(),
        )),
        _ => Ok(Reply::empty(200)),
    }
}

/// What a signed token opens: the sandbox, if the token is for this port and not over.
pub(super) async fn opened(context: Context<'_>, token: &str, port: u16) -> Result<Option<Sandbox>, Problem> {
    if token.len() != preview::TOKEN {
        return Ok(None);
    }
    let grant = store::get_grant(GrantKind::Preview, auth::hash(token)).await?;
    let good = |grant: &Grant| grant.expires > context.call.now && grant.port == u32::from(port);
    match grant.filter(good) {
        Some(grant) => match sandboxes::any(context, &grant.sandbox).await {
            Ok(it) => Ok(Some(it)),
            Err(Problem::NotFound(_)) => Ok(None),
            Err(problem) => Err(problem),
        },
        None => Ok(None),
    }
}

/// Whether a token is the sandbox's own.
pub(super) fn is_token_of(it: &Sandbox, token: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    !it.auth_token.is_empty() && bool::from(it.auth_token.as_bytes().ct_eq(token.as_bytes()))
}

// ---- what a region's own proxy asks

/// 404 for what is not public: who may not know learns nothing.
pub(super) async fn public(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::any(context, context.params.at(0)).await?;
    if it.public {
        Reply::ok(&true)
    } else {
        Err(Problem::NotFound(format!("sandbox {} not found", it.id)))
    }
}

/// Whether the user whose key this is may see the sandbox.
pub(super) async fn access(context: Context<'_>) -> Result<Reply, Problem> {
    named(context).await?;
    Reply::ok(&true)
}

pub(super) async fn warning(context: Context<'_>) -> Result<Reply, Problem> {
    sandboxes::any(context, context.params.at(0)).await?;
    Reply::ok(&Warning { enabled: false })
}

pub(super) async fn validate(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::any(context, context.params.at(0)).await?;
    Reply::ok(&is_token_of(&it, context.params.at(1)))
}

/// The sandbox that a signed token opens.
pub(super) async fn sandbox(context: Context<'_>) -> Result<Reply, Problem> {
    let port = preview::port(context.params.at(1))?;
    match opened(context, context.params.at(0), port).await? {
        Some(it) => Reply::ok(&it.id),
        None => Err(Problem::NotFound("this signed URL is unknown or over".to_owned())),
    }
}
