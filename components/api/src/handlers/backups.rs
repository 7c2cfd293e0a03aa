//! Backups, archives, and sandboxes that come back from them.

use super::create::Birth;
use super::{Context, create, organizations, quotas, sandboxes, views, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, JobKind, Sandbox, Task};
use crate::dto::{image, job_id};
use crate::http::{Problem, Reply};
use crate::rules::lifecycle::shown_of;

/// Restores tried: what fails on one runner is tried once more on another.
const RESTORES: u32 = 2;

/// What a backup of a sandbox is called on its runner.
fn backup_id(it: &Sandbox) -> String {
    format!("backup-{}", it.id)
}

/// Orders a backup, and with `archive` that the sandbox leaves its runner when it is complete; none if somebody was faster,
/// or one is under way.
pub(super) async fn begin(it: &Sandbox, archive: bool, now: u64) -> Result<Option<Sandbox>, Problem> {
    let Some(runner) = it.runner.clone() else {
        return Ok(None);
    };
    let subject = backup_id(it);
    let payload = serde_json::json!({"snapshotId": subject, "sandboxId": it.id, "organizationId": it.organization});
    let task = Task {
        id: job_id(&subject, now, JobKind::CreateBackup),
        kind: JobKind::CreateBackup,
        subject,
        runner: runner.clone(),
        sandbox: Some(it.id.clone()),
        payload: payload.to_string(),
        created: now,
    };
    match store::begin_backup(it.id.clone(), it.generation, task, archive, now).await {
        Ok(changed) => {
            signals::wake(wait::of_runner(&runner)).await;
            wait::found(std::slice::from_ref(&changed)).await;
            Ok(Some(changed))
        }
        Err(store::Error::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn backup(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::named(context).await?;
    let state = shown_of(&it);
    if !["started", "stopped", "snapshotting"].contains(&state) {
        return Err(Problem::Conflict(format!(
            "sandbox {} is {state}; a backup can be made of a started or stopped one",
            it.name
        )));
    }
    match begin(&it, false, context.call.now).await? {
        Some(changed) => views::one(context, &changed).await,
        // One that is under way will do.
        None => views::one(context, &sandboxes::named(context).await?).await,
    }
}

/// The answer does not wait: it is `archiving` until its backup is complete.
pub(super) async fn archive(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::named(context).await?;
    let state = shown_of(&it);
    if ["archiving", "archived"].contains(&state) {
        return views::one(context, &it).await;
    }
    if state != "stopped" {
        return Err(Problem::BadRequest(format!(
            "sandbox {} is {state}; only a stopped one can be archived",
            it.name
        )));
    }
    if it.auto_delete == 0 {
        return Err(Problem::BadRequest(format!(
            "sandbox {} is ephemeral; it is deleted when it stops, not archived",
            it.name
        )));
    }
    match begin(&it, true, context.call.now).await? {
        Some(changed) => views::one(context, &changed).await,
        None => Err(Problem::Conflict(format!(
            "sandbox {} is being backed up or changed by others; try again when that is done",
            it.name
        ))),
    }
}

/// Whether to start this sandbox means to restore it elsewhere: its runner is lost, or to be emptied, and there is a backup.
pub(super) async fn moves(it: &Sandbox) -> Result<bool, Problem> {
    let (Some(_), Some(runner)) = (&it.backup_manifest, &it.runner) else {
        return Ok(false);
    };
    if create::home(it).await?.is_some() {
        // Its volumes are there.
        return Ok(false);
    }
    let present = it.backup_state == "Completed";
    let runner = match store::get_runner(runner.clone()).await {
        Ok(runner) => runner,
        Err(store::Error::NotFound(_)) => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    // What is lost comes back with its machine, or from what there is; what is only drained loses nothing by a move.
    Ok((runner.verdict == "lost" && (present || it.state == "error"))
        || (runner.draining && present && it.state == "stopped"))
}

/// Makes a sandbox anew from its backup, on any runner that has room. Gives it as it is then; none if somebody was faster.
pub(super) async fn restore(context: Context<'_>, it: &Sandbox) -> Result<Option<Sandbox>, Problem> {
    let Some(manifest) = &it.backup_manifest else {
        return Ok(None);
    };
    let organization = store::get_organization(it.organization.clone()).await?;
    organizations::may_work(&organization, context.call.now)?;
    let region = store::get_region(it.region.clone()).await?;
    let birth = Birth {
        context,
        organization: &organization,
        region: &region,
        totals: quotas::totals(&organization, &region).await?,
        only: create::home(it).await?,
    };
    let from = image(&backup_id(it), manifest);
    let mut avoid: Vec<String> = it.runner.iter().cloned().collect();
    let mut present = it.clone();
    for attempt in 1..=RESTORES {
        let seen = signals::current(wait::of_sandbox(&it.id)).await;
        let placed = match birth.again(&present, "restoring", from.clone(), avoid.clone()).await {
            Ok(Some(placed)) => placed,
            // The first one was in vain, and there is no other runner.
            Err(Problem::Coded(..)) if attempt > 1 => return Ok(Some(present)),
            other => return other,
        };
        present = birth.settle(&placed, seen, create::PATIENCE).await?;
        if present.state != "error" {
            break;
        }
        avoid.extend(present.runner.clone());
    }
    Ok(Some(present))
}
