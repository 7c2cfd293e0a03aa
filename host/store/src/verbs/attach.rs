//! Which process is a runner, and by which token.

use super::{
    credentials::{self, Credential},
    runners, tasks,
};
use crate::{
    error::{Result, StoreError},
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::{Millis, Principal, Runner},
};

/// Name under which a runner's token is kept.
const TOKEN: &str = "token";

/// Name under which its token of before the last rotation is kept, as long as both are good.
const OLD_TOKEN: &str = "token of before";

/// Gives a runner this one token; every other one of it is dead.
pub(super) async fn give_only_token<S: Sql>(sql: &mut S, runner: &Runner, hash: &str, now: Millis) -> Result<()> {
    sql.execute(
        "DELETE FROM credentials WHERE principal = 'runner' AND subject = ?1 AND hash <> ?2",
        params![&runner.id, hash],
    )
    .await?;
    put_token(sql, runner, hash, now).await
}

async fn put_token<S: Sql>(sql: &mut S, runner: &Runner, hash: &str, now: Millis) -> Result<()> {
    credentials::put(
        sql,
        &Credential {
            hash,
            principal: Principal::Runner,
            organization: runner.organization.as_deref().unwrap_or_default(),
            subject: &runner.id,
            name: TOKEN,
            permissions: "[]",
            now,
        },
    )
    .await
}

/// A new token; the present one is good until `old_until` (which `authenticate` gives as its end), one of before it is
/// dead at once. With 0 the present one is dead at once, too.
///
/// # Errors
/// `not-found`; `taken` for a hash in use.
pub async fn rotate_runner_token<S: Sql>(sql: &mut S, id: &str, token_hash: &str, old_until: Millis) -> Result<Runner> {
    write(sql, async |sql: &mut S| {
        let runner = runners::get_runner(sql, id).await?;
        let used = sql
            .query("SELECT 1 FROM credentials WHERE hash = ?1", params![token_hash])
            .await?;
        if !used.is_empty() {
            return Err(credentials::used());
        }
        sql.execute(
            "DELETE FROM credentials WHERE principal = 'runner' AND subject = ?1 AND (name <> ?2 OR ?3 = 0)",
            params![id, TOKEN, old_until],
        )
        .await?;
        sql.execute(
            "UPDATE credentials SET name = ?2, expires = ?3 WHERE principal = 'runner' AND subject = ?1",
            params![id, OLD_TOKEN, old_until],
        )
        .await?;
        put_token(sql, &runner, token_hash, runner.updated).await?;
        Ok(runner)
    })
    .await
}

/// The process on the data directory `instance` takes the runner over; gives its number, which is larger than that of
/// every earlier one. An earlier process is fenced by it: see `report`.
///
/// # Errors
/// `not-found`; `conflict` for another directory than the last one, while the runner has sandboxes or its lease lasts.
pub async fn attach_runner<S: Sql>(sql: &mut S, id: &str, instance: &str, now: Millis) -> Result<u64> {
    write(sql, async |sql: &mut S| {
        let runner = runners::get_runner(sql, id).await?;
        if !runner.instance.is_empty() && runner.instance != instance {
            refuse_while_held(sql, &runner, now).await?;
        }
        let attached = sql
            .query(
                "UPDATE runners SET instance = ?2, process = process + 1, updated = ?3 WHERE id = ?1 RETURNING process",
                params![id, instance, now],
            )
            .await?;
        let process = rows::first(attached, |row| Reader::new(row).u64())?;
        // What an earlier process was handed, it will not end any more: this one gets it now, not when the lease is over.
        sql.execute("UPDATE jobs SET claimed_until = 0 WHERE runner = ?1", params![id])
            .await?;
        tasks::reopen(sql, id).await?;
        process.ok_or_else(|| runners::missing(id))
    })
    .await
}

async fn refuse_while_held<S: Sql>(sql: &mut S, runner: &Runner, now: Millis) -> Result<()> {
    let Runner { id, instance, .. } = runner;
    if runner.lease_until > now {
        let left = runner.lease_until - now;
        return Err(StoreError::Conflict(format!(
            "runner {id} is held by data directory {instance} for {left} ms more"
        )));
    }
    let sandboxes = sql
        .query("SELECT 1 FROM sandboxes WHERE runner = ?1 LIMIT 1", params![id])
        .await?;
    if sandboxes.is_empty() {
        Ok(())
    } else {
        Err(StoreError::Conflict(format!(
            "runner {id} has sandboxes in data directory {instance}"
        )))
    }
}
