//! Builds: the text of a Dockerfile becomes a snapshot, on some runner; sandboxes may wait for it.

use super::create::{self, Birth};
use super::{Context, fleet, quotas, random, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, Finding, JobKind, Organization, Region, Sandbox, Snapshot, Task};
use crate::dto::{BuildBody, BuildInfo, SnapshotConfig, image, job_id};
use crate::http::Problem;
use crate::rules::dockerfile::{self, Base, ImageConfig, Plan};
use crate::rules::due::PLACE_BUILT;
use crate::rules::snapshots::MOST_SNAPSHOTS;
use crate::times::iso;
use sha2::{Digest as _, Sha256};

/// Sandboxes of one look at who waits for a build.
const WAITING: u32 = 200;

/// A snapshot that is to be built.
pub(super) struct Wanted<'a> {
    pub(super) context: Context<'a>,
    pub(super) organization: &'a Organization,
    pub(super) region: &'a Region,
    pub(super) name: String,
    /// For one create only.
    pub(super) hidden: bool,
    pub(super) image_name: Option<String>,
    pub(super) build: &'a BuildBody,
    /// In place of the image's.
    pub(super) entrypoint: Option<Vec<String>>,
    /// Whole CPUs, GiB, GiB.
    pub(super) size: (u32, u32, u32),
}

/// What a build is called: the same for the same text and contexts in the same region, so that it is done once.
pub(super) fn reference(build: &BuildBody, region: &str) -> String {
    let mut hashes = build.context_hashes.clone();
    hashes.sort();
    let mut sum = Sha256::new();
    sum.update(build.dockerfile_content.as_deref().unwrap_or_default());
    sum.update(hashes.concat());
    sum.update(region);
    format!("daytona-{}:daytona", hex::encode(sum.finalize()))
}

/// What is shown of a build.
pub(super) fn info(build: &BuildBody, region: &str, now: u64) -> Result<String, Problem> {
    let info = BuildInfo {
        dockerfile_content: build.dockerfile_content.clone().unwrap_or_default(),
        context_hashes: build.context_hashes.clone(),
        created_at: iso(now),
        updated_at: iso(now),
        snapshot_ref: reference(build, region),
    };
    serde_json::to_string(&info).map_err(|error| Problem::Internal(error.to_string()))
}

/// Reads the text, chooses a runner, and orders the build there.
pub(super) async fn begin(it: &Wanted<'_>) -> Result<Snapshot, Problem> {
    let known = store::list_snapshots(it.organization.id.clone()).await?;
    let usable = |one: &&Snapshot| !one.hidden && one.state == "active" && one.region == it.region.id;
    let bases: Vec<(String, ImageConfig)> = known
        .iter()
        .filter(usable)
        .map(|one| (one.name.clone(), SnapshotConfig::of(one)))
        .collect();
    let text = it.build.check()?;
    let mut plan = dockerfile::plan(text, &bases).map_err(|error| Problem::BadRequest(error.to_string()))?;
    if let Some(entrypoint) = it.entrypoint.clone() {
        plan.config.entrypoint = entrypoint;
        plan.config.cmd.clear();
    }
    let base = match &plan.base {
        Base::Userland => None,
        Base::Snapshot(name) => known.iter().filter(usable).find(|one| one.name == *name),
    };
    let now = it.context.call.now;
    let runner = place(it).await?;
    let snapshot = Snapshot {
        id: random::id()?,
        organization: it.organization.id.clone(),
        name: it.name.clone(),
        region: it.region.id.clone(),
        hidden: it.hidden,
        state: "building".to_owned(),
        image_name: it.image_name.clone(),
        build_info: Some(info(it.build, &it.region.id, now)?),
        config: serde_json::to_string(&plan.config).map_err(|error| Problem::Internal(error.to_string()))?,
        cpu: it.size.0,
        memory_gib: it.size.1,
        disk_gib: it.size.2,
        size_bytes: None,
        manifest: None,
        error_reason: None,
        source_sandbox: None,
        runner: Some(runner.clone()),
        state_since: now,
        created: now,
        updated: now,
        last_used: None,
    };
    let task = task(it, &snapshot, &plan, base, &runner)?;
    let made = match store::create_snapshot(snapshot, Some(task), MOST_SNAPSHOTS).await {
        Ok(made) => made,
        Err(store::Error::Taken(name)) => {
            return Err(Problem::Conflict(format!("a snapshot named {name} exists already")));
        }
        Err(error) => return Err(error.into()),
    };
    signals::wake(wait::of_runner(&runner)).await;
    Ok(made)
}

