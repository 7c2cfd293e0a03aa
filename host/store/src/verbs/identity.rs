//! Organizations and credentials.

use crate::{
    error::{Result, SqlError, StoreError},
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::{Bootstrap, Identity, Organization, Principal, RegionKind},
};

/// Writes what the very first start needs: an organization, its key, the shared regions. Idempotent: what
/// exists stays, except that a new key hash replaces the one of the same user and key name.
///
/// # Errors
/// `taken` if the hash belongs to another credential.
pub async fn bootstrap<S: Sql>(sql: &mut S, facts: &Bootstrap) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let it = &facts.organization;
        sql.execute(
            "INSERT INTO organizations
               (id, name, default_region, max_cpu, max_memory_gib, max_disk_gib, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING",
            params![
                &it.id,
                &it.name,
                &it.default_region,
                it.max_cpu,
                it.max_memory_gib,
                it.max_disk_gib,
                facts.now,
            ],
        )
        .await?;
        for region in &facts.regions {
            sql.execute(
                "INSERT INTO regions (id, name, kind, organization, enforce_quotas, created, updated)
                 VALUES (?1, ?1, ?2, '', 1, ?3, ?3) ON CONFLICT DO NOTHING",
                params![region, rows::region_kind_name(RegionKind::Shared), facts.now],
            )
            .await?;
        }
        if facts.key_hash.is_empty() {
            return Ok(());
        }
        let permissions =
            serde_json::to_string(&facts.permissions).map_err(|error| StoreError::Internal(error.to_string()))?;
        put_credential(
            sql,
            &Credential {
                hash: &facts.key_hash,
                principal: Principal::User,
                organization: &it.id,
                subject: &facts.user,
                name: &facts.key_name,
                permissions: &permissions,
                now: facts.now,
            },
        )
        .await
    })
    .await
}

/// Looks a credential up by its hash. None: unknown or revoked. Expiry is the caller's to judge.
pub async fn authenticate<S: Sql>(sql: &mut S, credential_hash: &str) -> Result<Option<Identity>> {
    let found = sql
        .query(
            "SELECT principal, organization, subject, permissions, expires
             FROM credentials WHERE hash = ?1",
            params![credential_hash],
        )
        .await?;
    let Some(row) = found.into_iter().next() else {
        return Ok(None);
    };
    let mut row = Reader::new(row);
    Ok(Some(Identity {
        principal: rows::principal(&row.text()?)?,
        organization: row.text()?,
        subject: row.text()?,
        permissions: serde_json::from_str(&row.text()?)
            .map_err(|error| SqlError::Damaged(format!("permissions of a credential: {error}")))?,
        expires: row.optional_u64()?,
    }))
}

/// An organization by its id.
///
/// # Errors
/// `not-found`.
pub async fn get_organization<S: Sql>(sql: &mut S, id: &str) -> Result<Organization> {
    let text = format!("SELECT {} FROM organizations WHERE id = ?1", rows::ORGANIZATION);
    let found = sql.query(&text, params![id]).await?;
    rows::first(found, rows::organization)?.ok_or_else(|| StoreError::NotFound(format!("organization {id}")))
}

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
    pub now: u64,
}

/// Stores a credential in place of the subject's one of the same name.
pub(super) async fn put_credential<S: Sql>(sql: &mut S, it: &Credential<'_>) -> Result<()> {
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
        return if owner == ours {
            Ok(())
        } else {
            Err(StoreError::Taken("this key or token is another credential's".into()))
        };
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

/// Removes every credential of a subject.
pub(super) async fn revoke<S: Sql>(sql: &mut S, principal: Principal, subject: &str) -> Result<()> {
    sql.execute(
        "DELETE FROM credentials WHERE principal = ?1 AND subject = ?2",
        params![rows::principal_name(principal), subject],
    )
    .await?;
    Ok(())
}
