//! What should become of a sandbox.

use super::{
    held::{self, DESTROYED},
    jobs::{NewJob, put_job},
    usage::Counted,
};
use crate::{
    error::{Result, StoreError},
    sql::Sql,
    transaction::write,
    types::{JobKind, Millis, Sandbox, Totals},
};

/// A new intent: sets `desired`, raises the generation and makes the job, in place of any older one. The usage counts
/// from now on what is intended; what the runner has sold stays sold. A sandbox without a runner has nobody who could
/// carry an intent out, except that to destroy it takes nothing more: it is destroyed at once.
///
/// # Errors
/// `conflict` if the generation is not `expected_generation` any more, or there is no runner; `over-quota` for what
/// counts more than before; `not-found`, also for destroyed ones.
#[expect(clippy::too_many_arguments, reason = "they are the contract's")]
pub async fn change_intent<S: Sql>(
    sql: &mut S,
    id: &str,
    expected_generation: u64,
    desired: &str,
    job_id: &str,
    kind: JobKind,
    payload: &str,
    totals: Option<Totals>,
    now: Millis,
) -> Result<Sandbox> {
    write(sql, async |sql: &mut S| {
        let before = held::expect(sql, id, expected_generation).await?;
        let mut after = before.clone();
        desired.clone_into(&mut after.it.desired);
        after.it.generation += 1;
        after.counted = Counted::intended(desired);
        match before.it.runner.as_deref() {
            Some(runner) => {
                after.replace(sql, &before, totals, now).await?;
                let job = NewJob {
                    id: job_id,
                    kind,
                    runner,
                    sandbox: id,
                    generation: after.it.generation,
                    payload,
                    created: now,
                };
                put_job(sql, &job).await?;
            }
            None if desired == DESTROYED => {
                after.enter(DESTROYED, now);
                after.replace(sql, &before, totals, now).await?;
            }
            None => return Err(StoreError::Conflict(format!("sandbox {id} has no runner any more"))),
        }
        Ok(after.it)
    })
    .await
}
