//! Runners as the plane keeps them.

use super::{
    attach,
    credentials::revoke,
    held::{self, DESTROYED},
};
use crate::{
    error::{Result, StoreError},
    limits::{MAX_ROWS, MAX_SAID},
    rows,
    schema::fnv1a,
    sql::{Reader, Sql, Value, optional, params},
    transaction::write,
    types::{Millis, Principal, Runner},
};

/// Makes a runner and its token. Nothing is sold on it yet, whatever `runner` says. With `replace`, a runner
/// of the same region and name keeps its row and gets the new token; its old ones are dead.
///
/// # Errors
/// `taken` for a name used in the region, an id or a token in use; `not-found` without such a region; `internal`
/// beyond 64 KiB of tags.
pub async fn create_runner<S: Sql>(sql: &mut S, runner: &Runner, token_hash: &str, replace: bool) -> Result<Runner> {
    write(sql, async |sql: &mut S| {
        let made = match by_name(sql, runner).await? {
            Some(existing) if replace => existing,
            Some(_) => return Err(StoreError::Taken(runner.name.clone())),
            None => insert(sql, runner).await?,
        };
        attach::give_only_token(sql, &made, token_hash, runner.created).await?;
        Ok(made)
    })
    .await
}

async fn by_name<S: Sql>(sql: &mut S, runner: &Runner) -> Result<Option<Runner>> {
    let text = format!("SELECT {} FROM runners WHERE region = ?1 AND name = ?2", rows::RUNNER);
    let found = sql.query(&text, params![&runner.region, &runner.name]).await?;
    Ok(rows::first(found, rows::runner)?)
}

async fn insert<S: Sql>(sql: &mut S, it: &Runner) -> Result<Runner> {
    let region = sql
        .query("SELECT 1 FROM regions WHERE id = ?1", params![&it.region])
        .await?;
    if region.is_empty() {
        return Err(StoreError::NotFound(format!("region {}", it.region)));
    }
    let same = sql
        .query("SELECT 1 FROM runners WHERE id = ?1", params![&it.id])
        .await?;
    if !same.is_empty() {
        return Err(StoreError::Taken(it.id.clone()));
    }
    // 31 bits, so that it fits an integer column of any database.
    let spread = fnv1a(it.id.as_bytes()) >> 33;
    let tags = rows::json(&it.tags)?;
    if tags.len() > MAX_SAID {
        return Err(StoreError::Internal(format!(
            "{} bytes of tags are more than {MAX_SAID}",
            tags.len()
        )));
    }
    let text = format!(
        "INSERT INTO runners (id, name, region, organization, unschedulable, draining, drain_started, cpu_milli,
           memory_mib, disk_mib, healthy, version, tags, created, updated, spread, sold_cpu_milli, sold_memory_mib,
           sold_disk_mib, started_sandboxes, cpu_used, memory_used, disk_used, load, last_report)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0,
           0) RETURNING {}",
        rows::RUNNER
    );
    let made = sql
        .query(
            &text,
            params![
                &it.id,
                &it.name,
                &it.region,
                &it.organization,
                it.unschedulable,
                it.draining,
                it.drain_started,
                it.cpu_milli,
                it.memory_mib,
                it.disk_mib,
                it.healthy,
                &it.version,
                &tags,
                it.created,
                it.updated,
                spread,
            ],
        )
        .await?;
    rows::first(made, rows::runner)?.ok_or_else(|| StoreError::Internal("an inserted runner was not returned".into()))
}

/// Runners of a region, of an organization, of both, or all; by region and name.
pub async fn list_runners<S: Sql>(
    sql: &mut S,
    region: Option<&str>,
    organization: Option<&str>,
) -> Result<Vec<Runner>> {
    let mut filter = String::new();
    let mut values: Vec<Value> = Vec::new();
    for (column, value) in [("region", region), ("organization", organization)] {
        if let Some(value) = value {
            filter += if filter.is_empty() { "WHERE " } else { " AND " };
            values.push(value.into());
            filter += &format!("{column} = ?{}", values.len());
        }
    }
    let text = format!(
        "SELECT {} FROM runners {filter} ORDER BY region, name LIMIT {MAX_ROWS}",
        rows::RUNNER
    );
    Ok(rows::all(sql.query(&text, &values).await?, rows::runner)?)
}

/// A runner by its id.
///
/// # Errors
/// `not-found`.
pub async fn get_runner<S: Sql>(sql: &mut S, id: &str) -> Result<Runner> {
    let text = format!("SELECT {} FROM runners WHERE id = ?1", rows::RUNNER);
    let found = sql.query(&text, params![id]).await?;
    rows::first(found, rows::runner)?.ok_or_else(|| missing(id))
}

/// Sets the flags that are given.
///
/// # Errors
/// `not-found`.
pub async fn set_runner_flags<S: Sql>(
    sql: &mut S,
    id: &str,
    unschedulable: Option<bool>,
    draining: Option<bool>,
    drain_started: Option<bool>,
    now: Millis,
) -> Result<Runner> {
    let text = format!(
        "UPDATE runners SET unschedulable = coalesce(?2, unschedulable), draining = coalesce(?3, draining),
           drain_started = coalesce(?4, drain_started), updated = ?5 WHERE id = ?1 RETURNING {}",
        rows::RUNNER
    );
    let values = [
        id.into(),
        optional(unschedulable),
        optional(draining),
        optional(drain_started),
        now.into(),
    ];
    write(sql, async |sql: &mut S| {
        let changed = sql.query(&text, &values).await?;
        rows::first(changed, rows::runner)?.ok_or_else(|| missing(id))
    })
    .await
}

/// Removes a runner and its tokens. With `force`, sandboxes that are to be destroyed anyway are destroyed with it, if it
/// has not reported since `silent_since`.
///
/// # Errors
/// `not-found`; `conflict` unless it is unschedulable and without (other) sandboxes.
pub async fn delete_runner<S: Sql>(sql: &mut S, id: &str, force: bool, silent_since: Millis) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let runner = get_runner(sql, id).await?;
        if !runner.unschedulable {
            return Err(StoreError::Conflict(format!("runner {id} is schedulable")));
        }
        if force && runner.last_report < silent_since {
            destroy_the_doomed(sql, id, silent_since).await?;
        }
        let sandboxes = sql
            .query("SELECT 1 FROM sandboxes WHERE runner = ?1 LIMIT 1", params![id])
            .await?;
        if !sandboxes.is_empty() {
            return Err(StoreError::Conflict(format!("runner {id} has sandboxes")));
        }
        sql.execute("DELETE FROM runners WHERE id = ?1", params![id]).await?;
        revoke(sql, Principal::Runner, id).await
    })
    .await
}

/// Destroys the runner's sandboxes that are to be destroyed.
async fn destroy_the_doomed<S: Sql>(sql: &mut S, id: &str, now: Millis) -> Result<()> {
    let doomed = sql
        .query(
            "SELECT id FROM sandboxes WHERE runner = ?1 AND desired = 'destroyed'",
            params![id],
        )
        .await?;
    for sandbox in rows::all(doomed, |row| Reader::new(row).text())? {
        if let Some(before) = held::find(sql, &sandbox).await? {
            let mut after = before.clone();
            let now = now.max(before.it.updated);
            after.enter(DESTROYED, now);
            after.replace(sql, &before, None, now).await?;
        }
    }
    Ok(())
}

pub(super) fn missing(id: &str) -> StoreError {
    StoreError::NotFound(format!("runner {id}"))
}
