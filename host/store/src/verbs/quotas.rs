//! Totals of organizations in regions, and what is taken of them.

use super::{organizations, regions};
use crate::{
    error::{Result, StoreError},
    limits::MAX_ROWS,
    rows,
    sql::{Sql, params},
    transaction::write,
    types::{Quota, Usage},
};

/// Sets the totals of an organization in a region.
///
/// # Errors
/// `not-found` without such an organization or region.
pub async fn put_quota<S: Sql>(sql: &mut S, quota: &Quota) -> Result<()> {
    write(sql, async |sql: &mut S| {
        organizations::require(sql, &quota.organization).await?;
        regions::get_region(sql, &quota.region).await?;
        sql.execute(
            "INSERT INTO quotas (organization, region, cpu, memory_gib, disk_gib, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (organization, region) DO UPDATE SET cpu = excluded.cpu, memory_gib = excluded.memory_gib,
               disk_gib = excluded.disk_gib, updated = excluded.updated",
            params![
                &quota.organization,
                &quota.region,
                quota.cpu,
                quota.memory_gib,
                quota.disk_gib,
                quota.updated
            ],
        )
        .await?;
        Ok(())
    })
    .await
}

/// Removes them.
///
/// # Errors
/// `not-found`.
pub async fn delete_quota<S: Sql>(sql: &mut S, organization: &str, region: &str) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let gone = sql
            .execute(
                "DELETE FROM quotas WHERE organization = ?1 AND region = ?2",
                params![organization, region],
            )
            .await?;
        if gone == 0 {
            return Err(StoreError::NotFound(format!("quota of {organization} in {region}")));
        }
        Ok(())
    })
    .await
}

/// The totals of an organization by region.
pub async fn list_quotas<S: Sql>(sql: &mut S, organization: &str) -> Result<Vec<Quota>> {
    let text = format!(
        "SELECT {} FROM quotas WHERE organization = ?1 ORDER BY region LIMIT {MAX_ROWS}",
        rows::QUOTA
    );
    Ok(rows::all(sql.query(&text, params![organization]).await?, rows::quota)?)
}

/// What an organization's sandboxes take, by region; regions in which it never had one have no row.
pub async fn list_usage<S: Sql>(sql: &mut S, organization: &str) -> Result<Vec<Usage>> {
    let text = format!(
        "SELECT {} FROM usage WHERE organization = ?1 ORDER BY region LIMIT {MAX_ROWS}",
        rows::USAGE
    );
    Ok(rows::all(sql.query(&text, params![organization]).await?, rows::usage)?)
}
