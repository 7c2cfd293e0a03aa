//! The first facts, and who a credential stands for.

use super::{
    credentials::{self, Credential},
    organizations, users,
};
use crate::{
    error::Result,
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::{Bootstrap, Identity, MemberRole, Principal, RegionKind, User},
};

/// Writes what the very first start needs: an organization with its user, the key, the shared regions. Idempotent:
/// what exists stays, except that a new key hash replaces the one of the same user and key name.
///
/// # Errors
/// `taken` if the hash belongs to another credential.
pub async fn bootstrap<S: Sql>(sql: &mut S, facts: &Bootstrap) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let it = &facts.organization;
        organizations::insert(sql, it).await?;
        let user = User {
            id: facts.user.clone(),
            name: facts.user.clone(),
            email: String::new(),
            created: facts.now,
        };
        users::insert(sql, &user).await?;
        sql.execute(
            "INSERT INTO members (organization, user_id, role, roles, created, updated)
             VALUES (?1, ?2, ?3, '[]', ?4, ?4) ON CONFLICT DO NOTHING",
            params![
                &it.id,
                &facts.user,
                rows::member_role_name(MemberRole::Owner),
                facts.now
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
        credentials::put(
            sql,
            &Credential {
                hash: &facts.key_hash,
                principal: Principal::User,
                organization: &it.id,
                subject: &facts.user,
                name: &facts.key_name,
                permissions: &rows::json(&facts.permissions)?,
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
        permissions: rows::parse(&row.text()?)?,
        expires: row.optional_u64()?,
    }))
}
