//! What is sold of a runner: changed only together with the sandboxes that occupy it.

use crate::{
    error::{Result, StoreError},
    rows,
    sql::{Sql, params},
    types::{Runner, Sandbox},
};

/// Thousandths of a CPU in a CPU, MiB in a GiB.
const MILLI: i64 = 1_000;
const MIB: i64 = 1_024;

/// What a sandbox occupies: thousandths of a CPU, MiB, MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amounts {
    cpu: i64,
    memory: i64,
    disk: i64,
}

impl Amounts {
    pub(super) fn of(it: &Sandbox) -> Self {
        Self {
            cpu: i64::from(it.cpu) * MILLI,
            memory: i64::from(it.memory_gib) * MIB,
            disk: i64::from(it.disk_gib) * MIB,
        }
    }

    fn less(self, other: Self) -> Self {
        Self {
            cpu: self.cpu - other.cpu,
            memory: self.memory - other.memory,
            disk: self.disk - other.disk,
        }
    }
}

/// Takes a new sandbox's capacity from what the runner has left, in one conditional statement.
///
/// # Errors
/// `conflict` if the runner is gone, elsewhere, unschedulable or too full.
pub(super) async fn reserve<S: Sql>(sql: &mut S, it: &Sandbox, runner: &str) -> Result<()> {
    shift(sql, &it.region, runner, Amounts::of(it), true).await
}

/// Gives a sandbox's capacity back to the runner that it occupied.
pub(super) async fn release<S: Sql>(sql: &mut S, it: &Sandbox, runner: &str) -> Result<()> {
    shift(sql, &it.region, runner, Amounts::default().less(Amounts::of(it)), false).await
}

/// Changes what a sandbox occupies on its runner, which need not take new ones.
///
/// # Errors
/// `conflict` if the runner is too full for what grows.
pub(super) async fn resize<S: Sql>(sql: &mut S, before: &Sandbox, after: &Sandbox, runner: &str) -> Result<()> {
    let change = Amounts::of(after).less(Amounts::of(before));
    if change == Amounts::default() {
        return Ok(());
    }
    shift(sql, &after.region, runner, change, false).await
}

async fn shift<S: Sql>(sql: &mut S, region: &str, runner: &str, change: Amounts, new: bool) -> Result<()> {
    let sold = sql
        .execute(
            "UPDATE runners SET sold_cpu_milli = sold_cpu_milli + ?3,
               sold_memory_mib = sold_memory_mib + ?4, sold_disk_mib = sold_disk_mib + ?5
             WHERE id = ?1 AND region = ?2 AND (unschedulable = 0 OR ?6 = 0)
               AND (?3 <= 0 OR sold_cpu_milli + ?3 <= cpu_milli)
               AND (?4 <= 0 OR sold_memory_mib + ?4 <= memory_mib)
               AND (?5 <= 0 OR sold_disk_mib + ?5 <= disk_mib)",
            params![runner, region, change.cpu, change.memory, change.disk, new],
        )
        .await?;
    if sold == 1 {
        return Ok(());
    }
    let text = format!("SELECT {} FROM runners WHERE id = ?1", rows::RUNNER);
    let found = rows::first(sql.query(&text, params![runner]).await?, rows::runner)?;
    Err(StoreError::Conflict(why_not(runner, found, region, new)))
}

fn why_not(id: &str, runner: Option<Runner>, region: &str, new: bool) -> String {
    match runner {
        None => format!("runner {id} is gone"),
        Some(runner) if runner.region != region => format!("runner {id} is not in region {region}"),
        Some(runner) if runner.unschedulable && new => format!("runner {id} is unschedulable"),
        Some(_) => format!("runner {id} has not enough free capacity"),
    }
}
