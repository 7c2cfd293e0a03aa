//! Roles that organizations made for themselves.

use super::organizations;
use crate::{
    error::{Result, StoreError},
    limits::MAX_ROWS,
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::Role,
};

/// The roles of an organization by name.
pub async fn list_roles<S: Sql>(sql: &mut S, organization: &str) -> Result<Vec<Role>> {
    let text = format!(
        "SELECT {} FROM roles WHERE organization = ?1 ORDER BY name LIMIT {MAX_ROWS}",
        rows::ROLE
    );
    Ok(rows::all(sql.query(&text, params![organization]).await?, rows::role)?)
}

/// Adds or changes a role.
///
/// # Errors
/// `taken` for the name, or for an id of another organization's; `not-found` without such an organization.
pub async fn put_role<S: Sql>(sql: &mut S, role: &Role) -> Result<()> {
    write(sql, async |sql: &mut S| {
        organizations::require(sql, &role.organization).await?;
        let same = sql
            .query(
                "SELECT 1 FROM roles WHERE (organization = ?1 AND name = ?2 AND id <> ?3)
                   OR (id = ?3 AND organization <> ?1)",
                params![&role.organization, &role.name, &role.id],
            )
            .await?;
        if !same.is_empty() {
            return Err(StoreError::Taken(role.name.clone()));
        }
        sql.execute(
            "INSERT INTO roles (id, organization, name, description, permissions, created, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
               permissions = excluded.permissions, updated = excluded.updated",
            params![
                &role.id,
                &role.organization,
                &role.name,
                &role.description,
                &rows::json(&role.permissions)?,
                role.created,
                role.updated
            ],
        )
        .await?;
        Ok(())
    })
    .await
}

/// Removes a role, also from the members to whom it is assigned. Which permissions their keys lose by it is said
/// by `put_member`.
///
/// # Errors
/// `not-found`.
pub async fn delete_role<S: Sql>(sql: &mut S, organization: &str, id: &str) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let gone = sql
            .execute(
                "DELETE FROM roles WHERE organization = ?1 AND id = ?2",
                params![organization, id],
            )
            .await?;
        if gone == 0 {
            return Err(StoreError::NotFound(format!("role {id}")));
        }
        let members = sql
            .query(
                "SELECT user_id, roles FROM members WHERE organization = ?1 AND roles <> '[]'",
                params![organization],
            )
            .await?;
        for row in members {
            let mut row = Reader::new(row);
            let (user, mut roles) = (row.text()?, rows::parse::<Vec<String>>(&row.text()?)?);
            let before = roles.len();
            roles.retain(|role| role != id);
            if roles.len() < before {
                sql.execute(
                    "UPDATE members SET roles = ?3 WHERE organization = ?1 AND user_id = ?2",
                    params![organization, &user, &rows::json(&roles)?],
                )
                .await?;
            }
        }
        Ok(())
    })
    .await
}
