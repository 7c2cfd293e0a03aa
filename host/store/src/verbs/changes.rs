//! The stream of changes of an organization, and what should exist on a runner.

use crate::{
    error::{Result, StoreError},
    limits::{MAX_CHANGES, MAX_ROWS},
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::Sandbox,
};

/// The organization's sandboxes changed after position `after`, destroyed ones (of the last day) included, oldest
/// change first; at most `limit`, 1 to 1000.
///
/// Positions are handed out inside the transaction of the change, in the order of commits; so whoever has seen
/// one has missed none before it.
pub async fn changes<S: Sql>(sql: &mut S, organization: &str, after: u64, limit: u32) -> Result<Vec<Sandbox>> {
    let text = format!(
        "SELECT {} FROM sandboxes WHERE organization = ?1 AND change > ?2 ORDER BY change LIMIT ?3",
        rows::SANDBOX
    );
    let values = params![organization, after, limit.clamp(1, MAX_CHANGES)];
    Ok(rows::all(sql.query(&text, values).await?, rows::sandbox)?)
}

/// Everything that should exist on this runner: all its sandboxes that are not destroyed. Those that are to be
/// destroyed are among them, with that intent.
pub async fn runner_sandboxes<S: Sql>(sql: &mut S, runner: &str) -> Result<Vec<Sandbox>> {
    let text = format!(
        "SELECT {} FROM sandboxes WHERE runner = ?1 ORDER BY id LIMIT {MAX_ROWS}",
        rows::SANDBOX
    );
    Ok(rows::all(sql.query(&text, params![runner]).await?, rows::sandbox)?)
}

/// The next position in the organization's stream. Call it inside the transaction of the change.
pub(super) async fn next_change<S: Sql>(sql: &mut S, organization: &str) -> Result<u64> {
    let next = sql
        .query(
            "UPDATE organizations SET change = change + 1 WHERE id = ?1 RETURNING change",
            params![organization],
        )
        .await?;
    match next.into_iter().next() {
        Some(row) => Ok(Reader::new(row).u64()?),
        None => Err(StoreError::NotFound(format!("organization {organization}"))),
    }
}

/// More changes than can ever be lost with unsynced reports.
const LOST_AT_MOST: u64 = 1 << 20;

/// Raises every organization's position beyond what may have been handed out and then lost. A back end that
/// answers `report` before it is durable calls this when it opens, so that a listener who has seen such a position
/// hears of everything that comes after.
pub async fn skip_lost_changes<S: Sql>(sql: &mut S) -> Result<()> {
    write(sql, async |sql: &mut S| {
        let raise = "UPDATE organizations SET change = change + ?1";
        sql.execute(raise, params![LOST_AT_MOST]).await?;
        Ok(())
    })
    .await
}
