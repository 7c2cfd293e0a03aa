//! Grants: secrets that open one thing of one sandbox for a while.

use super::sandboxes::missing;
use crate::{
    error::{Result, StoreError},
    limits::MAX_GRANTS,
    rows,
    sql::{Reader, Sql, Value, params},
    transaction::write,
    types::{Grant, GrantKind},
};

/// Makes a grant, known by its token's hash only. Those of the sandbox that have run out by then are forgotten.
///
/// # Errors
/// `not-found` without such a sandbox in the organization; `taken` for a hash in use; `conflict` beyond 1,000 grants of
/// the sandbox.
pub async fn create_grant<S: Sql>(sql: &mut S, grant: &Grant, token_hash: &str) -> Result<()> {
    let kind = rows::grant_kind_name(grant.kind);
    write(sql, async |sql: &mut S| {
        let sandbox = sql
            .query(
                "SELECT 1 FROM sandboxes WHERE id = ?1 AND organization = ?2 AND destroyed_at = 0",
                params![&grant.sandbox, &grant.organization],
            )
            .await?;
        if sandbox.is_empty() {
            return Err(missing(&grant.sandbox));
        }
        let used = sql
            .query(
                "SELECT 1 FROM grants WHERE kind = ?1 AND token_hash = ?2",
                params![kind, token_hash],
            )
            .await?;
        if !used.is_empty() {
            return Err(StoreError::Taken("this token is another grant's".into()));
        }
        sql.execute(
            "DELETE FROM grants WHERE sandbox = ?1 AND kind = ?2 AND expires <= ?3",
            params![&grant.sandbox, kind, grant.created],
        )
        .await?;
        let counted = sql
            .query(
                "SELECT count(*) FROM grants WHERE sandbox = ?1",
                params![&grant.sandbox],
            )
            .await?;
        if rows::first(counted, |row| Reader::new(row).u64())?.unwrap_or_default() >= MAX_GRANTS {
            return Err(StoreError::Conflict(format!(
                "sandbox {} has {MAX_GRANTS} grants; remove some first",
                grant.sandbox
            )));
        }
        sql.execute(
            "INSERT INTO grants (kind, token_hash, id, sandbox, organization, port, created, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                kind,
                token_hash,
                &grant.id,
                &grant.sandbox,
                &grant.organization,
                grant.port,
                grant.created,
                grant.expires
            ],
        )
        .await?;
        Ok(())
    })
    .await
}

/// A grant by its token's hash. None: unknown or removed. Expiry is the caller's to judge.
pub async fn get_grant<S: Sql>(sql: &mut S, kind: GrantKind, token_hash: &str) -> Result<Option<Grant>> {
    let text = format!("SELECT {} FROM grants WHERE kind = ?1 AND token_hash = ?2", rows::GRANT);
    let found = sql
        .query(&text, params![rows::grant_kind_name(kind), token_hash])
        .await?;
    Ok(rows::first(found, rows::grant)?)
}

/// Removes one by its token's hash, or all of that kind of the sandbox; gives how many there were.
pub async fn delete_grants<S: Sql>(
    sql: &mut S,
    kind: GrantKind,
    sandbox: &str,
    token_hash: Option<&str>,
) -> Result<u32> {
    let mut values = vec![Value::from(rows::grant_kind_name(kind)), Value::from(sandbox)];
    let mut text = "DELETE FROM grants WHERE kind = ?1 AND sandbox = ?2".to_owned();
    if let Some(hash) = token_hash {
        values.push(hash.into());
        text += " AND token_hash = ?3";
    }
    write(sql, async |sql: &mut S| {
        let gone = sql.execute(&text, &values).await?;
        Ok(u32::try_from(gone).unwrap_or(u32::MAX))
    })
    .await
}

/// Removes every grant of a sandbox that is no more.
pub(super) async fn drop_all<S: Sql>(sql: &mut S, sandbox: &str) -> Result<()> {
    sql.execute("DELETE FROM grants WHERE sandbox = ?1", params![sandbox])
        .await?;
    Ok(())
}
