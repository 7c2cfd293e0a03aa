//! Creating a sandbox.

use super::fleet::{self, Wanted};
use super::observe::{self, Timer};
use super::{Context, builds, organizations, random, regions, views, volumes, wait};
use crate::contracts::region::{self, Resources};
use crate::contracts::signals;
use crate::contracts::store::{self, JobKind, Organization, Placement, Region, Sandbox, Snapshot, Totals};
use crate::dto::{self, CREATE_DEFAULTS, CreateSandbox, Creation, SNAPSHOT, SnapshotConfig, image, job_id, payload};
use crate::http::{Problem, Reply};
use crate::rules::due;
use crate::service::now;

/// How long an answer waits for the sandbox to be started, as documented.
pub(super) const PATIENCE: u64 = 30_000;
/// Between two looks at whether the chosen runner is still heard of: verdicts turn once a second at most.
const LOOK: u64 = 2_000;
/// Placements tried when others take the chosen runner's room at the same time.
const ATTEMPTS: u32 = 8;

pub(super) async fn create(context: Context<'_>) -> Result<Reply, Problem> {
    let whole = Timer::start();
    let made = attempt(context).await;
    let outcome = match &made {
        Ok((sandbox, _)) => sandbox.state.as_str(),
        Err(Problem::Coded(code, _)) => code.name(),
        Err(problem) if problem.status() < 500 => "refused",
        Err(_) => "failed",
    };
    observe::count("sandbar_creates_total", &[("outcome", outcome)]);
    observe::record("sandbar_create_seconds", &[("outcome", outcome)], whole.seconds());
    let (sandbox, region) = made?;
    views::in_region(context, &sandbox, &region)
}

async fn attempt(context: Context<'_>) -> Result<(Sandbox, Region), Problem> {
    let mut phase = Timer::start();
    let mut lap = |name: &str| observe::record("sandbar_create_phase_seconds", &[("phase", name)], phase.lap());

    let creation = context.call.json::<CreateSandbox>()?.check()?;
    let organization = organizations::own(context).await?;
    organizations::may_work(&organization, context.call.now)?;
    lap("authenticate");

    let known = regions::Known::read(&organization).await?;
    let region = known.resolve(creation.target.as_deref())?;
    let source = source(context, &organization, &region, &creation).await?;
    let (cpu, memory_gib, disk_gib) = size(&creation, source.as_ref());
    check_size(&organization, cpu, memory_gib, disk_gib)?;
    let (mounts, only) = volumes::resolve(context, &region, &creation.volumes).await?;
    lap("resolve");

    let mut wanted = Sandbox {
        cpu,
        memory_gib,
        disk_gib,
        volumes: serde_json::to_string(&mounts).map_err(|error| Problem::Internal(error.to_string()))?,
        ..record(context.call.now, &organization, &region, &creation)?
    };
    if let Some(source) = &source {
        made_of(&mut wanted, source, &creation)?;
    }
    let start = Birth {
        context,
        organization: &organization,
        region: &region,
        totals: known.totals(&organization, &region)?,
        only,
    };
    let sandbox = if wanted.build.is_some() && wanted.image.is_none() {
        start.wait_for_build(wanted).await?
    } else {
        start.bear(wanted).await?
    };
    lap("place");
    Ok((sandbox, region))
}

/// The snapshot that a sandbox is to be made of; none for the platform's own. A build that is not done yet is one, too.
async fn source(
    context: Context<'_>,
    organization: &Organization,
    region: &Region,
    creation: &Creation,
) -> Result<Option<Snapshot>, Problem> {
    if let Some(build) = &creation.build {
        let size = size(creation, None);
        check_size(organization, size.0, size.1, size.2)?;
        let wanted = builds::Wanted {
            context,
            organization,
            region,
            name: builds::reference(build, &region.id),
            hidden: true,
            image_name: None,
            build,
            entrypoint: None,
            size,
        };
        return builds::for_create(&wanted).await.map(Some);
    }
    let Some(name) = creation.snapshot.as_deref().filter(|name| *name != SNAPSHOT) else {
        return Ok(None);
    };
    let bad = |text: String| Err(Problem::BadRequest(text));
    let found = match store::get_snapshot(organization.id.clone(), name.to_owned()).await {
        Ok(found) => found,
        Err(store::Error::NotFound(_)) => {
            return bad(format!(
                "snapshot {name} not found; the one that everybody has is {SNAPSHOT}"
            ));
        }
        Err(error) => return Err(error.into()),
    };
    if found.region != region.id {
        return bad(format!(
            "snapshot {name} is in region {}, not in {}; set target to it",
            found.region, region.id
        ));
    }
    if found.state != "active" || found.manifest.is_none() {
        let reason = found
            .error_reason
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        return bad(format!("snapshot {name} is {}, not active{reason}", found.state));
    }
    Ok(Some(found))
}

