//! Who calls, and whether they may: found out once for each request, by the table of routes.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::keys;
use super::settings::Settings;
use crate::contracts::store::{self, Identity, MemberRole, Principal};
use crate::http::{Access, Call, Need, Problem};
use crate::rules::permissions;

/// Bytes of a credential. Ours have 64; longer ones are not worth hashing.
const CREDENTIAL: usize = 1024;

/// Lower-case hex SHA-256.
pub(super) fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A front of ours that asks for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// The plane's own: it may see everything.
    Plane,
    /// The proxy of a region: it sees what is in the region.
    Region(String),
}

/// Whoever calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// none: nobody has proved anything.
    pub(super) principal: Option<Principal>,
    /// The organization in which the caller acts. Empty for machines of the platform, and for nobody.
    pub(super) organization: String,
    /// User id; runner id for runners; region id for the services of a region.
    pub(super) subject: String,
    /// Of the key.
    pub(super) permissions: Vec<String>,
    /// Whether the key carries the operator's role.
    pub(super) operator: bool,
    /// The front through which the call comes, on routes for fronts.
    pub(super) front: Option<Front>,
}

impl Caller {
    fn nobody(front: Option<Front>) -> Self {
        Self {
            principal: None,
            organization: String::new(),
            subject: String::new(),
            permissions: Vec::new(),
            operator: false,
            front,
        }
    }

    /// Whether it is a user, operators included.
    pub(super) fn is_user(&self) -> bool {
        matches!(self.principal, Some(Principal::User | Principal::Operator))
    }

    /// 403 without this permission.
    pub(super) fn needs(&self, permission: &str) -> Result<(), Problem> {
        if self.permissions.iter().any(|one| one == permission) {
            return Ok(());
        }
        Err(Problem::Forbidden(format!(
            "this API key lacks the permission {permission}"
        )))
    }

    /// Whether something of this region may be seen: only what is in theirs by the services of a region, and by fronts
    /// that are the proxy of one.
    pub(super) fn sees_region(&self, region: &str) -> bool {
        let by_front = match &self.front {
            Some(Front::Region(own)) => own == region,
            _ => true,
        };
        let by_caller = match self.principal {
            Some(Principal::RegionProxy | Principal::RegionSshGateway) => self.subject == region,
            _ => true,
        };
        by_front && by_caller
    }
}

/// Who calls, if they may call such a route.
pub(super) async fn caller(call: &Call, settings: &Settings, access: Access) -> Result<Caller, Problem> {
    let front = if access.front {
        Some(front(call, settings).await?)
    } else {
        None
    };
    if !access.looks_at_callers() {
        return Ok(Caller::nobody(front));
    }
    match known(call, access).await {
        Ok(caller) => Ok(Caller { front, ..caller }),
        // What is offered to everybody is not refused because of a credential that is somebody else's.
        Err(Problem::Unauthorized(_)) if access.optional => Ok(Caller::nobody(front)),
        Err(problem) => Err(problem),
    }
}

async fn known(call: &Call, access: Access) -> Result<Caller, Problem> {
    let identity = authenticate(call).await?;
    match identity.principal {
        Principal::User | Principal::Operator => match access.user {
            Some(need) => user(call, identity, need).await,
            None => Err(Problem::Forbidden(
                "this route is for machines: a user's key does not open it".to_owned(),
            )),
        },
        Principal::Runner if access.runner => Ok(machine(identity)),
        Principal::RegionProxy if access.proxy => Ok(machine(identity)),
        Principal::RegionSshGateway if access.gateway => Ok(machine(identity)),
        _ if access.user == Some(Need::Operator) || access.user.is_none() => Err(Problem::Forbidden(
            "this credential does not open this route".to_owned(),
        )),
        _ => Err(Problem::Forbidden(
            "this credential is a machine's; an API key is needed".to_owned(),
        )),
    }
}

