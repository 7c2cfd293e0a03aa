//! Who calls, and whether they may.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Context, bootstrap};
use crate::contracts::store::{self, Identity, Principal};
use crate::http::Problem;

/// Bytes of a credential. Ours have 64; longer ones are not worth hashing.
const CREDENTIAL: usize = 1024;

/// Lower-case hex SHA-256.
pub(super) fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A person or program with an API key.
pub(super) struct User {
    pub(super) organization: String,
    /// Also answers for the platform's own machines.
    pub(super) operator: bool,
    permissions: Vec<String>,
}

impl User {
    /// 403 without this permission.
    pub(super) fn needs(&self, permission: &str) -> Result<(), Problem> {
        if self.permissions.iter().any(|one| one == permission) {
            return Ok(());
        }
        Err(Problem::Forbidden(format!(
            "this API key lacks the permission {permission}"
        )))
    }
}

/// Whoever calls; 401 without a credential that holds. Nothing is remembered between calls, so a revoked
/// credential is dead at once.
pub(super) async fn anyone(context: Context<'_>) -> Result<Identity, Problem> {
    let unknown = || Problem::Unauthorized("invalid credentials".to_owned());
    let Some(token) = &context.call.bearer else {
        return Err(Problem::Unauthorized(
            "send an API key: Authorization: Bearer <key>".to_owned(),
        ));
    };
    if token.len() > CREDENTIAL {
        return Err(unknown());
    }
    let identity = store::authenticate(hash(token)).await?.ok_or_else(unknown)?;
    match identity.expires {
        Some(expires) if expires <= context.call.now => {
            Err(Problem::Unauthorized("this API key has expired".to_owned()))
        }
        _ => Ok(identity),
    }
}

/// A user; 403 for machines.
pub(super) async fn user(context: Context<'_>) -> Result<User, Problem> {
    let identity = anyone(context).await?;
    match identity.principal {
        Principal::User | Principal::Operator => Ok(User {
            operator: identity.principal == Principal::Operator || identity.organization == bootstrap::ORGANIZATION,
            organization: identity.organization,
            permissions: identity.permissions,
        }),
        _ => Err(Problem::Forbidden(
            "this credential is a machine's; an API key is needed".to_owned(),
        )),
    }
}

/// A user with a permission.
pub(super) async fn user_who(context: Context<'_>, permission: &str) -> Result<User, Problem> {
    let user = user(context).await?;
    user.needs(permission)?;
    Ok(user)
}

/// The id of the runner that calls; 403 for others.
pub(super) async fn runner(context: Context<'_>) -> Result<String, Problem> {
    let identity = anyone(context).await?;
    match identity.principal {
        Principal::Runner => Ok(identity.subject),
        _ => Err(Problem::Forbidden("this credential is not a runner's".to_owned())),
    }
}

/// Lets only a front of ours pass. To others these routes do not exist.
pub(super) fn front(context: Context<'_>) -> Result<(), Problem> {
    let expected = context.settings.front_key_hash.as_bytes();
    let given = context.call.front_key.as_deref().map(hash).unwrap_or_default();
    if !expected.is_empty() && bool::from(expected.ct_eq(given.as_bytes())) {
        return Ok(());
    }
    Err(Problem::NotFound(format!(
        "Cannot {} {}",
        context.call.method.name(),
        context.call.path
    )))
}
