//! Making and finding sandboxes.

use super::{
    changes::next_change,
    jobs::{NewJob, put_job},
    labels,
};
use crate::{
    error::{Result, StoreError},
    rows,
    sql::{Reader, Sql, params},
    transaction::write,
    types::{JobKind, Runner, Sandbox},
};

/// Thousandths of a CPU in a CPU, MiB in a GiB.
const MILLI: u64 = 1_000;
const MIB: u64 = 1_024;

/// Reserves capacity on `runner`, inserts sandbox and job: all or nothing. The job is open, so the runner's next
/// claim gets it.
///
/// # Errors
/// `taken` for the name (or a used id); `conflict` if the runner is gone, in another region, unschedulable,
/// or its free allocatable capacity does not hold the sandbox; `not-found` without such an organization.
pub async fn create_sandbox<S: Sql>(
    sql: &mut S,
    sandbox: &Sandbox,
    runner: &str,
    job_id: &str,
    payload: &str,
) -> Result<Sandbox> {
    let parsed = labels::parse(&sandbox.labels)?;
    write(sql, async |sql: &mut S| {
        refuse_taken(sql, sandbox).await?;
        reserve(sql, sandbox, runner).await?;
        let mut made = sandbox.clone();
        made.runner = Some(runner.to_owned());
        made.change = next_change(sql, &sandbox.organization).await?;
        let number = insert(sql, &made).await?;
        labels::insert(sql, &made.organization, number, &parsed).await?;
        put_job(
            sql,
            &NewJob {
                id: job_id,
                kind: JobKind::CreateSandbox,
                runner,
                sandbox: &made.id,
                generation: made.generation,
                payload,
                created: made.created,
            },
        )
        .await?;
        Ok(made)
    })
    .await
}

async fn refuse_taken<S: Sql>(sql: &mut S, it: &Sandbox) -> Result<()> {
    let id = sql
        .query("SELECT 1 FROM sandboxes WHERE id = ?1", params![&it.id])
        .await?;
    if !id.is_empty() {
        return Err(StoreError::Taken(it.id.clone()));
    }
    let name = sql
        .query(
            "SELECT 1 FROM sandboxes WHERE organization = ?1 AND name = ?2 AND destroyed_at = 0",
            params![&it.organization, &it.name],
        )
        .await?;
    if name.is_empty() {
        Ok(())
    } else {
        Err(StoreError::Taken(it.name.clone()))
    }
}

/// Takes the sandbox's capacity from what the runner has left, in one conditional statement.
async fn reserve<S: Sql>(sql: &mut S, it: &Sandbox, runner: &str) -> Result<()> {
    let (cpu, memory, disk) = amounts(it);
    let sold = sql
        .execute(
            "UPDATE runners SET sold_cpu_milli = sold_cpu_milli + ?3,
               sold_memory_mib = sold_memory_mib + ?4, sold_disk_mib = sold_disk_mib + ?5
             WHERE id = ?1 AND region = ?2 AND unschedulable = 0
               AND sold_cpu_milli + ?3 <= cpu_milli AND sold_memory_mib + ?4 <= memory_mib
               AND sold_disk_mib + ?5 <= disk_mib",
            params![runner, &it.region, cpu, memory, disk],
        )
        .await?;
    if sold == 1 {
        return Ok(());
    }
    let text = format!("SELECT {} FROM runners WHERE id = ?1", rows::RUNNER);
    let found = rows::first(sql.query(&text, params![runner]).await?, rows::runner)?;
    Err(StoreError::Conflict(why_not(runner, found, &it.region)))
}

fn why_not(id: &str, runner: Option<Runner>, region: &str) -> String {
    match runner {
        None => format!("runner {id} is gone"),
        Some(runner) if runner.region != region => format!("runner {id} is not in region {region}"),
        Some(runner) if runner.unschedulable => format!("runner {id} is unschedulable"),
        Some(_) => format!("runner {id} has not enough free capacity"),
    }
}

