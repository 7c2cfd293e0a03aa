//! Making and finding sandboxes.

use std::sync::LazyLock;

use super::{
    capacity,
    changes::next_change,
    decisions,
    held::{self, Held},
    jobs::{NewJob, put_job},
    labels, snapshots,
    usage::{self, Counted},
    volumes,
};
use crate::{
    error::{Result, StoreError},
    rows,
    sql::{Reader, Sql, optional, params},
    transaction::write,
    types::{JobKind, Placement, Sandbox},
};

/// Counts the organization's usage, reserves capacity on the runner, inserts sandbox, job and decision: all or
/// nothing. The job is open, so the runner's next claim gets it.
///
/// # Errors
/// `taken` for the name (or a used id); `over-quota` against the totals; `conflict` if the runner is gone, in another
/// region, unschedulable, or its free allocatable capacity does not hold the sandbox; `not-found` without such an
/// organization.
pub async fn create_sandbox<S: Sql>(sql: &mut S, sandbox: &Sandbox, placement: &Placement) -> Result<Sandbox> {
    let parsed = labels::parse(&sandbox.labels)?;
    write(sql, async |sql: &mut S| {
        refuse_taken(sql, sandbox).await?;
        let mut made = Held {
            it: sandbox.clone(),
            number: 0,
            counted: Counted::observed(&sandbox.state, &sandbox.desired),
            ever_started: false,
        };
        let it = &mut made.it;
        it.runner = Some(placement.runner.clone()).filter(|runner| !runner.is_empty());
        it.state_since = it.created;
        // Also tells whether there is such an organization.
        it.change = next_change(sql, &it.organization).await?;
        usage::shift(
            sql,
            &sandbox.organization,
            &sandbox.region,
            made.taken(),
            placement.totals,
        )
        .await?;
        if made.it.runner.is_some() {
            capacity::reserve(sql, sandbox, &placement.runner).await?;
        }
        let number = insert(sql, &made).await?;
        labels::insert(sql, &sandbox.organization, number, &parsed).await?;
        volumes::mount(sql, &made.it).await?;
        if made.it.runner.is_none() {
            return Ok(made.it);
        }
        snapshots::note_copy(sql, &made.it).await?;
        put_job(
            sql,
            &NewJob {
                id: &placement.job_id,
                kind: JobKind::CreateSandbox,
                runner: &placement.runner,
                sandbox: &sandbox.id,
                generation: sandbox.generation,
                payload: &placement.payload,
                created: sandbox.created,
            },
        )
        .await?;
        decisions::record(sql, number, &made.it, &placement.decision, sandbox.created).await?;
        Ok(made.it)
    })
    .await
}

async fn refuse_taken<S: Sql>(sql: &mut S, it: &Sandbox) -> Result<()> {
    // One statement, two indices.
    let found = sql
        .query(
            "SELECT 1 FROM sandboxes WHERE id = ?1
             UNION ALL
             SELECT 2 FROM sandboxes WHERE organization = ?2 AND name = ?3 AND destroyed_at = 0",
            params![&it.id, &it.organization, &it.name],
        )
        .await?;
    match found.into_iter().next() {
        None => Ok(()),
        Some(row) => Err(StoreError::Taken(if Reader::new(row).integer()? == 1 {
            it.id.clone()
        } else {
            it.name.clone()
        })),
    }
}

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let columns = rows::SANDBOX.split(',').count();
    let values: Vec<String> = (1..=columns + 2).map(|number| format!("?{number}")).collect();
    format!(
        "INSERT INTO sandboxes ({}, counted_compute, counted_disk) VALUES ({}) RETURNING number",
        rows::SANDBOX,
        values.join(", ")
    )
});

/// Gives the number under which the store itself knows the sandbox.
async fn insert<S: Sql>(sql: &mut S, held: &Held) -> Result<i64> {
    let it = &held.it;
    let made = sql
        .query(
            &INSERT,
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
                it.state_since,
                &it.parent,
                &it.image,
                &it.volumes,
                &it.build_info,
                &it.build,
                &it.launch,
                &it.backup_state,
                &it.backup_manifest,
                optional(it.backup_created),
                &it.doing,
                &it.auth_token,
                it.created,
                it.updated,
                it.last_activity,
                it.change,
                held.counted.compute,
                held.counted.disk,
            ],
        )
        .await?;
    let row = made.into_iter().next();
    let row = row.ok_or_else(|| StoreError::Internal("an inserted row was not returned".into()))?;
    Ok(Reader::new(row).integer()?)
}

/// A sandbox by id first, then by name. With an empty organization by id only, whoever's it is.
///
/// # Errors
/// `not-found`, also for destroyed ones and those of other organizations.
pub async fn get_sandbox<S: Sql>(sql: &mut S, organization: &str, id_or_name: &str) -> Result<Sandbox> {
    if organization.is_empty() {
        let found = held::find(sql, id_or_name).await?;
        return found.map(|held| held.it).ok_or_else(|| missing(id_or_name));
    }
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
