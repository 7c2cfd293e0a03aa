//! Regions.

use super::credentials::{self, Credential, revoke};
use crate::{
    error::{Result, StoreError},
    limits::MAX_ROWS,
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::{Millis, Principal, Region, RegionCredential, RegionService},
};

/// Name under which a service's one key is kept.
const SERVICE: &str = "service";

/// All regions that this organization may see or own, and every shared one; without an organization all there are. By
/// name.
pub async fn list_regions<S: Sql>(sql: &mut S, organization: Option<&str>) -> Result<Vec<Region>> {
    let columns = rows::REGION;
    let found = match organization {
        Some(organization) => {
            let text = format!(
                "SELECT {columns} FROM regions WHERE kind = 'shared' OR organization = ?1
                 ORDER BY name, id LIMIT {MAX_ROWS}"
            );
            sql.query(&text, params![organization]).await?
        }
        None => {
            let text = format!("SELECT {columns} FROM regions ORDER BY name, id LIMIT {MAX_ROWS}");
            sql.query(&text, &[]).await?
        }
    };
    Ok(rows::all(found, rows::region)?)
}

/// A region by its id.
///
/// # Errors
/// `not-found`.
pub async fn get_region<S: Sql>(sql: &mut S, id: &str) -> Result<Region> {
    let text = format!("SELECT {} FROM regions WHERE id = ?1", rows::REGION);
    let found = sql.query(&text, params![id]).await?;
    rows::first(found, rows::region)?.ok_or_else(|| missing(id))
}

/// Makes a region with the credentials of its services.
///
/// # Errors
/// `taken` if the organization has a region of that name, the id is in use, or a key is another credential's.
pub async fn create_region<S: Sql>(sql: &mut S, region: &Region, credentials: &[RegionCredential]) -> Result<()> {
    let owner = region.organization.as_deref().unwrap_or_default();
    write(sql, async |sql: &mut S| {
        let same = sql
            .query(
                "SELECT id FROM regions WHERE id = ?1 OR (organization = ?2 AND name = ?3)",
                params![&region.id, owner, &region.name],
            )
            .await?;
        if !same.is_empty() {
            return Err(StoreError::Taken(region.name.clone()));
        }
        sql.execute(
            "INSERT INTO regions (id, name, kind, organization, enforce_quotas, policy, proxy_url,
               ssh_gateway_url, snapshot_manager_url, created, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                &region.id,
                &region.name,
                rows::region_kind_name(region.kind),
                owner,
                region.enforce_quotas,
                &region.policy,
                &region.proxy_url,
                &region.ssh_gateway_url,
                &region.snapshot_manager_url,
                region.created,
                region.updated,
            ],
        )
        .await?;
        set_credentials(sql, &region.id, owner, credentials, region.created).await
    })
    .await
}

/// Changes everything but id, kind and owner. The credentials that are named are replaced: the old ones are dead with
/// the commit.
///
/// # Errors
/// `not-found`; `conflict` if it has been changed since `expected`; `taken` for the name or a key.
pub async fn change_region<S: Sql>(
    sql: &mut S,
    region: &Region,
    expected: Millis,
    credentials: &[RegionCredential],
) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let before = get_region(sql, &region.id).await?;
        if before.updated != expected {
            return Err(StoreError::Conflict(format!("region {} has been changed", region.id)));
        }
        let owner = before.organization.as_deref().unwrap_or_default();
        let same = sql
            .query(
                "SELECT 1 FROM regions WHERE organization = ?1 AND name = ?2 AND id <> ?3",
                params![owner, &region.name, &region.id],
            )
            .await?;
        if !same.is_empty() {
            return Err(StoreError::Taken(region.name.clone()));
        }
        sql.execute(
            "UPDATE regions SET name = ?2, enforce_quotas = ?3, policy = ?4, proxy_url = ?5, ssh_gateway_url = ?6,
               snapshot_manager_url = ?7, updated = ?8 WHERE id = ?1",
            params![
                &region.id,
                &region.name,
                region.enforce_quotas,
                &region.policy,
                &region.proxy_url,
                &region.ssh_gateway_url,
                &region.snapshot_manager_url,
                region.updated,
            ],
        )
        .await?;
        set_credentials(sql, &region.id, owner, credentials, region.updated).await
    })
    .await
}

async fn set_credentials<S: Sql>(
    sql: &mut S,
    id: &str,
    owner: &str,
    credentials: &[RegionCredential],
    now: Millis,
) -> Result<()> {
    for it in credentials {
        let principal = match it.service {
            RegionService::Proxy => Principal::RegionProxy,
            RegionService::SshGateway => Principal::RegionSshGateway,
            RegionService::SnapshotManager => {
                let (user, password) = it.login.as_ref().map_or((None, None), |(user, password)| {
                    (Some(user.as_str()), Some(password.as_str()))
                });
                let login = "UPDATE regions SET manager_user = ?2, manager_password = ?3 WHERE id = ?1";
                sql.execute(login, params![id, user, password]).await?;
                continue;
            }
        };
        if it.hash.is_empty() {
            revoke(sql, principal, id).await?;
            continue;
        }
        let credential = Credential {
            hash: &it.hash,
            principal,
            organization: owner,
            subject: id,
            name: SERVICE,
            permissions: "[]",
            now,
        };
        credentials::put(sql, &credential).await?;
    }
    Ok(())
}

/// User and password for the region's snapshot manager.
///
/// # Errors
/// `not-found` without such a region.
pub async fn get_region_login<S: Sql>(sql: &mut S, id: &str) -> Result<Option<(String, String)>> {
    let found = sql
        .query(
            "SELECT manager_user, manager_password FROM regions WHERE id = ?1",
            params![id],
        )
        .await?;
    let mut row = Reader::new(found.into_iter().next().ok_or_else(|| missing(id))?);
    Ok(row.optional_text()?.zip(row.optional_text()?))
}

/// Removes a region with its services' credentials and its quotas.
///
/// # Errors
/// `not-found`; `conflict` while runners, or sandboxes whose runner is gone, are in it.
pub async fn delete_region<S: Sql>(sql: &mut S, id: &str) -> Result<()> {
    write(sql, async |sql: &mut S| {
        for (what, query) in [
            ("runners", "SELECT 1 FROM runners WHERE region = ?1 LIMIT 1"),
            (
                "sandboxes",
                "SELECT 1 FROM usage WHERE region = ?1 AND sandboxes > 0 LIMIT 1",
            ),
        ] {
            if !sql.query(query, params![id]).await?.is_empty() {
                return Err(StoreError::Conflict(format!("region {id} has {what}")));
            }
        }
        // Its quotas go with the row.
        if sql.execute("DELETE FROM regions WHERE id = ?1", params![id]).await? == 0 {
            return Err(missing(id));
        }
        sql.execute("DELETE FROM usage WHERE region = ?1", params![id]).await?;
        revoke(sql, Principal::RegionProxy, id).await?;
        revoke(sql, Principal::RegionSshGateway, id).await
    })
    .await
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound(format!("region {id}"))
}
