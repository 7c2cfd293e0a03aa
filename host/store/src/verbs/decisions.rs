//! The journal of decisions: bounded, and trimmed a little as it grows.

use crate::{
    error::{Result, StoreError},
    limits::{KEEP_DECISIONS, MAX_DECISIONS, MAX_FACTS, TRIM_EVERY},
    rows,
    sql::{Reader, Sql, Value, params},
    transaction::write,
    types::{Decision, Millis, Sandbox},
};

/// Remembers a placement in the transaction that carries it out.
///
/// # Errors
/// `internal` beyond 128 KiB of facts.
pub(super) async fn record<S: Sql>(sql: &mut S, number: i64, it: &Sandbox, facts: &str, at: Millis) -> Result<()> {
    insert(sql, number.into(), [&it.id, &it.organization, &it.region], facts, at).await
}

/// Remembers a decision that led to no sandbox.
///
/// # Errors
/// `internal` beyond 128 KiB of facts.
pub async fn record_refusal<S: Sql>(
    sql: &mut S,
    organization: &str,
    region: &str,
    facts: &str,
    now: Millis,
) -> Result<()> {
    write(sql, async |sql: &mut S| {
        insert(sql, Value::Null, ["", organization, region], facts, now).await
    })
    .await
}

async fn insert<S: Sql>(sql: &mut S, number: Value, names: [&str; 3], facts: &str, at: Millis) -> Result<()> {
    if facts.len() > MAX_FACTS {
        return Err(StoreError::Internal(format!(
            "{} bytes of a decision are more than {MAX_FACTS}",
            facts.len()
        )));
    }
    let [sandbox, organization, region] = names.map(Value::from);
    let made = sql
        .query(
            "INSERT INTO decisions (number, sandbox, organization, region, at, facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             RETURNING position",
            &[number, sandbox, organization, region, at.into(), facts.into()],
        )
        .await?;
    let position = rows::first(made, |row| Reader::new(row).u64())?.unwrap_or_default();
    if position.is_multiple_of(TRIM_EVERY) && position > KEEP_DECISIONS {
        sql.execute(
            "DELETE FROM decisions WHERE position IN
               (SELECT position FROM decisions WHERE position <= ?1 ORDER BY position LIMIT ?2)",
            params![position - KEEP_DECISIONS, 2 * TRIM_EVERY],
        )
        .await?;
    }
    Ok(())
}

/// Decisions after a position, oldest first, at most `limit` (1 to 1,000): of one sandbox, of a region, or all. A sandbox
/// is known by its id for a day after it was destroyed.
pub async fn list_decisions<S: Sql>(
    sql: &mut S,
    sandbox: Option<&str>,
    region: Option<&str>,
    after: u64,
    limit: u32,
) -> Result<Vec<Decision>> {
    let mut values: Vec<Value> = vec![after.into(), limit.clamp(1, MAX_DECISIONS).into()];
    let mut filter = String::new();
    if let Some(sandbox) = sandbox {
        values.push(sandbox.into());
        let id = values.len();
        // The id again: a number can be given anew once the newest sandbox is forgotten.
        filter += &format!(" AND number = (SELECT number FROM sandboxes WHERE id = ?{id}) AND sandbox = ?{id}");
    }
    if let Some(region) = region {
        values.push(region.into());
        filter += &format!(" AND region = ?{}", values.len());
    }
    let text = format!(
        "SELECT {} FROM decisions WHERE position > ?1{filter} ORDER BY position LIMIT ?2",
        rows::DECISION
    );
    Ok(rows::all(sql.query(&text, &values).await?, rows::decision)?)
}
