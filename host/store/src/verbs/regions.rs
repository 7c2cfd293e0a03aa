//! Regions.

use super::identity::revoke;
use crate::{
    error::{Result, StoreError},
    limits::MAX_ROWS,
    rows,
    sql::{Sql, params},
    transaction::write,
    types::{Principal, Region},
};

/// All regions that this organization may see or own, and every shared one; by name.
pub async fn list_regions<S: Sql>(sql: &mut S, organization: &str) -> Result<Vec<Region>> {
    let text = format!(
        "SELECT {} FROM regions WHERE kind = 'shared' OR organization = ?1
         ORDER BY name, id LIMIT {MAX_ROWS}",
        rows::REGION
    );
    Ok(rows::all(sql.query(&text, params![organization]).await?, rows::region)?)
}

/// Makes a region.
///
/// # Errors
/// `taken` if the organization has a region of that name, or the id is in use.
pub async fn create_region<S: Sql>(sql: &mut S, region: &Region) -> Result<()> {
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
            "INSERT INTO regions (id, name, kind, organization, enforce_quotas, proxy_url,
               ssh_gateway_url, snapshot_manager_url, created, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                &region.id,
                &region.name,
                rows::region_kind_name(region.kind),
                owner,
                region.enforce_quotas,
                &region.proxy_url,
                &region.ssh_gateway_url,
                &region.snapshot_manager_url,
                region.created,
                region.updated,
            ],
        )
        .await?;
        Ok(())
    })
    .await
}

/// Removes a region and its services' credentials.
///
/// # Errors
/// `not-found`; `conflict` while runners are in it.
pub async fn delete_region<S: Sql>(sql: &mut S, id: &str) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let runners = sql
            .query("SELECT 1 FROM runners WHERE region = ?1 LIMIT 1", params![id])
            .await?;
        if !runners.is_empty() {
            return Err(StoreError::Conflict(format!("region {id} has runners")));
        }
        if sql.execute("DELETE FROM regions WHERE id = ?1", params![id]).await? == 0 {
            return Err(StoreError::NotFound(format!("region {id}")));
        }
        revoke(sql, Principal::RegionProxy, id).await?;
        revoke(sql, Principal::RegionSshGateway, id).await
    })
    .await
}
