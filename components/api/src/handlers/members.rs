//! Members of an organization.

use super::{Context, organizations};
use crate::contracts::store::{self, Member, MemberRole, Role};
use crate::dto::{MemberAccess, MemberView};
use crate::http::{Problem, Reply};
use crate::rules::permissions::{self, GLOBAL_ROLES};

/// Roles of one member.
const ROLES: usize = 64;

/// What a member may, by role.
pub(super) fn may(role: MemberRole, assigned: &[String], own: &[Role]) -> Vec<String> {
    let custom: Vec<_> = own.iter().map(|it| (it.id.clone(), it.permissions.clone())).collect();
    permissions::of_member(role == MemberRole::Owner, assigned, &custom)
}

pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let id = organizations::of_path(context)?;
    let members = store::list_members(id.clone()).await?;
    let own = store::list_roles(id.clone()).await?;
    Reply::ok(
        &members
            .iter()
            .map(|it| MemberView::new(&id, it, &own))
            .collect::<Vec<_>>(),
    )
}

/// Adds a user, or changes what they may; their keys are trimmed to it.
pub(super) async fn set_access(context: Context<'_>) -> Result<Reply, Problem> {
    let id = organizations::of_path(context)?;
    let user = store::get_user(context.params.at(1).to_owned()).await?;
    let body: MemberAccess = context.call.json()?;
    let role = match body.role.as_str() {
        "owner" => MemberRole::Owner,
        "member" => MemberRole::Member,
        other => {
            return Err(Problem::BadRequest(format!(
                "role: {other:?} is neither owner nor member"
            )));
        }
    };
    if store::get_organization(id.clone()).await?.personal {
        return Err(Problem::Forbidden(
            "a personal organization is not shared; make another one".to_owned(),
        ));
    }
    let own = store::list_roles(id.clone()).await?;
    let exists = |role: &String| GLOBAL_ROLES.iter().any(|it| it.id == role) || own.iter().any(|it| it.id == *role);
    if let Some(unknown) = body.assigned_role_ids.iter().find(|role| !exists(role)) {
        return Err(Problem::BadRequest(format!(
            "assignedRoleIds: there is no role {unknown}"
        )));
    }
    if body.assigned_role_ids.len() > ROLES {
        return Err(Problem::BadRequest(format!("assignedRoleIds: at most {ROLES}")));
    }
    let member = put(&id, &user.id, role, body.assigned_role_ids, &own, context.call.now).await?;
    Reply::ok(&MemberView::new(&id, &member, &own))
}

/// Commits what a member is, and trims the keys to it.
pub(super) async fn put(
    organization: &str,
    user: &str,
    role: MemberRole,
    assigned: Vec<String>,
    own: &[Role],
    now: u64,
) -> Result<Member, Problem> {
    let may = may(role, &assigned, own);
    match store::put_member(organization.to_owned(), user.to_owned(), role, assigned, may, now).await {
        Ok(member) => Ok(member),
        Err(store::Error::Conflict(_)) => Err(Problem::Forbidden(
            "an organization keeps at least one owner; make somebody else one first".to_owned(),
        )),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn remove(context: Context<'_>) -> Result<Reply, Problem> {
    let id = organizations::of_path(context)?;
    take_out(id, context.params.at(1).to_owned()).await
}

pub(super) async fn leave(context: Context<'_>) -> Result<Reply, Problem> {
    let id = organizations::of_path(context)?;
    if !permissions::is_everything(&context.caller.permissions) && organizations::is_owner(context).await? {
        return Err(Problem::Forbidden(
            "this needs an owner's API key with every permission".to_owned(),
        ));
    }
    if store::get_organization(id.clone()).await?.personal {
        return Err(Problem::Forbidden(
            "nobody leaves their personal organization".to_owned(),
        ));
    }
    take_out(id, context.caller.subject.clone()).await
}

async fn take_out(organization: String, user: String) -> Result<Reply, Problem> {
    match store::delete_member(organization, user).await {
        Ok(()) => Ok(Reply::empty(204)),
        Err(store::Error::Conflict(_)) => Err(Problem::Forbidden(
            "the last owner cannot go; make somebody else one first".to_owned(),
        )),
        Err(error) => Err(error.into()),
    }
}