/// Nothing is remembered between calls, so a revoked credential is dead at once.
async fn authenticate(call: &Call) -> Result<Identity, Problem> {
    let unknown = || Problem::Unauthorized("invalid credentials".to_owned());
    let Some(token) = &call.bearer else {
        return Err(Problem::Unauthorized(
            "send an API key: Authorization: Bearer <key>".to_owned(),
        ));
    };
    if token.len() > CREDENTIAL {
        return Err(unknown());
    }
    let hash = hash(token);
    let identity = store::authenticate(hash.clone()).await?.ok_or_else(unknown)?;
    if identity.expires.is_some_and(|expires| expires <= call.now) {
        return Err(Problem::Unauthorized("this API key has expired".to_owned()));
    }
    if matches!(identity.principal, Principal::User | Principal::Operator) {
        keys::used(hash, call.now).await;
    }
    Ok(identity)
}

fn machine(identity: Identity) -> Caller {
    Caller {
        principal: Some(identity.principal),
        organization: identity.organization,
        subject: identity.subject,
        permissions: Vec::new(),
        operator: false,
        front: None,
    }
}

async fn user(call: &Call, identity: Identity, need: Need) -> Result<Caller, Problem> {
    let operator = identity.principal == Principal::Operator
        || identity.permissions.iter().any(|one| one == permissions::OPERATOR);
    let mut caller = Caller {
        operator,
        permissions: identity.permissions.clone(),
        ..machine(identity)
    };
    elsewhere(call, &mut caller).await?;
    match need {
        Need::Key => Ok(caller),
        Need::Permission(permission) => caller.needs(permission).map(|()| caller),
        Need::Operator if caller.operator => Ok(caller),
        Need::Operator => Err(Problem::Forbidden(
            "this is for the operators of the platform".to_owned(),
        )),
        Need::Owner => owner(caller).await,
    }
}

/// An operator may act in any organization; a key of one organization does nothing in another.
async fn elsewhere(call: &Call, caller: &mut Caller) -> Result<(), Problem> {
    let Some(wanted) = call.organization.as_deref().filter(|wanted| !wanted.is_empty()) else {
        return Ok(());
    };
    if wanted == caller.organization {
        return Ok(());
    }
    if !caller.operator {
        return Err(Problem::Forbidden(
            "X-Daytona-Organization-ID names another organization than the one of this API key".to_owned(),
        ));
    }
    let organization = store::get_organization(wanted.to_owned()).await?;
    caller.organization = organization.id;
    Ok(())
}

/// What only owners do needs a whole key of an owner: a key for less must not be a way to more.
async fn owner(caller: Caller) -> Result<Caller, Problem> {
    if caller.operator {
        return Ok(caller);
    }
    if !permissions::is_everything(&caller.permissions) {
        return Err(Problem::Forbidden(
            "this needs an owner's API key with every permission".to_owned(),
        ));
    }
    let members = store::list_members(caller.organization.clone()).await?;
    let is_owner = members
        .iter()
        .any(|member| member.user.id == caller.subject && member.role == MemberRole::Owner);
    if is_owner {
        Ok(caller)
    } else {
        Err(Problem::Forbidden("this is for owners of the organization".to_owned()))
    }
}

/// Lets only a front of ours pass. To others these routes do not exist.
async fn front(call: &Call, settings: &Settings) -> Result<Front, Problem> {
    let hidden = || Problem::NotFound(format!("Cannot {} {}", call.method.name(), call.path));
    let given = call.front_key.as_deref().filter(|key| key.len() <= CREDENTIAL);
    let given = given.map(hash).ok_or_else(hidden)?;
    let expected = settings.front_key_hash.as_bytes();
    if !expected.is_empty() && bool::from(expected.ct_eq(given.as_bytes())) {
        return Ok(Front::Plane);
    }
    match store::authenticate(given).await? {
        Some(identity) if identity.principal == Principal::RegionProxy => Ok(Front::Region(identity.subject)),
        _ => Err(hidden()),
    }
}
