//! What should become of a sandbox, and its settings.

use super::{
    changes::next_change,
    jobs::{NewJob, put_job},
    labels,
    sandboxes::{find_number, missing},
};
use crate::{
    error::{Result, StoreError},
    rows,
    sql::{Reader, Sql, Value, params},
    transaction::write,
    types::{JobKind, Millis, Sandbox, Settings},
};

/// A new intent: sets `desired`, raises the generation and makes the job, in place of any older one.
///
/// # Errors
/// `conflict` if the generation is not `expected_generation` any more; `not-found`, also for destroyed ones.
#[expect(clippy::too_many_arguments, reason = "they are the contract's")]
pub async fn change_intent<S: Sql>(
    sql: &mut S,
    id: &str,
    expected_generation: u64,
    desired: &str,
    job_id: &str,
    kind: JobKind,
    payload: &str,
    now: Millis,
) -> Result<Sandbox> {
    let text = format!(
        "UPDATE sandboxes SET desired = ?3, generation = generation + 1, updated = ?4, change = ?5
         WHERE id = ?1 AND generation = ?2 AND destroyed_at = 0 RETURNING {}",
        rows::SANDBOX
    );
    write(sql, async |sql: &mut S| {
        let organization = owner(sql, id, expected_generation).await?;
        let change = next_change(sql, &organization).await?;
        let changed = sql
            .query(&text, params![id, expected_generation, desired, now, change])
            .await?;
        let changed = rows::first(changed, rows::sandbox)?.ok_or_else(|| moved_on(id))?;
        let runner = changed.runner.as_deref().ok_or_else(|| missing(id))?;
        put_job(
            sql,
            &NewJob {
                id: job_id,
                kind,
                runner,
                sandbox: id,
                generation: changed.generation,
                payload,
                created: now,
            },
        )
        .await?;
        Ok(changed)
    })
    .await
}

/// The organization of a live sandbox that still has this generation.
async fn owner<S: Sql>(sql: &mut S, id: &str, expected_generation: u64) -> Result<String> {
    let found = sql
        .query(
            "SELECT organization, generation FROM sandboxes WHERE id = ?1 AND destroyed_at = 0",
            params![id],
        )
        .await?;
    let row = found.into_iter().next().ok_or_else(|| missing(id))?;
    let mut row = Reader::new(row);
    let organization = row.text()?;
    if row.u64()? == expected_generation {
        Ok(organization)
    } else {
        Err(moved_on(id))
    }
}

fn moved_on(id: &str) -> StoreError {
    StoreError::Conflict(format!("sandbox {id} has got a newer intent"))
}

/// Changes what is given; the rest stays. Not an intent: no job, the same generation.
///
/// # Errors
/// `not-found`; `internal` for labels that are no JSON object of strings.
pub async fn change_settings<S: Sql>(
    sql: &mut S,
    organization: &str,
    id_or_name: &str,
    settings: &Settings,
    now: Millis,
) -> Result<Sandbox> {
    let parsed = settings.labels.as_deref().map(labels::parse).transpose()?;
    let text = format!(
        "UPDATE sandboxes SET labels = coalesce(?2, labels), public = coalesce(?3, public),
           auto_stop = coalesce(?4, auto_stop), auto_delete = coalesce(?5, auto_delete),
           auto_archive = coalesce(?6, auto_archive), last_activity = coalesce(?7, last_activity),
           updated = ?8, change = ?9 WHERE number = ?1 RETURNING {}",
        rows::SANDBOX
    );
    write(sql, async |sql: &mut S| {
        let number = find_number(sql, organization, id_or_name).await?;
        let change = next_change(sql, organization).await?;
        let values = [
            Value::from(number),
            Value::from(&settings.labels),
            settings.public.map_or(Value::Null, Value::from),
            settings.auto_stop.map_or(Value::Null, Value::from),
            settings.auto_delete.map_or(Value::Null, Value::from),
            settings.auto_archive.map_or(Value::Null, Value::from),
            settings.last_activity.map_or(Value::Null, Value::from),
            now.into(),
            change.into(),
        ];
        let changed =
            rows::first(sql.query(&text, &values).await?, rows::sandbox)?.ok_or_else(|| missing(id_or_name))?;
        if let Some(parsed) = &parsed {
            labels::remove(sql, number).await?;
            labels::insert(sql, organization, number, parsed).await?;
        }
        Ok(changed)
    })
    .await
}
