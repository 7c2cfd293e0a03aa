//! Snapshots: what sandboxes can be made of.

use super::tasks;
use crate::{
    error::{Result, StoreError},
    limits::MAX_ROWS,
    rows,
    sql::{Reader, Sql, optional, params},
    transaction::write,
    types::{JobKind, Millis, QuotaExcess, ResourceKind, Sandbox, Snapshot, Task},
};

/// Makes a snapshot's row, with the task that makes its files. One of the same name that has failed goes: nobody can use it.
///
/// # Errors
/// `taken` for the name or id; `over-quota` beyond `most` that are listed and have not failed; `not-found` without such an
/// organization, or without the sandbox of the task.
pub async fn create_snapshot<S: Sql>(
    sql: &mut S,
    snapshot: &Snapshot,
    task: Option<&Task>,
    most: u32,
) -> Result<Snapshot> {
    write(sql, async |sql: &mut S| {
        let (organization, name) = (&snapshot.organization, &snapshot.name);
        let known = sql
            .query("SELECT 1 FROM organizations WHERE id = ?1", params![organization])
            .await?;
        if known.is_empty() {
            return Err(StoreError::NotFound(format!("organization {organization}")));
        }
        sql.execute(
            "DELETE FROM snapshots WHERE organization = ?1 AND name = ?2 AND state IN ('error', 'build_failed')",
            params![organization, name],
        )
        .await?;
        let taken = sql
            .query(
                "SELECT 1 FROM snapshots WHERE id = ?1 OR (organization = ?2 AND name = ?3)",
                params![&snapshot.id, organization, name],
            )
            .await?;
        if !taken.is_empty() {
            return Err(StoreError::Taken(name.clone()));
        }
        if !snapshot.hidden {
            within(sql, organization, most).await?;
        }
        insert(sql, snapshot).await?;
        if let Some(task) = task {
            tasks::put(sql, task).await?;
            note(sql, &snapshot.id, &task.runner).await?;
            if task.kind == JobKind::SnapshotSandbox {
                tasks::mark(sql, task.sandbox.as_deref(), "snapshotting", snapshot.created).await?;
            }
        }
        Ok(snapshot.clone())
    })
    .await
}

async fn within<S: Sql>(sql: &mut S, organization: &str, most: u32) -> Result<()> {
    let counted = sql
        .query(
            "SELECT count(*) FROM snapshots WHERE organization = ?1 AND hidden = 0
               AND state NOT IN ('error', 'build_failed')",
            params![organization],
        )
        .await?;
    let used = rows::first(counted, |row| Reader::new(row).u64())?.unwrap_or_default();
    if used < u64::from(most) {
        return Ok(());
    }
    Err(StoreError::OverQuota(QuotaExcess {
        resource: ResourceKind::Snapshots,
        total: u64::from(most),
        used,
        asked: 1,
    }))
}

async fn insert<S: Sql>(sql: &mut S, it: &Snapshot) -> Result<()> {
    let count = rows::SNAPSHOT.split(',').count();
    let values: Vec<String> = (1..=count).map(|number| format!("?{number}")).collect();
    let text = format!(
        "INSERT INTO snapshots ({}) VALUES ({})",
        rows::SNAPSHOT,
        values.join(", ")
    );
    sql.execute(
        &text,
        params![
            &it.id,
            &it.organization,
            &it.name,
            &it.region,
            it.hidden,
            &it.state,
            &it.image_name,
            &it.build_info,
            &it.config,
            it.cpu,
            it.memory_gib,
            it.disk_gib,
            optional(it.size_bytes),
            &it.manifest,
            &it.error_reason,
            &it.source_sandbox,
            &it.runner,
            it.state_since,
            it.created,
            it.updated,
            optional(it.last_used),
        ],
    )
    .await?;
    Ok(())
}

/// A snapshot by id first, then by name. With an empty organization by id only, whoever's it is.
///
/// # Errors
/// `not-found`.
pub async fn get_snapshot<S: Sql>(sql: &mut S, organization: &str, id_or_name: &str) -> Result<Snapshot> {
    let text = format!(
        "SELECT {} FROM snapshots WHERE (id = ?2 AND (organization = ?1 OR ?1 = ''))
           OR (organization = ?1 AND name = ?2) ORDER BY CASE WHEN id = ?2 THEN 0 ELSE 1 END LIMIT 1",
        rows::SNAPSHOT
    );
    let found = sql.query(&text, params![organization, id_or_name]).await?;
    rows::first(found, rows::snapshot)?.ok_or_else(|| missing(id_or_name))
}