/// Whole CPUs, GiB, GiB: as asked for, else as the snapshot says, else the defaults. A build is made for its create.
fn size(creation: &Creation, source: Option<&Snapshot>) -> (u32, u32, u32) {
    let source = source.filter(|source| !source.hidden);
    let of = |asked: Option<u32>, own: fn(&Snapshot) -> u32, default: u32| asked.unwrap_or(source.map_or(default, own));
    (
        of(creation.cpu, |it| it.cpu, CREATE_DEFAULTS.cpu),
        of(creation.memory_gib, |it| it.memory_gib, CREATE_DEFAULTS.memory_gib),
        of(creation.disk_gib, |it| it.disk_gib, CREATE_DEFAULTS.disk_gib),
    )
}

/// What a sandbox takes over from its snapshot.
fn made_of(wanted: &mut Sandbox, source: &Snapshot, creation: &Creation) -> Result<(), Problem> {
    wanted.snapshot.clone_from(&source.name);
    let internal = |error: serde_json::Error| Problem::Internal(error.to_string());
    let mut config = SnapshotConfig::of(source);
    config.env.extend(creation.env.clone());
    wanted.env = serde_json::to_string(&config.env).map_err(internal)?;
    wanted.launch = serde_json::to_string(&config.launch()).map_err(internal)?;
    if let Some(user) = config.user.filter(|_| creation.user.is_none()) {
        wanted.user = user;
    }
    if let Some(manifest) = source.manifest.as_ref().filter(|_| source.state == "active") {
        wanted.image = Some(image(&source.id, manifest));
    }
    if let Some(build) = &creation.build {
        wanted.build = Some(source.id.clone());
        wanted.build_info = Some(builds::info(build, &source.region, wanted.created)?);
    }
    Ok(())
}

/// The runner where a sandbox's volumes are; only there it can live.
pub(super) async fn home(it: &Sandbox) -> Result<Option<String>, Problem> {
    for mount in dto::mounts(it) {
        let volume = store::get_volume(it.organization.clone(), mount.id).await?;
        if volume.runner.is_some() {
            return Ok(volume.runner);
        }
    }
    Ok(None)
}

/// Per-sandbox limits hold everywhere.
pub(super) fn check_size(it: &Organization, cpu: u32, memory_gib: u32, disk_gib: u32) -> Result<(), Problem> {
    let asked = Resources {
        cpu,
        memory_gib,
        disk_gib,
    };
    let most = Resources {
        cpu: it.max_cpu,
        memory_gib: it.max_memory_gib,
        disk_gib: it.max_disk_gib,
    };
    Ok(region::check_resources(asked, most)?)
}

/// How a new sandbox comes to be.
pub(super) struct Birth<'a> {
    pub(super) context: Context<'a>,
    pub(super) organization: &'a Organization,
    pub(super) region: &'a Region,
    /// The totals to hold there.
    pub(super) totals: Option<Totals>,
    /// The one runner that will do.
    pub(super) only: Option<String>,
}

