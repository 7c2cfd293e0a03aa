//! Volumes: files that several sandboxes share. They are where they were first mounted.

use serde::Deserialize;

use super::tasks;
use crate::{
    error::{Result, StoreError},
    limits::{MAX_MOUNTS, MAX_ROWS},
    rows,
    sql::{Reader, Sql, optional, params},
    transaction::write,
    types::{JobKind, Millis, QuotaExcess, ResourceKind, Sandbox, Task, Volume},
};

/// Makes a volume, which is nowhere yet.
///
/// # Errors
/// `taken` for the name or id; `over-quota` beyond `most`; `not-found` without such an organization.
pub async fn create_volume<S: Sql>(sql: &mut S, it: &Volume, most: u32) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let known = sql
            .query("SELECT 1 FROM organizations WHERE id = ?1", params![&it.organization])
            .await?;
        if known.is_empty() {
            return Err(StoreError::NotFound(format!("organization {}", it.organization)));
        }
        let taken = sql
            .query(
                "SELECT 1 FROM volumes WHERE id = ?1 OR (organization = ?2 AND name = ?3)",
                params![&it.id, &it.organization, &it.name],
            )
            .await?;
        if !taken.is_empty() {
            return Err(StoreError::Taken(it.name.clone()));
        }
        let counted = sql
            .query(
                "SELECT count(*) FROM volumes WHERE organization = ?1",
                params![&it.organization],
            )
            .await?;
        let used = rows::first(counted, |row| Reader::new(row).u64())?.unwrap_or_default();
        if used >= u64::from(most) {
            return Err(StoreError::OverQuota(QuotaExcess {
                resource: ResourceKind::Volumes,
                total: u64::from(most),
                used,
                asked: 1,
            }));
        }
        let text = format!(
            "INSERT INTO volumes ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            rows::VOLUME
        );
        sql.execute(
            &text,
            params![
                &it.id,
                &it.organization,
                &it.name,
                &it.region,
                &it.runner,
                it.quota_gib,
                &it.state,
                &it.error_reason,
                it.created,
                it.updated,
                optional(it.last_used),
            ],
        )
        .await?;
        Ok(())
    })
    .await
}

/// A volume by id first, then by name.
///
/// # Errors
/// `not-found`, also for those of other organizations.
pub async fn get_volume<S: Sql>(sql: &mut S, organization: &str, id_or_name: &str) -> Result<Volume> {
    let text = format!(
        "SELECT {} FROM volumes WHERE organization = ?1 AND (id = ?2 OR name = ?2)
         ORDER BY CASE WHEN id = ?2 THEN 0 ELSE 1 END LIMIT 1",
        rows::VOLUME
    );
    let found = sql.query(&text, params![organization, id_or_name]).await?;
    rows::first(found, rows::volume)?.ok_or_else(|| StoreError::NotFound(format!("volume {id_or_name}")))
}

/// All of the organization, by name.
pub async fn list_volumes<S: Sql>(sql: &mut S, organization: &str) -> Result<Vec<Volume>> {
    let text = format!(
        "SELECT {} FROM volumes WHERE organization = ?1 ORDER BY name LIMIT {MAX_ROWS}",
        rows::VOLUME
    );
    Ok(rows::all(sql.query(&text, params![organization]).await?, rows::volume)?)
}

/// Removes a volume that nobody mounts; gives the runner that is ordered to remove its files, if it has any.
///
/// # Errors
/// `not-found`; `conflict` while a sandbox that is not destroyed mounts it.
pub async fn delete_volume<S: Sql>(sql: &mut S, organization: &str, id: &str, now: Millis) -> Result<Option<String>> {
    write(sql, async |sql: &mut S| {
        let it = get_volume(sql, organization, id).await?;
        let mounted = sql
            .query("SELECT sandbox FROM mounts WHERE volume = ?1 LIMIT 1", params![&it.id])
            .await?;
        if let Some(sandbox) = rows::first(mounted, |row| Reader::new(row).text())? {
            return Err(StoreError::Conflict(format!(
                "volume {} is mounted in sandbox {sandbox}",
                it.name
            )));
        }
        sql.execute("DELETE FROM volumes WHERE id = ?1", params![&it.id])
            .await?;
        if let Some(runner) = &it.runner {
            let task = Task {
                id: format!("{}.{now}.discard-volume", it.id),
                kind: JobKind::RemoveVolume,
                subject: it.id.clone(),
                runner: runner.clone(),
                sandbox: None,
                payload: format!("{{\"volumeId\":\"{}\"}}", it.id),
                created: now,
            };
            tasks::put(sql, &task).await?;
        }
        Ok(it.runner)
    })
    .await
}

/// What of a mount is of interest here.
#[derive(Deserialize)]
struct Mount {
    id: String,
}

/// Mounts the volumes of a sandbox; those that are nowhere yet are from now on where its runner is.
///
/// # Errors
/// `conflict` if one is gone, not ready, or bound to another runner.
pub(super) async fn mount<S: Sql>(sql: &mut S, it: &Sandbox) -> Result<()> {
    if it.volumes == "[]" {
        return Ok(());
    }
    let mounts: Vec<Mount> = rows::parse(&it.volumes)?;
    if mounts.len() > MAX_MOUNTS {
        return Err(StoreError::Internal(format!(
            "{} volumes are more than {MAX_MOUNTS}",
            mounts.len()
        )));
    }
    for Mount { id } in mounts {
        let found = sql
            .execute(
                "UPDATE volumes SET runner = coalesce(runner, ?2), last_used = ?4, updated = ?4,
                   region = CASE WHEN region = '' AND ?2 IS NOT NULL THEN ?5 ELSE region END
                 WHERE id = ?1 AND organization = ?3 AND state = 'ready'
                   AND (?2 IS NULL OR runner IS NULL OR runner = ?2)",
                params![&id, &it.runner, &it.organization, it.updated, &it.region],
            )
            .await?;
        if found != 1 {
            return Err(StoreError::Conflict(format!(
                "volume {id} is gone, or is on another runner"
            )));
        }
        sql.execute(
            "INSERT INTO mounts (volume, sandbox) VALUES (?1, ?2) ON CONFLICT (volume, sandbox) DO NOTHING",
            params![&id, &it.id],
        )
        .await?;
    }
    Ok(())
}

/// Forgets what a sandbox mounts.
pub(super) async fn unmount<S: Sql>(sql: &mut S, sandbox: &str) -> Result<()> {
    sql.execute("DELETE FROM mounts WHERE sandbox = ?1", params![sandbox])
        .await?;
    Ok(())
}