/// All of the organization, by name; at most 10,000.
pub async fn list_snapshots<S: Sql>(sql: &mut S, organization: &str) -> Result<Vec<Snapshot>> {
    let text = format!(
        "SELECT {} FROM snapshots WHERE organization = ?1 ORDER BY name LIMIT {MAX_ROWS}",
        rows::SNAPSHOT
    );
    Ok(rows::all(
        sql.query(&text, params![organization]).await?,
        rows::snapshot,
    )?)
}

/// From one state to another.
///
/// # Errors
/// `not-found`; `conflict` if it is in another state than `expected`.
pub async fn set_snapshot_state<S: Sql>(
    sql: &mut S,
    id: &str,
    expected: &str,
    state: &str,
    now: Millis,
) -> Result<Snapshot> {
    write(sql, async |sql: &mut S| {
        let it = get_snapshot(sql, "", id).await?;
        if it.state != expected {
            return Err(StoreError::Conflict(format!("snapshot {id} is {}", it.state)));
        }
        sql.execute(
            "UPDATE snapshots SET state = ?2, state_since = ?3, updated = ?3 WHERE id = ?1",
            params![id, state, now],
        )
        .await?;
        get_snapshot(sql, "", id).await
    })
    .await
}

/// Removes a snapshot, and orders its copies to be removed; gives the runners that have such an order. A task that is still
/// making it goes with it.
///
/// # Errors
/// `not-found`.
pub async fn delete_snapshot<S: Sql>(sql: &mut S, id: &str, now: Millis) -> Result<Vec<String>> {
    write(sql, async |sql: &mut S| {
        let it = get_snapshot(sql, "", id).await?;
        sql.execute("DELETE FROM snapshots WHERE id = ?1", params![id]).await?;
        if it.state == "snapshotting" {
            tasks::mark(sql, it.source_sandbox.as_deref(), "", now).await?;
        }
        discard(sql, id, now).await
    })
    .await
}

/// Orders every copy of what was a snapshot to be removed.
pub(super) async fn discard<S: Sql>(sql: &mut S, id: &str, now: Millis) -> Result<Vec<String>> {
    let copies = sql
        .query(
            "SELECT runner FROM copies WHERE snapshot = ?1 ORDER BY runner",
            params![id],
        )
        .await?;
    let runners = rows::all(copies, |row| Reader::new(row).text())?;
    for runner in &runners {
        discard_on(sql, id, runner, now).await?;
    }
    sql.execute("DELETE FROM copies WHERE snapshot = ?1", params![id])
        .await?;
    Ok(runners)
}

/// Orders one copy to be removed.
pub(super) async fn discard_on<S: Sql>(sql: &mut S, id: &str, runner: &str, now: Millis) -> Result<()> {
    let task = Task {
        // A snapshot may have many copies, and ids are unique.
        id: format!("{id}~{runner}.{now}.discard"),
        kind: JobKind::RemoveSnapshot,
        subject: id.to_owned(),
        runner: runner.to_owned(),
        sandbox: None,
        payload: format!("{{\"snapshotId\":\"{id}\"}}"),
        created: now,
    };
    tasks::put(sql, &task).await
}

/// Remembers that a sandbox's runner has been asked to have its snapshot, and that this was used.
pub(super) async fn note_copy<S: Sql>(sql: &mut S, it: &Sandbox) -> Result<()> {
    /// What of an image is of interest here.
    #[derive(serde::Deserialize)]
    struct Image {
        id: String,
    }
    let (Some(image), Some(runner)) = (&it.image, &it.runner) else {
        return Ok(());
    };
    let Image { id } = rows::parse(image)?;
    let used = sql
        .execute(
            "UPDATE snapshots SET last_used = ?2 WHERE id = ?1 AND state = 'active'",
            params![&id, it.updated],
        )
        .await?;
    // A backup is no snapshot, and its copy goes as soon as the sandbox is made of it.
    if used == 1 {
        note(sql, &id, runner).await
    } else {
        Ok(())
    }
}

async fn note<S: Sql>(sql: &mut S, snapshot: &str, runner: &str) -> Result<()> {
    sql.execute(
        "INSERT INTO copies (snapshot, runner) VALUES (?1, ?2) ON CONFLICT (snapshot, runner) DO NOTHING",
        params![snapshot, runner],
    )
    .await?;
    Ok(())
}

fn missing(id_or_name: &str) -> StoreError {
    StoreError::NotFound(format!("snapshot {id_or_name}"))
}
