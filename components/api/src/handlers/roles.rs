//! Roles that an organization makes for itself, beside the global ones.

use super::{Context, members, organizations, random};
use crate::contracts::store::{self, Role};
use crate::dto::{RoleBody, RoleView, roles};
use crate::http::{Problem, Reply};
use crate::rules::{permissions, text};

/// Bytes of a description.
const DESCRIPTION: usize = 1_024;

pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let own = store::list_roles(organizations::of_path(context)?).await?;
    Reply::ok(&roles(&own))
}

fn read(context: Context<'_>) -> Result<RoleBody, Problem> {
    let body: RoleBody = context.call.json()?;
    text::sandbox_name(&body.name)?;
    if body.description.len() > DESCRIPTION {
        return Err(Problem::BadRequest(format!("description: at most {DESCRIPTION} bytes")));
    }
    let unknown = permissions::unknown(&body.permissions);
    let not_theirs = body.permissions.iter().find(|one| *one == permissions::OPERATOR);
    match unknown.or(not_theirs.map(String::as_str)) {
        Some(unknown) => Err(Problem::BadRequest(format!("permissions: there is no {unknown:?}"))),
        None => Ok(body),
    }
}

async fn put(role: Role) -> Result<Role, Problem> {
    match store::put_role(role.clone()).await {
        Ok(()) => Ok(role),
        Err(store::Error::Taken(_)) => Err(Problem::Conflict(format!("a role named {} exists already", role.name))),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let organization = organizations::of_path(context)?;
    let body = read(context)?;
    let role = Role {
        id: random::id()?,
        organization,
        name: body.name,
        description: body.description,
        permissions: body.permissions,
        created: context.call.now,
        updated: context.call.now,
    };
    Reply::json(201, &RoleView::from(&put(role).await?))
}

/// A role of the organization's own; the global ones are for everybody and stay.
async fn named(context: Context<'_>) -> Result<(Role, Vec<Role>), Problem> {
    let id = context.params.at(1);
    if permissions::GLOBAL_ROLES.iter().any(|role| role.id == id) {
        return Err(Problem::Forbidden("a global role does not change".to_owned()));
    }
    let own = store::list_roles(organizations::of_path(context)?).await?;
    let role = own.iter().find(|role| role.id == id).cloned();
    Ok((
        role.ok_or_else(|| Problem::NotFound(format!("role {id} not found")))?,
        own,
    ))
}

/// What a role no longer allows is taken from the keys of those who have it.
async fn trim(context: Context<'_>, changed: &str, own: &[Role]) -> Result<(), Problem> {
    let organization = organizations::of_path(context)?;
    for member in store::list_members(organization.clone()).await? {
        if !member.roles.iter().any(|role| role == changed) {
            continue;
        }
        let there = |role: &String| own.iter().any(|it| it.id == *role) || role != changed;
        let roles = member.roles.iter().filter(|role| there(role)).cloned().collect();
        members::put(
            &organization,
            &member.user.id,
            member.role,
            roles,
            own,
            context.call.now,
        )
        .await?;
    }
    Ok(())
}

pub(super) async fn change(context: Context<'_>) -> Result<Reply, Problem> {
    let (before, own) = named(context).await?;
    let body = read(context)?;
    let after = put(Role {
        name: body.name,
        description: body.description,
        permissions: body.permissions,
        updated: context.call.now,
        ..before
    })
    .await?;
    let own: Vec<Role> = own
        .into_iter()
        .map(|role| if role.id == after.id { after.clone() } else { role })
        .collect();
    trim(context, &after.id, &own).await?;
    Reply::ok(&RoleView::from(&after))
}

/// Members lose the role, and their keys what it allowed, before it goes.
pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    let (role, own) = named(context).await?;
    let rest: Vec<Role> = own.into_iter().filter(|it| it.id != role.id).collect();
    trim(context, &role.id, &rest).await?;
    store::delete_role(role.organization, role.id).await?;
    Ok(Reply::empty(204))
}
