//! Creating a sandbox.

use super::observe::{self, Timer};
use super::{Context, auth, fleet, random, regions, wait};
use crate::contracts::region::{self, Resources};
use crate::contracts::signals;
use crate::contracts::store::{self, JobKind, Organization, Sandbox};
use crate::dto::{CreateSandbox, Creation, SandboxView, job_id, payload};
use crate::http::{Problem, Reply};
use crate::rules::permissions;

/// How long an answer waits for the sandbox to be started, as documented.
const PATIENCE: u64 = 30_000;
/// Placements tried when others take the chosen runner's room at the same time.
const ATTEMPTS: u32 = 8;

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let whole = Timer::start();
    let mut phase = Timer::start();
    let mut lap = |name: &str| observe::record("sandbar_create_phase_seconds", &[("phase", name)], phase.lap());

    let user = auth::user_who(context, permissions::WRITE_SANDBOXES).await?;
    let creation = context.call.json::<CreateSandbox>()?.check()?;
    lap("authenticate");

    let organization = store::get_organization(user.organization).await?;
    let region = resolve(&organization, &creation).await?;
    lap("resolve");

    let id = random::id()?;
    // Read before the commit, so that the runner's answer cannot be missed.
    let seen = signals::current(wait::of_sandbox(&id)).await;
    let made = place(context, &organization, region, id, &creation).await?;
    lap("commit");

    wait::intended(&made).await;
    let settled = wait::settled(&made, seen, PATIENCE).await?;
    lap("start");
    let Some(sandbox) = settled else {
        return Err(Problem::Conflict(format!(
            "sandbox {} was deleted while it was being created",
            made.name
        )));
    };
    observe::record("sandbar_create_seconds", &[("state", &sandbox.state)], whole.seconds());
    if sandbox.state == "error" {
        let reason = sandbox.error_reason.as_deref().unwrap_or("unknown reason");
        return Err(Problem::BadRequest(format!(
            "sandbox {} could not be started: {reason}",
            sandbox.name
        )));
    }
    Reply::ok(&SandboxView::new(&sandbox, &context.settings.toolbox_proxy_url))
}

/// The region that the target means, for a sandbox of a size that the organization may have.
async fn resolve(organization: &Organization, creation: &Creation) -> Result<String, Problem> {
    let caller = regions::caller(organization);
    let known = store::list_regions(organization.id.clone()).await?;
    let known: Vec<region::Region> = known.iter().map(regions::fact).collect();
    let region = region::resolve_target(&caller, creation.target.as_deref(), &known)?;
    let asked = Resources {
        cpu: creation.cpu,
        memory_gib: creation.memory_gib,
        disk_gib: creation.disk_gib,
    };
    let most = Resources {
        cpu: organization.max_cpu,
        memory_gib: organization.max_memory_gib,
        disk_gib: organization.max_disk_gib,
    };
    region::check_resources(asked, most)?;
    Ok(region)
}

/// Chooses and commits, again if somebody was faster.
async fn place(
    context: Context<'_>,
    organization: &Organization,
    region: String,
    id: String,
    creation: &Creation,
) -> Result<Sandbox, Problem> {
    let need = fleet::need(creation);
    let wanted = record(context.call.now, organization, &region, id, creation)?;
    let job = job_id(&wanted.id, wanted.generation, JobKind::CreateSandbox);
    let details = payload(&wanted, wanted.generation);
    for _ in 0..ATTEMPTS {
        let runner = fleet::choose(context.settings, &region, need).await?;
        match store::create_sandbox(wanted.clone(), runner, job.clone(), details.clone()).await {
            Ok(made) => return Ok(made),
            Err(store::Error::Conflict(_)) => {
                observe::count("sandbar_placement_conflicts_total", &[("region", &region)]);
            }
            Err(store::Error::Taken(name)) => {
                return Err(Problem::Conflict(format!("a sandbox named {name} exists already")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::Unavailable(format!(
        "region {region} is busy: {ATTEMPTS} placements in a row were overtaken by others; try again"
    )))
}

fn record(
    now: u64,
    organization: &Organization,
    region: &str,
    id: String,
    creation: &Creation,
) -> Result<Sandbox, Problem> {
    let json = |map| serde_json::to_string(map).map_err(|error| Problem::Internal(error.to_string()));
    Ok(Sandbox {
        organization: organization.id.clone(),
        name: creation.name.clone().unwrap_or_else(|| id.clone()),
        id,
        region: region.to_owned(),
        runner: None,
        snapshot: creation.snapshot.clone(),
        user: creation.user.clone(),
        env: json(&creation.env)?,
        labels: json(&creation.labels)?,
        public: creation.public,
        network_block_all: creation.network_block_all,
        network_allow_list: creation.network_allow_list.clone(),
        domain_allow_list: creation.domain_allow_list.clone(),
        cpu: creation.cpu,
        memory_gib: creation.memory_gib,
        disk_gib: creation.disk_gib,
        auto_stop: creation.auto_stop,
        auto_delete: creation.auto_delete,
        auto_archive: creation.auto_archive,
        state: "creating".to_owned(),
        desired: "started".to_owned(),
        generation: 1,
        error_reason: None,
        recoverable: false,
        auth_token: random::token()?,
        created: now,
        updated: now,
        last_activity: now,
        change: 0,
    })
}
