//! Another runner, another size.

use super::{
    decisions,
    held::{self, DESTROYED},
    jobs::{NewJob, drop_job, put_job},
    snapshots,
    usage::Counted,
    volumes,
};
use crate::{
    error::{Result, StoreError},
    sql::Sql,
    transaction::write,
    types::{JobKind, Millis, Placement, Sandbox, Totals},
};

/// Gives a sandbox that never started to another runner, with a new reservation, job and generation. The first
/// runner's capacity is free, and what it still has of the sandbox is disowned at its next report of it.
///
/// # Errors
/// `conflict` if the generation is not `expected_generation` any more, if it has been started (its files are where it
/// was) or is to be destroyed, or if the new runner cannot hold it; `over-quota`; `not-found`.
pub async fn replace_runner<S: Sql>(
    sql: &mut S,
    id: &str,
    expected_generation: u64,
    placement: &Placement,
    now: Millis,
) -> Result<Sandbox> {
    write(sql, async |sql: &mut S| {
        let before = held::expect(sql, id, expected_generation).await?;
        if before.ever_started {
            return Err(StoreError::Conflict(format!("sandbox {id} has been started")));
        }
        if before.it.desired == DESTROYED {
            return Err(StoreError::Conflict(format!("sandbox {id} is to be destroyed")));
        }
        let mut after = before.clone();
        after.enter("creating", now);
        after.it.error_reason = None;
        after.it.recoverable = false;
        after.it.runner = Some(placement.runner.clone());
        after.it.generation += 1;
        after.counted = Counted::intended(&after.it.desired);
        after.replace(sql, &before, placement.totals, now).await?;
        put_job(
            sql,
            &NewJob {
                id: &placement.job_id,
                kind: JobKind::CreateSandbox,
                runner: &placement.runner,
                sandbox: id,
                generation: after.it.generation,
                payload: &placement.payload,
                created: now,
            },
        )
        .await?;
        volumes::mount(sql, &after.it).await?;
        snapshots::note_copy(sql, &after.it).await?;
        decisions::record(sql, after.number, &after.it, &placement.decision, now).await?;
        Ok(after.it)
    })
    .await
}

/// Gives a sandbox without files of its own a runner to be made on from `image`, with a new reservation, job and generation.
/// An earlier runner's capacity is free, and what it still has is disowned at its next report.
///
/// # Errors
/// As [`replace_runner`], but one that was started may come: its image stands for its files.
pub async fn place_sandbox<S: Sql>(
    sql: &mut S,
    id: &str,
    expected_generation: u64,
    state: &str,
    image: &str,
    placement: &Placement,
    now: Millis,
) -> Result<Sandbox> {
    write(sql, async |sql: &mut S| {
        let before = held::expect(sql, id, expected_generation).await?;
        if before.it.desired == DESTROYED {
            return Err(StoreError::Conflict(format!("sandbox {id} is to be destroyed")));
        }
        let mut after = before.clone();
        after.enter(state, now);
        after.it.error_reason = None;
        after.it.recoverable = false;
        after.it.runner = Some(placement.runner.clone());
        after.it.generation += 1;
        after.it.image = Some(image.to_owned()).filter(|image| !image.is_empty());
        "started".clone_into(&mut after.it.desired);
        after.counted = Counted::intended(&after.it.desired);
        after.replace(sql, &before, placement.totals, now).await?;
        volumes::mount(sql, &after.it).await?;
        snapshots::note_copy(sql, &after.it).await?;
        put_job(
            sql,
            &NewJob {
                id: &placement.job_id,
                kind: JobKind::CreateSandbox,
                runner: &placement.runner,
                sandbox: id,
                generation: after.it.generation,
                payload: &placement.payload,
                created: now,
            },
        )
        .await?;
        decisions::record(sql, after.number, &after.it, &placement.decision, now).await?;
        Ok(after.it)
    })
    .await
}

/// A new size: capacity and usage change by the difference, under a new generation. Without a `job_id` there is no
/// job, and an unfinished one is dropped: the next start carries the new size.
///
/// # Errors
/// `conflict` if the generation is not `expected_generation` any more, if it is still being made or is to be
/// destroyed, or if the runner cannot hold it; `over-quota` for what grows; `not-found`.
#[expect(clippy::too_many_arguments, reason = "they are the contract's")]
pub async fn resize_sandbox<S: Sql>(
    sql: &mut S,
    id: &str,
    expected_generation: u64,
    cpu: u32,
    memory_gib: u32,
    disk_gib: u32,
    totals: Option<Totals>,
    job_id: &str,
    payload: &str,
    now: Millis,
) -> Result<Sandbox> {
    write(sql, async |sql: &mut S| {
        let before = held::expect(sql, id, expected_generation).await?;
        if before.it.desired == DESTROYED {
            return Err(StoreError::Conflict(format!("sandbox {id} is to be destroyed")));
        }
        if before.it.state == "creating" {
            // Its job carries the first size, and nothing else makes it.
            return Err(StoreError::Conflict(format!("sandbox {id} is still being made")));
        }
        let mut after = before.clone();
        (after.it.cpu, after.it.memory_gib, after.it.disk_gib) = (cpu, memory_gib, disk_gib);
        after.it.generation += 1;
        after.replace(sql, &before, totals, now).await?;
        match &after.it.runner {
            Some(runner) if !job_id.is_empty() => {
                let job = NewJob {
                    id: job_id,
                    kind: JobKind::UpdateSandbox,
                    runner,
                    sandbox: id,
                    generation: after.it.generation,
                    payload,
                    created: now,
                };
                put_job(sql, &job).await?;
            }
            _ => drop_job(sql, id).await?,
        }
        Ok(after.it)
    })
    .await
}
