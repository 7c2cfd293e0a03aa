//! Users. Without an outside identity provider, operators make them, each with a personal organization and a first key.

use super::{Context, keys, members, organizations, random};
use crate::contracts::store::{self, MemberRole, User};
use crate::dto::{CreateUser, UserView};
use crate::http::{Problem, Reply};
use crate::rules::{permissions, text};

pub(super) async fn me(context: Context<'_>) -> Result<Reply, Problem> {
    let user = store::get_user(context.caller.subject.clone()).await?;
    let caller = context.caller;
    Reply::ok(&UserView::new(&user).acting(caller.organization.clone(), caller.operator))
}

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let body: CreateUser = context.call.json()?;
    text::sandbox_name(&body.name)?;
    let joins = match body.organization_id {
        Some(id) => Some(store::get_organization(id).await?),
        None => None,
    };
    if joins.as_ref().is_some_and(|it| it.personal) {
        return Err(Problem::Forbidden("a personal organization is not shared".to_owned()));
    }
    let now = context.call.now;
    let id = random::id()?;
    let user = User {
        email: Some(body.email)
            .filter(|email| !email.is_empty())
            .unwrap_or_else(|| format!("{id}@users.invalid")),
        name: body.name,
        id,
        created: now,
    };
    match store::put_user(user.clone()).await {
        Ok(()) => {}
        Err(store::Error::Taken(_)) => {
            return Err(Problem::Conflict(format!(
                "a user with the address {} exists already",
                user.email
            )));
        }
        Err(error) => return Err(error.into()),
    }
    let default = context.settings.regions.first().cloned();
    let mut personal = organizations::fresh(random::id()?, "Personal".to_owned(), &user.id, default, now);
    personal.personal = true;
    store::create_organization(personal.clone(), user.id.clone(), u32::MAX).await?;
    let all = permissions::ALL.map(str::to_owned).to_vec();
    let (_, key) = keys::make(&personal.id, &user.id, "first", all, None, now).await?;
    if let Some(joins) = joins {
        members::put(&joins.id, &user.id, MemberRole::Member, Vec::new(), &[], now).await?;
    }
    Reply::json(201, &UserView::new(&user).with_key(personal.id, key))
}

pub(super) async fn list() -> Result<Reply, Problem> {
    let users = store::list_users().await?;
    Reply::ok(&users.iter().map(UserView::new).collect::<Vec<_>>())
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    let user = store::get_user(context.params.at(0).to_owned()).await?;
    Reply::ok(&UserView::new(&user))
}
