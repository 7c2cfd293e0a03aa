//! Who belongs to an organization.

use super::{organizations, users};
use crate::{
    error::{Result, StoreError},
    limits::MAX_ROWS,
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::{Member, MemberRole, Millis},
};

/// The members of an organization by user id, 10,000 at most.
pub async fn list_members<S: Sql>(sql: &mut S, organization: &str) -> Result<Vec<Member>> {
    let text = format!(
        "SELECT {} FROM members m JOIN users u ON u.id = m.user_id WHERE m.organization = ?1
         ORDER BY u.id LIMIT {MAX_ROWS}",
        rows::MEMBER
    );
    Ok(rows::all(sql.query(&text, params![organization]).await?, rows::member)?)
}

/// Adds or changes a member. Keys of the user here lose the permissions that `permissions` does not name; those that
/// have lost all are deleted.
///
/// # Errors
/// `not-found` without such an organization or user; `conflict` if no owner would be left.
pub async fn put_member<S: Sql>(
    sql: &mut S,
    organization: &str,
    user: &str,
    role: MemberRole,
    roles: &[String],
    permissions: &[String],
    now: Millis,
) -> Result<Member> {
    write(sql, async |sql: &mut S| {
        organizations::require(sql, organization).await?;
        users::get_user(sql, user).await?;
        if role != MemberRole::Owner {
            keep_an_owner(sql, organization, user).await?;
        }
        insert(sql, organization, user, role, roles, now).await?;
        narrow(sql, organization, user, permissions).await?;
        find(sql, organization, user).await?.ok_or_else(|| missing(user))
    })
    .await
}

/// Removes a member with its keys here.
///
/// # Errors
/// `not-found`; `conflict` for the last owner.
pub async fn delete_member<S: Sql>(sql: &mut S, organization: &str, user: &str) -> Result<()> {
    write(sql, async |sql: &mut S| {
        keep_an_owner(sql, organization, user).await?;
        let gone = sql
            .execute(
                "DELETE FROM members WHERE organization = ?1 AND user_id = ?2",
                params![organization, user],
            )
            .await?;
        if gone == 0 {
            return Err(missing(user));
        }
        sql.execute(
            "DELETE FROM credentials WHERE principal = 'user' AND subject = ?2 AND organization = ?1",
            params![organization, user],
        )
        .await?;
        Ok(())
    })
    .await
}

/// Adds a member, or changes its role and roles.
pub(super) async fn insert<S: Sql>(
    sql: &mut S,
    organization: &str,
    user: &str,
    role: MemberRole,
    roles: &[String],
    now: Millis,
) -> Result<()> {
    sql.execute(
        "INSERT INTO members (organization, user_id, role, roles, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (organization, user_id)
         DO UPDATE SET role = excluded.role, roles = excluded.roles, updated = excluded.updated",
        params![
            organization,
            user,
            rows::member_role_name(role),
            &rows::json(roles)?,
            now
        ],
    )
    .await?;
    Ok(())
}

/// A member by its user.
pub(super) async fn find<S: Sql>(sql: &mut S, organization: &str, user: &str) -> Result<Option<Member>> {
    let text = format!(
        "SELECT {} FROM members m JOIN users u ON u.id = m.user_id WHERE m.organization = ?1 AND m.user_id = ?2",
        rows::MEMBER
    );
    let found = sql.query(&text, params![organization, user]).await?;
    Ok(rows::first(found, rows::member)?)
}

/// Refuses if the user is the only owner.
async fn keep_an_owner<S: Sql>(sql: &mut S, organization: &str, user: &str) -> Result<()> {
    let owners = sql
        .query(
            "SELECT user_id FROM members WHERE organization = ?1 AND role = 'owner' LIMIT 2",
            params![organization],
        )
        .await?;
    let owners = rows::all(owners, |row| Reader::new(row).text())?;
    if owners == [user] {
        return Err(StoreError::Conflict(format!("user {user} is the last owner")));
    }
    Ok(())
}

async fn narrow<S: Sql>(sql: &mut S, organization: &str, user: &str, permissions: &[String]) -> Result<()> {
    let keys = sql
        .query(
            "SELECT hash, permissions FROM credentials WHERE principal = 'user' AND subject = ?2 AND organization = ?1",
            params![organization, user],
        )
        .await?;
    for row in keys {
        let mut row = Reader::new(row);
        let (hash, had) = (row.text()?, rows::parse::<Vec<String>>(&row.text()?)?);
        let mut kept = had.clone();
        kept.retain(|permission| permissions.contains(permission));
        if kept == had {
            continue;
        }
        if kept.is_empty() {
            sql.execute("DELETE FROM credentials WHERE hash = ?1", params![&hash])
                .await?;
        } else {
            let change = "UPDATE credentials SET permissions = ?2 WHERE hash = ?1";
            sql.execute(change, params![&hash, &rows::json(&kept)?]).await?;
        }
    }
    Ok(())
}

fn missing(user: &str) -> StoreError {
    StoreError::NotFound(format!("member {user}"))
}
