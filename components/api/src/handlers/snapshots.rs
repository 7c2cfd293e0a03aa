//! Snapshots: made of sandboxes and of images, listed, switched on and off, removed.

use super::observe;
use super::{Context, builds, create, organizations, random, regions, sandboxes, views, wait};
use crate::contracts::signals;
use crate::contracts::store::{self, JobKind, Organization, Sandbox, Snapshot, Task, TaskResult};
use crate::dto::{
    self, CREATE_DEFAULTS, CreateSnapshot, Launch, Paginated, SNAPSHOT, SandboxSnapshot, SnapshotConfig, SnapshotView,
    TaskBody, Url, job_id, sort_snapshots,
};
use crate::http::{Problem, Reply};
use crate::rules::dockerfile::ImageConfig;
use crate::rules::lifecycle::shown_of;
use crate::rules::preview;
use crate::rules::snapshots::MOST_SNAPSHOTS;
use crate::service::now;

/// How long an answer to a snapshot of a sandbox waits for it to be made.
const PATIENCE: u64 = 30_000;

/// A snapshot of the caller's, by id or name.
pub(super) async fn named(context: Context<'_>) -> Result<Snapshot, Problem> {
    let organization = context.caller.organization.clone();
    Ok(store::get_snapshot(organization, context.params.at(0).to_owned()).await?)
}

/// 403 for the platform's own one, which nobody changes.
fn own(context: Context<'_>) -> Result<(), Problem> {
    if context.params.at(0) == SNAPSHOT {
        return Err(Problem::Forbidden(format!("snapshot {SNAPSHOT} is the platform's own")));
    }
    Ok(())
}

pub(super) async fn list(context: Context<'_>) -> Result<Reply, Problem> {
    let query = &context.call.query;
    let limit = usize::try_from(dto::limit(query)?).unwrap_or(1);
    let page = query.parsed::<usize>("page")?.unwrap_or(1);
    if page == 0 {
        return Err(Problem::BadRequest("page: 0 is not at least 1".to_owned()));
    }
    let mut rows = store::list_snapshots(context.caller.organization.clone()).await?;
    let part = query.get("name").unwrap_or_default().to_ascii_lowercase();
    let source = query.get("sourceSandboxId").filter(|id| !id.is_empty());
    rows.retain(|it| {
        !it.hidden
            && it.name.to_ascii_lowercase().contains(&part)
            && source.is_none_or(|source| it.source_sandbox.as_deref() == Some(source))
    });
    sort_snapshots(&mut rows, query.get("sort"), query.get("order"))?;
    let mut all: Vec<SnapshotView> = rows.iter().map(SnapshotView::new).collect();
    if source.is_none() && SNAPSHOT.contains(&part) {
        let known = regions::known(context).await?;
        // Last: it is there anyway.
        all.push(SnapshotView::general(&known.visible()));
    }
    let cut = Paginated::cut(all, page, limit);
    Reply::ok(&SnapshotPage {
        items: cut.items,
        total: cut.total,
        page: cut.page,
        total_pages: cut.total_pages,
    })
}

/// A page of snapshots.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotPage {
    items: Vec<SnapshotView>,
    total: usize,
    page: usize,
    total_pages: usize,
}

pub(super) async fn get(context: Context<'_>) -> Result<Reply, Problem> {
    if context.params.at(0) == SNAPSHOT {
        let known = regions::known(context).await?;
        return Reply::ok(&SnapshotView::general(&known.visible()));
    }
    Reply::ok(&SnapshotView::new(&named(context).await?))
}

/// From an image or the text of a Dockerfile: built on some runner of the region.
pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let body: CreateSnapshot = context.call.json()?;
    let (build, (cpu, memory_gib, disk_gib)) = body.check()?;
    let organization = organizations::own(context).await?;
    organizations::may_work(&organization, context.call.now)?;
    create::check_size(&organization, cpu, memory_gib, disk_gib)?;
    let known = regions::Known::read(&organization).await?;
    let region = known.resolve(body.region_id.as_deref())?;
    let wanted = builds::Wanted {
        context,
        organization: &organization,
        region: &region,
        name: body.name.clone(),
        hidden: false,
        image_name: body.image_name.clone().filter(|name| !name.is_empty()),
        build: &build,
        entrypoint: body.entrypoint.clone(),
        size: (cpu, memory_gib, disk_gib),
    };
    Reply::ok(&SnapshotView::new(&builds::begin(&wanted).await?))
}

