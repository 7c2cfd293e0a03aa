//! Volumes.

use super::{Context, organizations, random, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, Region, Volume};
use crate::dto::{CreateVolume, Mount, MountBody, VolumeView};
use crate::http::{Problem, Reply};
use crate::rules::snapshots::{MOST_VOLUMES, VOLUME_GIB};

async fn named(context: Context<'_>) -> Result<Volume, Problem> {
    let organization = context.caller.organization.clone();
    Ok(store::get_volume(organization, context.params.at(0).to_owned()).await?)
}

/// What is deleted is gone at once, so there is nothing more to include.
pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let rows = store::list_volumes(context.caller.organization.clone()).await?;
    Reply::ok(&rows.iter().map(VolumeView::from).collect::<Vec<_>>())
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    Reply::ok(&VolumeView::from(&named(context).await?))
}

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let name = context.call.json::<CreateVolume>()?.check()?;
    let organization = organizations::own(context).await?;
    organizations::may_work(&organization, context.call.now)?;
    let (id, now) = (random::id()?, context.call.now);
    let volume = Volume {
        organization: organization.id,
        name: name.unwrap_or_else(|| id.clone()),
        id,
        region: String::new(),
        runner: None,
        quota_gib: VOLUME_GIB,
        // It is an empty directory, made where it is first mounted: there is nothing to wait for.
        state: "ready".to_owned(),
        error_reason: None,
        created: now,
        updated: now,
        last_used: None,
    };
    match store::create_volume(volume.clone(), MOST_VOLUMES).await {
        Ok(()) => Reply::ok(&VolumeView::from(&volume)),
        // As documented: not 409.
        Err(store::Error::Taken(name)) => Err(Problem::BadRequest(format!("a volume named {name} exists already"))),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    let it = named(context).await?;
    let runner = store::delete_volume(it.organization, it.id, context.call.now).await?;
    if let Some(runner) = runner {
        signals::wake(wait::of_runner(&runner)).await;
    }
    Ok(Reply::empty(200))
}

/// The volumes that a create asks for, and the runner where they are, if any is anywhere yet.
pub(super) async fn resolve(
    context: Context<'_>,
    region: &Region,
    asked: &[MountBody],
) -> Result<(Vec<Mount>, Option<String>), Problem> {
    let (mut mounts, mut home) = (Vec::new(), None::<(String, String)>);
    for one in asked {
        let organization = context.caller.organization.clone();
        let it = match store::get_volume(organization, one.volume_id.clone()).await {
            Ok(it) => it,
            Err(store::Error::NotFound(_)) => {
                return Err(Problem::BadRequest(format!("volumes: {} not found", one.volume_id)));
            }
            Err(error) => return Err(error.into()),
        };
        if it.state != "ready" {
            return Err(Problem::BadRequest(format!(
                "volumes: {} is {}, not ready",
                it.name, it.state
            )));
        }
        if !it.region.is_empty() && it.region != region.id {
            return Err(Problem::BadRequest(format!(
                "volumes: {} is in region {}, not in {}; set target to it",
                it.name, it.region, region.id
            )));
        }
        match (&it.runner, &home) {
            (Some(runner), Some((other, name))) if runner != other => {
                return Err(Problem::BadRequest(format!(
                    "volumes: {} and {name} are on different machines, where they were first mounted; one sandbox cannot \
                     mount both",
                    it.name
                )));
            }
            (Some(runner), None) => home = Some((runner.clone(), it.name.clone())),
            _ => {}
        }
        mounts.push(Mount {
            id: it.id,
            mount_path: one.mount_path.clone(),
            subpath: one.subpath.clone().filter(|path| !path.is_empty()),
            read_only: one.read_only,
            quota_gib: it.quota_gib,
        });
    }
    Ok((mounts, home.map(|(runner, _)| runner)))
}