impl Birth<'_> {
    /// Places a sandbox and waits until it is started. What fails on one runner is tried once more on another; what fails
    /// again gives its capacity back.
    pub(super) async fn bear(&self, wanted: Sandbox) -> Result<Sandbox, Problem> {
        // Read before the commit, so that the runner's answer cannot be missed.
        let key = wait::of_sandbox(&wanted.id);
        let seen = signals::current(key.clone()).await;
        let made = self.place(&wanted).await?;
        let begun = now();
        let silent = self.unless_silent(&made, seen).await?;
        let is_silent = silent.is_some();
        let left = (begun + PATIENCE).saturating_sub(now());
        let first = match silent {
            Some(silent) => silent,
            None => self.settle(&made, seen, left).await?,
        };
        if first.state != "error" && !is_silent {
            return Ok(first);
        }
        let seen = signals::current(key).await;
        let last = match self.elsewhere(&first, made.runner.clone()).await? {
            Some(again) => {
                observe::count("sandbar_create_retries_total", &[]);
                self.settle(&again, seen, PATIENCE).await?
            }
            None if is_silent => self.settle(&first, seen, left).await?,
            None => first,
        };
        if last.state != "error" {
            return Ok(last);
        }
        self.give_up(&last).await?;
        let reason = last.error_reason.as_deref().unwrap_or("unknown reason");
        Err(Problem::BadRequest(format!(
            "sandbox {} could not be started: {reason}",
            last.name
        )))
    }

    /// Waits for the runner as long as it is heard of; gives the sandbox as it is when its runner has gone silent before it
    /// has said anything, so that another may be tried long before the answer's patience is over.
    async fn unless_silent(&self, made: &Sandbox, seen: u64) -> Result<Option<Sandbox>, Problem> {
        wait::intended(made).await;
        let (Some(runner), true) = (&made.runner, self.only.is_none()) else {
            return Ok(None);
        };
        let deadline = now().saturating_add(PATIENCE);
        while now() + LOOK < deadline {
            match wait::settled(made, seen, LOOK).await? {
                // It is gone, or has arrived: the one who waits for it sees the same at once.
                None => return Ok(None),
                Some(it) if it.state != "creating" || it.generation != made.generation => return Ok(None),
                Some(it) => {
                    let verdict = store::get_runner(runner.clone()).await?.verdict;
                    if ["suspect", "disconnected", "lost"].contains(&verdict.as_str()) {
                        observe::count("sandbar_create_silent_runners_total", &[]);
                        return Ok(Some(it));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Notes a sandbox that waits for its build: it takes of the quota, but no runner's room yet.
    async fn wait_for_build(&self, wanted: Sandbox) -> Result<Sandbox, Problem> {
        let wanted = Sandbox {
            state: "pending_build".to_owned(),
            ..wanted
        };
        let nowhere = Placement {
            runner: String::new(),
            job_id: String::new(),
            payload: String::new(),
            totals: self.totals,
            decision: "{}".to_owned(),
        };
        match store::create_sandbox(wanted, nowhere).await {
            Ok(made) => {
                wait::intended(&made).await;
                // It may be done by now.
                builds::settle(self.context).await?;
                Ok(made)
            }
            Err(store::Error::Taken(name)) => Err(Problem::Conflict(format!("a sandbox named {name} exists already"))),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a sandbox that is nowhere, or whose files are given up, a runner to be made on from `image`; none if somebody
    /// was faster. Does not wait for it.
    pub(super) async fn again(
        &self,
        it: &Sandbox,
        state: &str,
        image: String,
        avoid: Vec<String>,
    ) -> Result<Option<Sandbox>, Problem> {
        let next = Sandbox {
            image: Some(image.clone()),
            state: state.to_owned(),
            desired: "started".to_owned(),
            // Whatever it was forked from: its files come from the image.
            parent: None,
            generation: it.generation + 1,
            ..it.clone()
        };
        for _ in 0..ATTEMPTS {
            let placement = self.placement(&next, avoid.clone()).await?;
            let (id, now) = (it.id.clone(), self.context.call.now);
            let placed = store::place_sandbox(id, it.generation, state.to_owned(), image.clone(), placement, now).await;
            match placed {
                Ok(placed) => return Ok(Some(placed)),
                Err(store::Error::Conflict(_)) => {
                    let fresh = store::get_sandbox(it.organization.clone(), it.id.clone()).await?;
                    if fresh.generation != it.generation {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    pub(super) async fn settle(&self, made: &Sandbox, seen: u64, patience: u64) -> Result<Sandbox, Problem> {
        wait::intended(made).await;
        let timer = Timer::start();
        let settled = wait::settled(made, seen, patience).await?;
        let sandbox = settled.ok_or_else(|| {
            Problem::Conflict(format!("sandbox {} was deleted while it was being created", made.name))
        })?;
        observe::job("CREATE_SANDBOX", &sandbox.state, timer.seconds());
        Ok(sandbox)
    }

    /// Chooses and commits, again if somebody was faster.
    async fn place(&self, wanted: &Sandbox) -> Result<Sandbox, Problem> {
        for _ in 0..ATTEMPTS {
            let placement = self.placement(wanted, Vec::new()).await?;
            match store::create_sandbox(wanted.clone(), placement).await {
                Ok(made) => return Ok(made),
                Err(store::Error::Conflict(_)) => {
                    let kind = observe::region(self.region);
                    observe::count("sandbar_placement_conflicts_total", &[("region", &kind)]);
                }
                Err(store::Error::Taken(name)) => {
                    return Err(Problem::Conflict(format!("a sandbox named {name} exists already")));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Problem::Unavailable(format!(
            "region {} is busy: {ATTEMPTS} placements in a row were overtaken by others; try again",
            self.region.name
        )))
    }

    async fn placement(&self, sandbox: &Sandbox, avoid: Vec<String>) -> Result<Placement, Problem> {
        let place = fleet::choose(
            self.context,
            &Wanted {
                organization: self.organization,
                region: self.region,
                sandbox,
                avoid,
                only: self.only.clone(),
            },
        )
        .await?;
        Ok(Placement {
            runner: place.runner,
            job_id: job_id(&sandbox.id, sandbox.generation, JobKind::CreateSandbox),
            payload: payload(sandbox, sandbox.generation),
            totals: self.totals,
            decision: place.facts,
        })
    }

    /// Gives a sandbox that has just failed on `runner` (of a lost one it does not tell itself) to another runner; none if there is no other, or it is no longer wanted.
    async fn elsewhere(&self, failed: &Sandbox, runner: Option<String>) -> Result<Option<Sandbox>, Problem> {
        let Some(first) = runner.filter(|_| self.only.is_none()) else {
            return Ok(None);
        };
        let next = Sandbox {
            generation: failed.generation + 1,
            ..failed.clone()
        };
        for _ in 0..ATTEMPTS {
            let placement = match self.placement(&next, vec![first.clone()]).await {
                Ok(placement) => placement,
                Err(Problem::Coded(..)) => return Ok(None),
                Err(problem) => return Err(problem),
            };
            let id = failed.id.clone();
            match store::replace_runner(id, failed.generation, placement, self.context.call.now).await {
                Ok(again) => return Ok(Some(again)),
                Err(store::Error::Conflict(_)) => {
                    let fresh = store::get_sandbox(failed.organization.clone(), failed.id.clone()).await?;
                    if fresh.generation != failed.generation {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// What was never started holds nothing, and what its runner has of it is disowned.
    async fn give_up(&self, failed: &Sandbox) -> Result<(), Problem> {
        if let due::Due::Find(finding) = due::give_up(failed, "error", failed.error_reason.clone()) {
            let changed = store::find_out(vec![finding], self.context.call.now).await?;
            wait::found(&changed).await;
        }
        Ok(())
    }
}

/// A sandbox of nobody's wishes: to ask where there is room.
pub(super) fn blank(now: u64, organization: &Organization, region: &Region) -> Result<Sandbox, Problem> {
    record(now, organization, region, &CreateSandbox::default().check()?)
}

fn record(now: u64, organization: &Organization, region: &Region, creation: &Creation) -> Result<Sandbox, Problem> {
    let json = |map| serde_json::to_string(map).map_err(|error| Problem::Internal(error.to_string()));
    let id = random::id()?;
    Ok(Sandbox {
        organization: organization.id.clone(),
        name: creation.name.clone().unwrap_or_else(|| id.clone()),
        id,
        region: region.id.clone(),
        runner: None,
        snapshot: SNAPSHOT.to_owned(),
        user: creation.user.clone().unwrap_or_else(|| CREATE_DEFAULTS.user.to_owned()),
        env: json(&creation.env)?,
        labels: json(&creation.labels)?,
        public: creation.public,
        network_block_all: creation.network_block_all,
        network_allow_list: creation.network_allow_list.clone(),
        domain_allow_list: creation.domain_allow_list.clone(),
        cpu: creation.cpu.unwrap_or(CREATE_DEFAULTS.cpu),
        memory_gib: creation.memory_gib.unwrap_or(CREATE_DEFAULTS.memory_gib),
        disk_gib: creation.disk_gib.unwrap_or(CREATE_DEFAULTS.disk_gib),
        auto_stop: creation.auto_stop,
        auto_delete: creation.auto_delete,
        auto_archive: creation.auto_archive,
        state: "creating".to_owned(),
        desired: "started".to_owned(),
        generation: 1,
        error_reason: None,
        recoverable: false,
        state_since: now,
        parent: None,
        image: None,
        volumes: "[]".to_owned(),
        build_info: None,
        build: None,
        launch: "{}".to_owned(),
        backup_state: "None".to_owned(),
        backup_manifest: None,
        backup_created: None,
        doing: String::new(),
        auth_token: random::token()?,
        created: now,
        updated: now,
        last_activity: now,
        change: 0,
    })
}