pub(super) async fn delete(context: Context<'_>) -> Result<Reply, Problem> {
    own(context)?;
    let it = named(context).await?;
    let runners = store::delete_snapshot(it.id, context.call.now).await?;
    for runner in runners {
        signals::wake(wait::of_runner(&runner)).await;
    }
    Ok(Reply::empty(200))
}

async fn switch(context: Context<'_>, from: &str, to: &str) -> Result<Snapshot, Problem> {
    own(context)?;
    let it = named(context).await?;
    let wrong = |state: &str| {
        Err(Problem::BadRequest(format!(
            "snapshot {} is {state}; only one that is {from} can become {to}",
            it.name
        )))
    };
    if it.state != from {
        return wrong(&it.state);
    }
    match store::set_snapshot_state(it.id.clone(), from.to_owned(), to.to_owned(), context.call.now).await {
        Ok(it) => Ok(it),
        Err(store::Error::Conflict(_)) => wrong("being changed by somebody else"),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn activate(context: Context<'_>) -> Result<Reply, Problem> {
    Reply::ok(&SnapshotView::new(&switch(context, "inactive", "active").await?))
}

pub(super) async fn deactivate(context: Context<'_>) -> Result<Reply, Problem> {
    switch(context, "active", "inactive").await?;
    Ok(Reply::empty(204))
}

/// Where the log of a build is read: at the front, which keeps it.
pub(super) fn logs(context: Context<'_>, snapshot: &str) -> Result<Reply, Problem> {
    let front = preview::front(&context.settings.toolbox_proxy_url);
    Reply::ok(&Url {
        url: format!("{front}/snapshots/{snapshot}/build-logs"),
    })
}

pub(super) async fn build_logs(context: Context<'_>) -> Result<Reply, Problem> {
    let it = named(context).await?;
    if it.build_info.is_none() {
        return Err(Problem::BadRequest(format!("snapshot {} was not built", it.name)));
    }
    logs(context, &it.id)
}

pub(super) async fn sandbox_build_logs(context: Context<'_>) -> Result<Reply, Problem> {
    let it = sandboxes::named(context).await?;
    match &it.build {
        Some(build) => logs(context, build),
        None => Err(Problem::BadRequest(format!("sandbox {} was not built", it.name))),
    }
}

/// Of a sandbox, as its files are now. The answer waits until it is made; the sandbox is `snapshotting` until then.
pub(super) async fn of_sandbox(context: Context<'_>) -> Result<Reply, Problem> {
    let body: SandboxSnapshot = context.call.json()?;
    body.check()?;
    let it = sandboxes::named(context).await?;
    let state = shown_of(&it);
    let (true, Some(runner)) = (["started", "stopped"].contains(&state), it.runner.clone()) else {
        return Err(Problem::Conflict(format!(
            "sandbox {} is {state}; a snapshot can be made of a started or stopped one",
            it.name
        )));
    };
    let organization = organizations::own(context).await?;
    organizations::may_work(&organization, context.call.now)?;
    let config = passed_on(&it).await?;
    let wanted = of(context, &organization, &it, body.name, &runner, &config)?;
    let key = wait::of_sandbox(&it.id);
    let mut seen = signals::current(key.clone()).await;
    let task = task(&wanted, JobKind::SnapshotSandbox, &runner, Some(&it.id));
    let made = match store::create_snapshot(wanted, Some(task), MOST_SNAPSHOTS).await {
        Ok(made) => made,
        Err(error) => return Err(refused(error)),
    };
    signals::wake(wait::of_runner(&runner)).await;
    signals::wake(wait::of_organization(&it.organization)).await;
    let deadline = now().saturating_add(PATIENCE);
    loop {
        seen = signals::wait(key.clone(), seen, deadline).await;
        let fresh = store::get_snapshot(String::new(), made.id.clone()).await?;
        if fresh.state == "error" {
            return Err(Problem::BadRequest(format!(
                "snapshot {} could not be made: {}",
                fresh.name,
                fresh.error_reason.as_deref().unwrap_or("unknown reason")
            )));
        }
        if fresh.state != "snapshotting" || now() >= deadline {
            let it = store::get_sandbox(it.organization, it.id).await?;
            return views::one(context, &it).await;
        }
    }
}

/// As documented, a snapshot of a sandbox beyond the quota is 403.
fn refused(error: store::Error) -> Problem {
    match error {
        store::Error::OverQuota(_) => Problem::Forbidden(format!(
            "the organization has {MOST_SNAPSHOTS} snapshots, which is all that it may have; delete one first"
        )),
        store::Error::Taken(name) => Problem::Conflict(format!("a snapshot named {name} exists already")),
        other => other.into(),
    }
}

/// What a snapshot of a sandbox says about those made of it: what the sandbox's own image said. Variables that only
/// this sandbox was given may be secrets, and are not passed on.
async fn passed_on(it: &Sandbox) -> Result<ImageConfig, Problem> {
    let image = it.build.clone().unwrap_or_else(|| it.snapshot.clone());
    let mut config = match store::get_snapshot(it.organization.clone(), image).await {
        Ok(found) => SnapshotConfig::of(&found),
        Err(store::Error::NotFound(_)) => ImageConfig::default(),
        Err(error) => return Err(error.into()),
    };
    let launch = Launch::of(it);
    // The image of before may be gone, or be another one of its name by now.
    if config.launch() != launch {
        config.workdir = launch.work_dir;
        config.entrypoint = launch.command;
        config.cmd.clear();
    }
    config.user = Some(it.user.clone()).filter(|user| user != CREATE_DEFAULTS.user);
    Ok(config)
}

fn of(
    context: Context<'_>,
    organization: &Organization,
    it: &Sandbox,
    name: String,
    runner: &str,
    config: &ImageConfig,
) -> Result<Snapshot, Problem> {
    let now = context.call.now;
    Ok(Snapshot {
        id: random::id()?,
        organization: organization.id.clone(),
        name,
        region: it.region.clone(),
        hidden: false,
        state: "snapshotting".to_owned(),
        image_name: None,
        build_info: None,
        config: serde_json::to_string(config).map_err(|error| Problem::Internal(error.to_string()))?,
        cpu: it.cpu,
        memory_gib: it.memory_gib,
        disk_gib: it.disk_gib,
        size_bytes: None,
        manifest: None,
        error_reason: None,
        source_sandbox: Some(it.id.clone()),
        runner: Some(runner.to_owned()),
        state_since: now,
        created: now,
        updated: now,
        last_used: None,
    })
}

/// The task that makes a snapshot of a sandbox.
fn task(it: &Snapshot, kind: JobKind, runner: &str, sandbox: Option<&str>) -> Task {
    let payload = serde_json::json!({
        "snapshotId": it.id, "sandboxId": sandbox, "name": it.name, "organizationId": it.organization,
    });
    Task {
        id: job_id(&it.id, it.created, kind),
        kind,
        subject: it.id.clone(),
        runner: runner.to_owned(),
        sandbox: sandbox.map(str::to_owned),
        payload: payload.to_string(),
        created: it.created,
    }
}

/// A runner says how a task has ended.
pub(super) async fn end(context: Context<'_>, process: u64) -> Result<Reply, Problem> {
    let id = context.params.at(0).to_owned();
    let (made, failure) = context.call.json::<TaskBody>()?.outcome()?;
    let runner = context.caller.subject.clone();
    finish(context, runner, process, id, made, failure).await?;
    Reply::ok(&serde_json::json!({}))
}

/// Ends a task, and lets everybody know whom it concerns. Gives whether there was one.
pub(super) async fn finish(
    context: Context<'_>,
    runner: String,
    process: u64,
    id: String,
    made: Option<TaskResult>,
    failure: Option<String>,
) -> Result<(), Problem> {
    let result = if failure.is_some() { "failed" } else { "completed" };
    let kind = dto::read_job_id(&id).map_or("", |(_, _, kind, _)| kind);
    observe::count("sandbar_jobs_total", &[("type", kind), ("result", result)]);
    let ended = store::end_task(runner, process, id, made, failure, context.call.now).await?;
    if let Some(sandbox) = &ended.sandbox {
        signals::wake(wait::of_sandbox(&sandbox.id)).await;
        signals::wake(wait::of_organization(&sandbox.organization)).await;
        if sandbox.runner.is_none() {
            // Archived: what its runner still has is disowned at its next report.
            observe::count("sandbar_archived_total", &[]);
        }
    }
    if let Some(snapshot) = &ended.snapshot {
        if let Some(runner) = &snapshot.runner {
            // There may be something to remove.
            signals::wake(wait::of_runner(runner)).await;
        }
        if kind == "BUILD_SNAPSHOT" {
            builds::settle(context).await?;
        }
    }
    Ok(())
}
