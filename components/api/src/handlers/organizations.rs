//! Organizations.

use super::{Context, auth, keys, random};
use crate::contracts::store::{self, Organization, OrganizationChange, RegionKind, Suspension};
use crate::dto::{CreateOrganization, DefaultRegion, OrganizationView, SuspendBody};
use crate::http::{Code, Problem, Reply};
use crate::rules::{permissions, text};
use crate::times;

/// Organizations that one user may make, as documented.
const MOST: u32 = 10;
/// Bytes of the reason of a suspension.
const REASON: usize = 1_024;

/// The documented limits of a new organization.
const LIMITS: (u32, u32, u32) = (4, 8, 10);
/// The documented totals of a new organization in its default region.
const TOTALS: (u32, u32, u32) = (10, 10, 30);

/// A change of nothing.
pub(super) const NOTHING: OrganizationChange = OrganizationChange {
    name: None,
    default_region: None,
    max_cpu: None,
    max_memory_gib: None,
    max_disk_gib: None,
    total_cpu: None,
    total_memory_gib: None,
    total_disk_gib: None,
    suspended: None,
};

/// The organization in which the caller acts.
pub(super) async fn own(context: Context<'_>) -> Result<Organization, Problem> {
    Ok(store::get_organization(context.caller.organization.clone()).await?)
}

/// The id in the path, if it is the caller's organization; operators may name any, others learn nothing of it.
pub(super) fn of_path(context: Context<'_>) -> Result<String, Problem> {
    let id = context.params.at(0);
    if id == context.caller.organization || context.caller.operator {
        return Ok(id.to_owned());
    }
    Err(Problem::NotFound(format!("organization {id} not found")))
}

/// 403 while the organization is suspended.
pub(super) fn may_work(it: &Organization, now: u64) -> Result<(), Problem> {
    match &it.suspended {
        Some(is) if is.until.is_none_or(|until| until > now) => Err(Problem::Coded(
            Code::Suspended,
            format!("organization {} is suspended: {}", it.name, is.reason),
        )),
        _ => Ok(()),
    }
}

/// A new organization of this user, as documented.
pub(super) fn fresh(id: String, name: String, user: &str, default_region: Option<String>, now: u64) -> Organization {
    Organization {
        id,
        name,
        personal: false,
        created_by: user.to_owned(),
        default_region,
        max_cpu: LIMITS.0,
        max_memory_gib: LIMITS.1,
        max_disk_gib: LIMITS.2,
        total_cpu: TOTALS.0,
        total_memory_gib: TOTALS.1,
        total_disk_gib: TOTALS.2,
        suspended: None,
        created: now,
        updated: now,
    }
}

fn view(context: Context<'_>, it: &Organization) -> OrganizationView {
    OrganizationView::new(it, context.call.now)
}

/// The caller's own; every one for operators.
pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let rows = if context.caller.operator {
        store::list_organizations(None).await?
    } else {
        vec![own(context).await?]
    };
    Reply::ok(&rows.iter().map(|it| view(context, it)).collect::<Vec<_>>())
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    Reply::ok(&view(context, &store::get_organization(of_path(context)?).await?))
}

/// Answers with the first key of its owner, too: there is no other way in.
pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let body: CreateOrganization = context.call.json()?;
    text::sandbox_name(&body.name)?;
    let default = match body.default_region_id.filter(|id| !id.is_empty()) {
        Some(id) => Some(shared(&id).await?),
        None => context.settings.regions.first().cloned(),
    };
    let (user, now) = (context.caller.subject.clone(), context.call.now);
    let made = fresh(random::id()?, body.name, &user, default, now);
    match store::create_organization(made.clone(), user.clone(), MOST).await {
        Ok(()) => {}
        Err(store::Error::Conflict(_)) => {
            return Err(Problem::Forbidden(format!("a user makes at most {MOST} organizations")));
        }
        Err(error) => return Err(error.into()),
    }
    let permissions = permissions::ALL.map(str::to_owned).to_vec();
    let (_, key) = keys::make(&made.id, &user, "first", permissions, None, now).await?;
    Reply::json(201, &view(context, &made).with_key(key))
}

/// A shared region, which is all that may be a default; 404 for others.
async fn shared(id: &str) -> Result<String, Problem> {
    let not_found = || Problem::NotFound(format!("shared region {id} not found"));
    match store::get_region(id.to_owned()).await {
        Ok(region) if region.kind == RegionKind::Shared => Ok(region.id),
        Ok(_) | Err(store::Error::NotFound(_)) => Err(not_found()),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    let it = store::get_organization(of_path(context)?).await?;
    if it.personal {
        return Err(Problem::Forbidden(
            "a personal organization goes only with its user".to_owned(),
        ));
    }
    match store::delete_organization(it.id).await {
        Ok(()) => Ok(Reply::empty(204)),
        Err(store::Error::Conflict(_)) => Err(Problem::Conflict(format!(
            "organization {} still has sandboxes, regions or runners; delete them first",
            it.name
        ))),
        Err(error) => Err(error.into()),
    }
}

/// As documented, it is set once; operators may set it again.
pub(super) async fn set_default_region(context: Context<'_>) -> Result<Reply, Problem> {
    let it = store::get_organization(of_path(context)?).await?;
    let body: DefaultRegion = context.call.json()?;
    let region = shared(&body.default_region_id).await?;
    if it.default_region.is_some() && !context.caller.operator {
        return Err(Problem::Conflict(format!(
            "organization {} has a default region already; an operator may change it",
            it.name
        )));
    }
    let change = OrganizationChange {
        default_region: Some(region),
        ..NOTHING
    };
    store::change_organization(it.id, change, context.call.now).await?;
    Ok(Reply::empty(204))
}

pub(super) async fn suspend(context: Context<'_>) -> Result<Reply, Problem> {
    let body: SuspendBody = context.call.json()?;
    let until = match body.until.as_deref() {
        None => None,
        Some(text) => Some(
            times::parse(text)
                .ok_or_else(|| Problem::BadRequest(format!("until: {text:?} is no time like 2026-01-01T00:00:00Z")))?,
        ),
    };
    let reason = body.reason.unwrap_or_else(|| "suspended by an operator".to_owned());
    if reason.len() > REASON {
        return Err(Problem::BadRequest(format!("reason: at most {REASON} bytes")));
    }
    let change = OrganizationChange {
        suspended: Some(Some(Suspension {
            reason,
            since: context.call.now,
            until,
        })),
        ..NOTHING
    };
    store::change_organization(of_path(context)?, change, context.call.now).await?;
    Ok(Reply::empty(204))
}

pub(super) async fn unsuspend(context: Context<'_>) -> Result<Reply, Problem> {
    let change = OrganizationChange {
        suspended: Some(None),
        ..NOTHING
    };
    store::change_organization(of_path(context)?, change, context.call.now).await?;
    Ok(Reply::empty(204))
}

/// Whether the caller is an owner: what a member may only do to their own, owners may do to all.
pub(super) async fn is_owner(context: Context<'_>) -> Result<bool, Problem> {
    if context.caller.operator {
        return Ok(true);
    }
    let members = store::list_members(context.caller.organization.clone()).await?;
    Ok(members
        .iter()
        .any(|it| it.user.id == context.caller.subject && it.role == store::MemberRole::Owner))
}

/// The hash of the key that calls.
pub(super) fn key_hash(context: Context<'_>) -> String {
    auth::hash(context.call.bearer.as_deref().unwrap_or_default())
}
