//! Credentials by their hashes: keys, tokens of runners, keys of regions' services.

use crate::{
    error::{Result, StoreError},
    rows,
    sql::{Reader, Sql, params},
    types::{Millis, Principal},
};

/// A credential about to be stored.
pub(super) struct Credential<'a> {
    pub hash: &'a str,
    pub principal: Principal,
    /// Empty for machines of the platform.
    pub organization: &'a str,
    pub subject: &'a str,
    /// Unique for the subject: a new hash under the same name replaces the old one.
    pub name: &'a str,
    /// JSON array of strings.
    pub permissions: &'a str,
    pub now: Millis,
}

/// Stores a credential in place of the subject's one of the same name.
///
/// # Errors
/// `taken` if the hash is another credential's.
pub(super) async fn put<S: Sql>(sql: &mut S, it: &Credential<'_>) -> Result<()> {
    let principal = rows::principal_name(it.principal);
    let same = sql
        .query(
            "SELECT principal, subject, organization, name FROM credentials WHERE hash = ?1",
            params![it.hash],
        )
        .await?;
    if let Some(row) = same.into_iter().next() {
        let mut row = Reader::new(row);
        let owner = (row.text()?, row.text()?, row.text()?, row.text()?);
        let ours = (
            principal.into(),
            it.subject.into(),
            it.organization.into(),
            it.name.into(),
        );
        return if owner == ours { Ok(()) } else { Err(used()) };
    }
    sql.execute(
        "INSERT INTO credentials (hash, principal, organization, subject, name, permissions, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (principal, subject, organization, name)
         DO UPDATE SET hash = excluded.hash, permissions = excluded.permissions,
           expires = NULL, created = excluded.created",
        params![
            it.hash,
            principal,
            it.organization,
            it.subject,
            it.name,
            it.permissions,
            it.now
        ],
    )
    .await?;
    Ok(())
}

/// The hash is another credential's.
pub(super) fn used() -> StoreError {
    StoreError::Taken("this key or token is another credential's".into())
}

/// Removes every credential of a subject.
pub(super) async fn revoke<S: Sql>(sql: &mut S, principal: Principal, subject: &str) -> Result<()> {
    sql.execute(
        "DELETE FROM credentials WHERE principal = ?1 AND subject = ?2",
        params![rows::principal_name(principal), subject],
    )
    .await?;
    Ok(())
}
