//! What the plane last concluded and heard about runners.

use crate::{
    error::{Result, StoreError},
    limits::MAX_NAMED,
    sql::{Sql, params},
    transaction::write,
    types::Millis,
};

/// Remembers verdicts (runner, verdict) that were acted upon; one that a runner has already keeps its time. Unknown
/// runners are left.
///
/// # Errors
/// `internal` beyond 10,000 runners.
pub async fn set_verdicts<S: Sql>(sql: &mut S, verdicts: &[(String, String)], now: Millis) -> Result<()> {
    refuse_many(verdicts.len())?;
    write(sql, async |sql: &mut S| {
        for (runner, verdict) in verdicts {
            sql.execute(
                "UPDATE runners SET verdict = ?2, verdict_since = ?3 WHERE id = ?1 AND verdict <> ?2",
                params![runner, verdict, now],
            )
            .await?;
        }
        Ok(())
    })
    .await
}

/// Remembers until when these runners are taken to be connected to a front. Never shortened: several fronts may say so.
///
/// # Errors
/// `internal` beyond 10,000 runners.
pub async fn set_connected<S: Sql>(sql: &mut S, runners: &[String], until: Millis) -> Result<()> {
    refuse_many(runners.len())?;
    write(sql, async |sql: &mut S| {
        for runner in runners {
            sql.execute(
                "UPDATE runners SET connected_until = ?2 WHERE id = ?1 AND connected_until < ?2",
                params![runner, until],
            )
            .await?;
        }
        Ok(())
    })
    .await
}

fn refuse_many(count: usize) -> Result<()> {
    if count > MAX_NAMED {
        return Err(StoreError::Internal(format!(
            "{count} runners are more than {MAX_NAMED}"
        )));
    }
    Ok(())
}
