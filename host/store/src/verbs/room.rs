//! Where there is room: a hint for refusals.

use crate::{
    error::{Result, StoreError},
    limits::{MAX_ASKED, MAX_FILTER_VALUES},
    sql::{Sql, params},
    transaction::read,
};

/// Of these regions, those with a schedulable runner whose free capacity holds this. Runners with ample room are found
/// by their class; of the others at most 1,000 of a region are asked.
///
/// # Errors
/// `internal` beyond 1,000 regions.
pub async fn regions_with_room<S: Sql>(
    sql: &mut S,
    regions: &[String],
    cpu_milli: u64,
    memory_mib: u64,
    disk_mib: u64,
) -> Result<Vec<String>> {
    if regions.len() > MAX_FILTER_VALUES {
        return Err(StoreError::Internal(format!(
            "{} regions are more than {MAX_FILTER_VALUES}",
            regions.len()
        )));
    }
    read(sql, async |sql: &mut S| {
        let mut found = Vec::new();
        for region in regions {
            for room in [2_u32, 1] {
                let fits = sql
                    .query(
                        "SELECT 1 FROM (SELECT cpu_milli - sold_cpu_milli AS cpu, memory_mib - sold_memory_mib AS memory,
                             disk_mib - sold_disk_mib AS disk FROM runners
                           WHERE region = ?1 AND unschedulable = 0 AND draining = 0 AND room = ?2 LIMIT ?6) AS asked
                         WHERE cpu >= ?3 AND memory >= ?4 AND disk >= ?5 LIMIT 1",
                        params![region, room, cpu_milli, memory_mib, disk_mib, MAX_ASKED],
                    )
                    .await?;
                if !fits.is_empty() {
                    found.push(region.clone());
                    break;
                }
            }
        }
        Ok(found)
    })
    .await
}