/// A runner with room for a sandbox of the build's size: the build runs in one.
async fn place(it: &Wanted<'_>) -> Result<String, Problem> {
    let (cpu, memory_gib, disk_gib) = it.size;
    let sandbox = Sandbox {
        cpu,
        memory_gib,
        disk_gib,
        ..create::blank(it.context.call.now, it.organization, it.region)?
    };
    let wanted = fleet::Wanted {
        organization: it.organization,
        region: it.region,
        sandbox: &sandbox,
        avoid: Vec::new(),
        only: None,
    };
    Ok(fleet::choose(it.context, &wanted).await?.runner)
}

fn task(
    it: &Wanted<'_>,
    snapshot: &Snapshot,
    plan: &Plan,
    base: Option<&Snapshot>,
    runner: &str,
) -> Result<Task, Problem> {
    let mut payload = serde_json::to_value(plan).map_err(|error| Problem::Internal(error.to_string()))?;
    let more = [
        ("snapshotId", snapshot.id.clone().into()),
        ("organizationId", snapshot.organization.clone().into()),
        ("regionId", snapshot.region.clone().into()),
        ("contextHashes", it.build.context_hashes.clone().into()),
        ("cpu", snapshot.cpu.into()),
        ("memory", snapshot.memory_gib.into()),
        ("disk", snapshot.disk_gib.into()),
        (
            "image",
            base.map_or(
                serde_json::Value::Null,
                |base| serde_json::json!({"id": base.id, "manifest": base.manifest}),
            ),
        ),
    ];
    for (name, value) in more {
        payload[name] = value;
    }
    Ok(Task {
        id: job_id(&snapshot.id, snapshot.created, JobKind::BuildSnapshot),
        kind: JobKind::BuildSnapshot,
        subject: snapshot.id.clone(),
        runner: runner.to_owned(),
        sandbox: None,
        payload: payload.to_string(),
        created: snapshot.created,
    })
}

/// The snapshot of a build for one create: one that is there or on its way, else a new one.
pub(super) async fn for_create(it: &Wanted<'_>) -> Result<Snapshot, Problem> {
    let found = store::get_snapshot(it.organization.id.clone(), it.name.clone()).await;
    match found {
        Ok(found) if ["building", "active"].contains(&found.state.as_str()) => return Ok(found),
        Ok(_) | Err(store::Error::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match begin(it).await {
        // Somebody was faster with the very same.
        Err(Problem::Conflict(_)) => Ok(store::get_snapshot(it.organization.id.clone(), it.name.clone()).await?),
        made => made,
    }
}

/// Gives sandboxes whose build has ended a runner, or an error.
pub(super) async fn settle(context: Context<'_>) -> Result<u64, Problem> {
    let mut acted = 0;
    for it in store::waiting_sandboxes(WAITING).await? {
        acted += u64::from(settle_one(context, it).await?);
    }
    Ok(acted)
}

async fn settle_one(context: Context<'_>, it: Sandbox) -> Result<bool, Problem> {
    let build = match store::get_snapshot(String::new(), it.build.clone().unwrap_or_default()).await {
        Ok(build) => build,
        Err(store::Error::NotFound(_)) => return fail(&it, "its build was deleted", context.call.now).await,
        Err(error) => return Err(error.into()),
    };
    let manifest = match (build.state.as_str(), &build.manifest) {
        ("building", _) => return Ok(false),
        ("active", Some(manifest)) => manifest,
        _ => {
            let reason = build.error_reason.as_deref().unwrap_or("the build failed");
            return fail(&it, reason, context.call.now).await;
        }
    };
    let organization = store::get_organization(it.organization.clone()).await?;
    let region = store::get_region(it.region.clone()).await?;
    let birth = Birth {
        context,
        organization: &organization,
        region: &region,
        totals: quotas::totals(&organization, &region).await?,
        only: create::home(&it).await?,
    };
    match birth
        .again(&it, "creating", image(&build.id, manifest), Vec::new())
        .await
    {
        Ok(Some(placed)) => {
            wait::intended(&placed).await;
            Ok(true)
        }
        Ok(None) => Ok(false),
        // Perhaps there is room in a moment.
        Err(Problem::Coded(_, _)) if context.call.now.saturating_sub(build.state_since) < PLACE_BUILT => Ok(false),
        Err(Problem::Coded(_, reason)) => fail(&it, &reason, context.call.now).await,
        Err(problem) => Err(problem),
    }
}

async fn fail(it: &Sandbox, reason: &str, now: u64) -> Result<bool, Problem> {
    let finding = Finding {
        sandbox: it.id.clone(),
        generation: it.generation,
        state: "build_failed".to_owned(),
        error_reason: Some(reason.to_owned()),
        recoverable: false,
        fence: true,
        release: true,
    };
    let changed = store::find_out(vec![finding], now).await?;
    wait::found(&changed).await;
    Ok(!changed.is_empty())
}
