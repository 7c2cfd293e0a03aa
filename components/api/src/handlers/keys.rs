//! API keys. A key is made, shown once, and kept as a hash; nobody makes one that may more than the key they hold.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{Context, auth, organizations, random};
use crate::contracts::store::{self, ApiKey};
use crate::dto::{CreateKey, CreatedKey, KeyView, hint};
use crate::http::{Problem, Reply};
use crate::rules::{permissions, text};
use crate::times;

/// The use of a key is written at most this often.
const USED_EVERY: u64 = 60_000;
/// Keys whose use an instance remembers; beyond it, it forgets all and writes again.
const REMEMBERED: usize = 10_000;

/// When this instance has last written the use of a key. Nothing is decided by it.
static USED: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Remembers the use of a key. A failure is no reason to refuse the caller.
pub(super) async fn used(hash: String, now: u64) {
    let fresh = {
        let Ok(mut used) = USED.lock() else { return };
        if used.len() >= REMEMBERED {
            used.clear();
        }
        let last = used.entry(hash.clone()).or_insert(0);
        let due = now.saturating_sub(*last) >= USED_EVERY;
        if due {
            *last = now;
        }
        !due
    };
    if !fresh && let Err(error) = store::touch_keys(vec![(hash, now)]).await {
        eprintln!("the use of a key was not written: {error:?}");
    }
}

/// Makes a key: what is kept, and its value.
pub(super) async fn make(
    organization: &str,
    user: &str,
    name: &str,
    permissions: Vec<String>,
    expires: Option<u64>,
    now: u64,
) -> Result<(ApiKey, String), Problem> {
    let value = random::api_key()?;
    let key = ApiKey {
        organization: organization.to_owned(),
        user: user.to_owned(),
        name: name.to_owned(),
        hint: hint(&value),
        permissions,
        created: now,
        last_used: None,
        expires,
    };
    match store::create_key(key.clone(), auth::hash(&value)).await {
        Ok(()) => Ok((key, value)),
        Err(store::Error::Taken(_)) => Err(Problem::Conflict(format!("an API key named {name} exists already"))),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let body: CreateKey = context.call.json()?;
    text::sandbox_name(&body.name)?;
    if let Some(unknown) = permissions::unknown(&body.permissions) {
        return Err(Problem::BadRequest(format!("permissions: there is no {unknown:?}")));
    }
    let mut asked = body.permissions;
    asked.sort();
    asked.dedup();
    if let Some(beyond) = permissions::beyond(&asked, &context.caller.permissions) {
        return Err(Problem::Forbidden(format!(
            "permissions: this API key does not have {beyond} itself"
        )));
    }
    let expires = match body.expires_at.as_deref() {
        None => None,
        Some(text) => match times::parse(text) {
            Some(moment) if moment > context.call.now => Some(moment),
            Some(_) => return Err(Problem::BadRequest("expiresAt: lies in the past".to_owned())),
            None => {
                return Err(Problem::BadRequest(format!(
                    "expiresAt: {text:?} is no time like 2026-01-01T00:00:00Z"
                )));
            }
        },
    };
    let user = match body.user_id {
        None => context.caller.subject.clone(),
        Some(user) if user == context.caller.subject => user,
        Some(user) => {
            for_another(context, &user, &asked).await?;
            user
        }
    };
    let organization = &context.caller.organization;
    let (key, value) = make(organization, &user, &body.name, asked, expires, context.call.now).await?;
    Reply::json(201, &CreatedKey::new(&key, value))
}

/// Owners make keys for members, within what the member may.
async fn for_another(context: Context<'_>, user: &str, asked: &[String]) -> Result<(), Problem> {
    if !organizations::is_owner(context).await? {
        return Err(Problem::Forbidden("only owners make keys for others".to_owned()));
    }
    let organization = context.caller.organization.clone();
    let members = store::list_members(organization.clone()).await?;
    let Some(member) = members.iter().find(|member| member.user.id == user) else {
        return Err(Problem::NotFound(format!("user {user} is no member here")));
    };
    let roles = store::list_roles(organization).await?;
    let custom: Vec<_> = roles.into_iter().map(|role| (role.id, role.permissions)).collect();
    let may = permissions::of_member(member.role == store::MemberRole::Owner, &member.roles, &custom);
    match permissions::beyond(asked, &may) {
        Some(beyond) => Err(Problem::Forbidden(format!("permissions: the member may not {beyond}"))),
        None => Ok(()),
    }
}

/// All of the organization for owners, their own for members.
async fn seen(context: Context<'_>) -> Result<Vec<ApiKey>, Problem> {
    let whole = organizations::is_owner(context).await? && permissions::is_everything(&context.caller.permissions);
    let user = Some(context.caller.subject.clone()).filter(|_| !whole);
    Ok(store::list_keys(context.caller.organization.clone(), user).await?)
}

pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let rows = seen(context).await?;
    Reply::ok(&rows.iter().map(KeyView::from).collect::<Vec<_>>())
}

pub(super) async fn current(context: Context<'_>) -> Result<Reply, Problem> {
    let key = store::get_key(organizations::key_hash(context)).await?;
    Reply::ok(&KeyView::from(&key))
}

async fn own(context: Context<'_>, user: &str, name: &str) -> Result<ApiKey, Problem> {
    let not_found = || Problem::NotFound(format!("API key {name} not found"));
    let rows = seen(context).await?;
    rows.into_iter()
        .find(|key| key.user == user && key.name == name)
        .ok_or_else(not_found)
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    let key = own(context, &context.caller.subject, context.params.at(0)).await?;
    Reply::ok(&KeyView::from(&key))
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    remove(context, &context.caller.subject, context.params.at(0)).await
}

pub(super) async fn delete_of(context: Context<'_>) -> Result<Reply, Problem> {
    remove(context, context.params.at(0), context.params.at(1)).await
}

/// A key for less must not end a key for more.
async fn remove(context: Context<'_>, user: &str, name: &str) -> Result<Reply, Problem> {
    let key = own(context, user, name).await?;
    if let Some(beyond) = permissions::beyond(&key.permissions, &context.caller.permissions) {
        return Err(Problem::Forbidden(format!(
            "that key has {beyond}, which this API key does not have"
        )));
    }
    store::delete_key(key.organization, key.user, key.name).await?;
    Ok(Reply::empty(204))
}
