//! Organizations.

use super::{members, settings::Assignments, users};
use crate::{
    error::{Result, StoreError},
    limits::MAX_ROWS,
    rows,
    sql::{Reader, Sql, Value, optional, params},
    transaction::write,
    types::{MemberRole, Millis, Organization, OrganizationChange},
};

/// An organization by its id.
///
/// # Errors
/// `not-found`.
pub async fn get_organization<S: Sql>(sql: &mut S, id: &str) -> Result<Organization> {
    let text = format!("SELECT {} FROM organizations WHERE id = ?1", rows::ORGANIZATION);
    let found = sql.query(&text, params![id]).await?;
    rows::first(found, rows::organization)?.ok_or_else(|| missing(id))
}

/// Makes an organization with its owner as the first member.
///
/// # Errors
/// `taken` for the id; `not-found` without such a user; `conflict` if its maker has made `most` others already, not
/// counting personal ones.
pub async fn create_organization<S: Sql>(
    sql: &mut S,
    organization: &Organization,
    owner: &str,
    most: u32,
) -> Result<()> {
    write(sql, async |sql: &mut S| {
        users::get_user(sql, owner).await?;
        let maker = &organization.created_by;
        if !organization.personal && made_by(sql, maker).await? >= u64::from(most) {
            return Err(StoreError::Conflict(format!(
                "user {maker} has made {most} organizations"
            )));
        }
        if insert(sql, organization).await? == 0 {
            return Err(StoreError::Taken(organization.id.clone()));
        }
        members::insert(
            sql,
            &organization.id,
            owner,
            MemberRole::Owner,
            &[],
            organization.created,
        )
        .await
    })
    .await
}

async fn made_by<S: Sql>(sql: &mut S, user: &str) -> Result<u64> {
    let counted = sql
        .query(
            "SELECT count(*) FROM organizations WHERE created_by = ?1 AND personal = 0",
            params![user],
        )
        .await?;
    let count = counted.into_iter().next().map(|row| Reader::new(row).u64());
    Ok(count.transpose()?.unwrap_or_default())
}

/// Makes an organization if there is none of that id; gives how many it made.
pub(super) async fn insert<S: Sql>(sql: &mut S, it: &Organization) -> Result<u64> {
    let suspended = it.suspended.as_ref();
    let made = sql
        .execute(
            "INSERT INTO organizations (id, name, personal, created_by, default_region, max_cpu, max_memory_gib,
               max_disk_gib, total_cpu, total_memory_gib, total_disk_gib, suspended_reason, suspended_since,
               suspended_until, created, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (id) DO NOTHING",
            &[
                Value::from(&it.id),
                Value::from(&it.name),
                Value::from(it.personal),
                Value::from(&it.created_by),
                Value::from(&it.default_region),
                Value::from(it.max_cpu),
                Value::from(it.max_memory_gib),
                Value::from(it.max_disk_gib),
                Value::from(it.total_cpu),
                Value::from(it.total_memory_gib),
                Value::from(it.total_disk_gib),
                optional(suspended.map(|it| &it.reason)),
                optional(suspended.map(|it| it.since)),
                optional(suspended.and_then(|it| it.until)),
                Value::from(it.created),
                Value::from(it.updated),
            ],
        )
        .await?;
    Ok(made)
}

/// Organizations of one user, or all of them (10,000 at most); by id.
pub async fn list_organizations<S: Sql>(sql: &mut S, user: Option<&str>) -> Result<Vec<Organization>> {
    let columns = rows::ORGANIZATION;
    let found = match user {
        Some(user) => {
            let text = format!(
                "SELECT {columns} FROM organizations
                 WHERE id IN (SELECT organization FROM members WHERE user_id = ?1) ORDER BY id LIMIT {MAX_ROWS}"
            );
            sql.query(&text, params![user]).await?
        }
        None => {
            let text = format!("SELECT {columns} FROM organizations ORDER BY id LIMIT {MAX_ROWS}");
            sql.query(&text, &[]).await?
        }
    };
    Ok(rows::all(found, rows::organization)?)
}

/// Changes what is given; the rest stays.
///
/// # Errors
/// `not-found`.
pub async fn change_organization<S: Sql>(
    sql: &mut S,
    id: &str,
    change: &OrganizationChange,
    now: Millis,
) -> Result<Organization> {
    let mut set = Assignments::default();
    set.set_if("name", change.name.as_ref());
    set.set_if("default_region", change.default_region.as_ref());
    for (column, value) in [
        ("max_cpu", change.max_cpu),
        ("max_memory_gib", change.max_memory_gib),
        ("max_disk_gib", change.max_disk_gib),
        ("total_cpu", change.total_cpu),
        ("total_memory_gib", change.total_memory_gib),
        ("total_disk_gib", change.total_disk_gib),
    ] {
        set.set_if(column, value);
    }
    if let Some(suspended) = &change.suspended {
        let it = suspended.as_ref();
        set.set("suspended_reason", optional(it.map(|it| &it.reason)));
        set.set("suspended_since", optional(it.map(|it| it.since)));
        set.set("suspended_until", optional(it.and_then(|it| it.until)));
    }
    set.set("updated", now.into());
    set.values.push(id.into());
    let text = format!(
        "UPDATE organizations SET {} WHERE id = ?{} RETURNING {}",
        set.text,
        set.values.len(),
        rows::ORGANIZATION
    );
    write(sql, async |sql: &mut S| {
        let changed = sql.query(&text, &set.values).await?;
        rows::first(changed, rows::organization)?.ok_or_else(|| missing(id))
    })
    .await
}

/// Removes an organization with its members, roles, keys and quotas, and what is still known of its destroyed sandboxes.
///
/// # Errors
/// `not-found`; `conflict` while it has sandboxes, regions or runners.
pub async fn delete_organization<S: Sql>(sql: &mut S, id: &str) -> Result<()> {
    write(sql, async |sql: &mut S| {
        for (what, query) in [
            (
                "sandboxes",
                "SELECT 1 FROM sandboxes WHERE organization = ?1 AND destroyed_at = 0 LIMIT 1",
            ),
            ("regions", "SELECT 1 FROM regions WHERE organization = ?1 LIMIT 1"),
            ("runners", "SELECT 1 FROM runners WHERE organization = ?1 LIMIT 1"),
        ] {
            if !sql.query(query, params![id]).await?.is_empty() {
                return Err(StoreError::Conflict(format!("organization {id} has {what}")));
            }
        }
        for statement in [
            "DELETE FROM sandboxes WHERE organization = ?1",
            "DELETE FROM usage WHERE organization = ?1",
            "DELETE FROM credentials WHERE organization = ?1",
        ] {
            sql.execute(statement, params![id]).await?;
        }
        // Members, roles and quotas go with the row.
        if sql
            .execute("DELETE FROM organizations WHERE id = ?1", params![id])
            .await?
            == 0
        {
            return Err(missing(id));
        }
        Ok(())
    })
    .await
}

/// That there is such an organization.
///
/// # Errors
/// `not-found`.
pub(super) async fn require<S: Sql>(sql: &mut S, id: &str) -> Result<()> {
    let found = sql
        .query("SELECT 1 FROM organizations WHERE id = ?1", params![id])
        .await?;
    if found.is_empty() { Err(missing(id)) } else { Ok(()) }
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound(format!("organization {id}"))
}