/// Gives the sandbox's capacity back to the runner that it occupied.
pub(super) async fn release<S: Sql>(sql: &mut S, it: &Sandbox, runner: &str) -> Result<()> {
    let (cpu, memory, disk) = amounts(it);
    sql.execute(
        "UPDATE runners SET sold_cpu_milli = sold_cpu_milli - ?2,
           sold_memory_mib = sold_memory_mib - ?3, sold_disk_mib = sold_disk_mib - ?4 WHERE id = ?1",
        params![runner, cpu, memory, disk],
    )
    .await?;
    Ok(())
}

/// What a sandbox occupies: thousandths of a CPU, MiB, MiB.
fn amounts(it: &Sandbox) -> (u64, u64, u64) {
    (
        u64::from(it.cpu) * MILLI,
        u64::from(it.memory_gib) * MIB,
        u64::from(it.disk_gib) * MIB,
    )
}

/// Gives the number under which the store itself knows the sandbox.
async fn insert<S: Sql>(sql: &mut S, it: &Sandbox) -> Result<i64> {
    let text = format!(
        "INSERT INTO sandboxes ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
           ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29) RETURNING number",
        rows::SANDBOX
    );
    let made = sql
        .query(
            &text,
            params![
                &it.id,
                &it.organization,
                &it.name,
                &it.region,
                &it.runner,
                &it.snapshot,
                &it.user,
                &it.env,
                &it.labels,
                it.public,
                it.network_block_all,
                &it.network_allow_list,
                &it.domain_allow_list,
                it.cpu,
                it.memory_gib,
                it.disk_gib,
                it.auto_stop,
                it.auto_delete,
                it.auto_archive,
                &it.state,
                &it.desired,
                it.generation,
                &it.error_reason,
                it.recoverable,
                &it.auth_token,
                it.created,
                it.updated,
                it.last_activity,
                it.change,
            ],
        )
        .await?;
    let row = made.into_iter().next();
    let row = row.ok_or_else(|| StoreError::Internal("an inserted row was not returned".into()))?;
    Ok(Reader::new(row).integer()?)
}

/// A sandbox by id first, then by name.
///
/// # Errors
/// `not-found`, also for destroyed ones and those of other organizations.
pub async fn get_sandbox<S: Sql>(sql: &mut S, organization: &str, id_or_name: &str) -> Result<Sandbox> {
    // One statement, two indices. Ids that look like another's name come first.
    let text = format!(
        "SELECT {0} FROM sandboxes WHERE id = ?2 AND organization = ?1 AND destroyed_at = 0
         UNION ALL
         SELECT {0} FROM sandboxes WHERE organization = ?1 AND name = ?2 AND id <> ?2
           AND destroyed_at = 0",
        rows::SANDBOX
    );
    let found = rows::all(
        sql.query(&text, params![organization, id_or_name]).await?,
        rows::sandbox,
    )?;
    let (ids, names): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.id == id_or_name);
    ids.into_iter().chain(names).next().ok_or_else(|| missing(id_or_name))
}

/// The number of a sandbox that is not destroyed, by id first, then by name.
pub(super) async fn find_number<S: Sql>(sql: &mut S, organization: &str, id_or_name: &str) -> Result<i64> {
    let found = sql
        .query(
            "SELECT id, number FROM sandboxes WHERE id = ?2 AND organization = ?1 AND destroyed_at = 0
             UNION ALL
             SELECT id, number FROM sandboxes WHERE organization = ?1 AND name = ?2 AND id <> ?2
               AND destroyed_at = 0",
            params![organization, id_or_name],
        )
        .await?;
    let mut name = None;
    for row in found {
        let mut row = Reader::new(row);
        let (id, number) = (row.text()?, row.integer()?);
        if id == id_or_name {
            return Ok(number);
        }
        name = Some(number);
    }
    name.ok_or_else(|| missing(id_or_name))
}

pub(super) fn missing(id_or_name: &str) -> StoreError {
    StoreError::NotFound(format!("sandbox {id_or_name}"))
}
