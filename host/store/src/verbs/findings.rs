//! What the plane itself finds out about sandboxes.

use super::{
    held::{self, Held},
    jobs::drop_job,
    usage::Counted,
};
use crate::{
    error::{Result, StoreError},
    limits::MAX_FINDINGS,
    sql::Sql,
    transaction::write,
    types::{Finding, Millis, Sandbox},
};

/// Sets state, reason and recoverability of each sandbox whose generation is still the one given; the others are left.
/// `fence` raises the generation and drops the job that carried the old one. `release` gives the capacity back: the
/// sandbox has no runner then, and whoever still has it is told to remove it. Gives those that changed.
///
/// # Errors
/// `internal` beyond 5,000 findings.
pub async fn find_out<S: Sql>(sql: &mut S, findings: &[Finding], now: Millis) -> Result<Vec<Sandbox>> {
    if findings.len() > MAX_FINDINGS {
        return Err(StoreError::Internal(format!(
            "{} findings are more than {MAX_FINDINGS}",
            findings.len()
        )));
    }
    write(sql, async |sql: &mut S| {
        let mut changed = Vec::new();
        for finding in findings {
            let Some(before) = held::find(sql, &finding.sandbox).await? else {
                continue;
            };
            if before.it.generation != finding.generation {
                continue;
            }
            let mut after = before.clone();
            take(&mut after, finding, now);
            if after == before {
                continue;
            }
            after.replace(sql, &before, None, now).await?;
            if finding.fence {
                drop_job(sql, &finding.sandbox).await?;
            }
            changed.push(after.it);
        }
        Ok(changed)
    })
    .await
}

fn take(held: &mut Held, finding: &Finding, now: Millis) {
    held.enter(&finding.state, now);
    held.it.error_reason.clone_from(&finding.error_reason);
    held.it.recoverable = finding.recoverable;
    held.counted = Counted::observed(&finding.state, &held.it.desired);
    held.it.generation += u64::from(finding.fence);
    if finding.release {
        held.it.runner = None;
    }
}
