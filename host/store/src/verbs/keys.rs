//! Keys of users and operators.

use super::{credentials, organizations};
use crate::{
    error::{Result, StoreError},
    limits::{MAX_NAMED, MAX_ROWS},
    rows,
    sql::{Sql, Value, optional, params},
    transaction::write,
    types::{ApiKey, Millis, Principal},
};

/// The principal of a key: without an organization it is an operator's.
fn principal(organization: &str) -> &'static str {
    rows::principal_name(if organization.is_empty() {
        Principal::Operator
    } else {
        Principal::User
    })
}

/// Makes a key, known by its hash only.
///
/// # Errors
/// `taken` for a name that the user has here already, and for a hash in use; `not-found` without such an organization.
pub async fn create_key<S: Sql>(sql: &mut S, key: &ApiKey, hash: &str) -> Result<()> {
    let principal = principal(&key.organization);
    write(sql, async |sql: &mut S| {
        if !key.organization.is_empty() {
            organizations::require(sql, &key.organization).await?;
        }
        let same = sql
            .query(
                "SELECT 1 FROM credentials WHERE principal = ?1 AND subject = ?2 AND organization = ?3 AND name = ?4",
                params![principal, &key.user, &key.organization, &key.name],
            )
            .await?;
        if !same.is_empty() {
            return Err(StoreError::Taken(key.name.clone()));
        }
        let used = sql
            .query("SELECT 1 FROM credentials WHERE hash = ?1", params![hash])
            .await?;
        if !used.is_empty() {
            return Err(credentials::used());
        }
        sql.execute(
            "INSERT INTO credentials (hash, principal, organization, subject, name, permissions, expires, created,
               hint, last_used) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            &[
                Value::from(hash),
                Value::from(principal),
                Value::from(&key.organization),
                Value::from(&key.user),
                Value::from(&key.name),
                Value::from(&rows::json(&key.permissions)?),
                optional(key.expires),
                Value::from(key.created),
                Value::from(&key.hint),
                optional(key.last_used),
            ],
        )
        .await?;
        Ok(())
    })
    .await
}

/// Keys of one user, or of everybody in the organization; by user and name, 10,000 at most.
pub async fn list_keys<S: Sql>(sql: &mut S, organization: &str, user: Option<&str>) -> Result<Vec<ApiKey>> {
    let mut values = vec![Value::from(organization), Value::from(principal(organization))];
    let mut filter = "";
    if let Some(user) = user {
        values.push(user.into());
        filter = "AND subject = ?3";
    }
    let text = format!(
        "SELECT {} FROM credentials WHERE organization = ?1 AND principal = ?2 {filter}
         ORDER BY subject, name LIMIT {MAX_ROWS}",
        rows::KEY
    );
    Ok(rows::all(sql.query(&text, &values).await?, rows::key)?)
}

/// The key of this hash.
///
/// # Errors
/// `not-found`, also for credentials of machines.
pub async fn get_key<S: Sql>(sql: &mut S, hash: &str) -> Result<ApiKey> {
    let text = format!(
        "SELECT {} FROM credentials WHERE hash = ?1 AND principal IN ('user', 'operator')",
        rows::KEY
    );
    let found = sql.query(&text, params![hash]).await?;
    rows::first(found, rows::key)?.ok_or_else(|| StoreError::NotFound("no such key".into()))
}

/// Removes a key; it is dead with the commit.
///
/// # Errors
/// `not-found`.
pub async fn delete_key<S: Sql>(sql: &mut S, organization: &str, user: &str, name: &str) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let gone = sql
            .execute(
                "DELETE FROM credentials WHERE principal = ?1 AND subject = ?2 AND organization = ?3 AND name = ?4",
                params![principal(organization), user, organization, name],
            )
            .await?;
        if gone == 0 {
            return Err(StoreError::NotFound(format!("key {name}")));
        }
        Ok(())
    })
    .await
}

/// Remembers the use of keys by their hashes; unknown ones are left, and a later use stays.
///
/// # Errors
/// `internal` beyond 10,000 uses.
pub async fn touch_keys<S: Sql>(sql: &mut S, uses: &[(String, Millis)]) -> Result<()> {
    if uses.len() > MAX_NAMED {
        return Err(StoreError::Internal(format!(
            "{} uses are more than {MAX_NAMED}",
            uses.len()
        )));
    }
    write(sql, async |sql: &mut S| {
        for (hash, at) in uses {
            sql.execute(
                "UPDATE credentials SET last_used = ?2 WHERE hash = ?1 AND (last_used IS NULL OR last_used < ?2)",
                params![hash, *at],
            )
            .await?;
        }
        Ok(())
    })
    .await
}
