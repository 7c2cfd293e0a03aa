//! What time brings about. Called once a second by any number of fronts; one of them at a time does the work, under a
//! lease. Every step can be repeated: if no tick runs, things happen late, never wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::auth::Front;
use super::{Context, backups, builds, intents, observe, random, snapshots, wait};
use crate::contracts::scheduler::{self, Verdict};
use crate::contracts::store::{self, Candidate, DueQuery, Finding, JobKind, Region, Sandbox, Task};
use crate::dto::{Ticked, narrow, verdict_name};
use crate::http::{Problem, Reply};
use crate::rules::due::{self, DEADLINES, Due, RunnerFacts, TASK_DEADLINES};

/// For how long the work may be one's own. A tick takes milliseconds; of one that dies the next takes over after this.
const LEASE: u64 = 5_000;
/// The next tick begins no sooner than this after the last one, however many fronts ask.
const APART: u64 = 400;
/// Sandboxes of one tick; the rest waits for the next.
const SANDBOXES: u32 = 500;
/// Runners of a page.
const PAGE: u32 = 256;

/// Who this instance is, for the lease.
static HOLDER: OnceLock<String> = OnceLock::new();

fn holder() -> Result<String, Problem> {
    match HOLDER.get() {
        Some(holder) => Ok(holder.clone()),
        None => {
            let fresh = random::id()?;
            Ok(HOLDER.get_or_init(|| fresh).clone())
        }
    }
}

pub(super) async fn tick(context: Context<'_>) -> Result<Reply, Problem> {
    if context.caller.front != Some(Front::Plane) {
        return Err(Problem::Forbidden("ticks are for the plane's own front".to_owned()));
    }
    let now = context.call.now;
    if !store::take_lease("tick".to_owned(), holder()?, now, now + LEASE).await? {
        return Reply::ok(&Ticked { acted: 0, done: false });
    }
    let timer = observe::Timer::start();
    let done = work(context, now).await;
    observe::record("sandbar_tick_seconds", &[], timer.seconds());
    // Given back, also after a failure: the next tick may be another instance's.
    store::take_lease("tick".to_owned(), holder()?, now, now + APART).await?;
    Reply::ok(&Ticked {
        acted: done?,
        done: true,
    })
}

async fn work(context: Context<'_>, now: u64) -> Result<u64, Problem> {
    let fleet = Fleet::judge(context).await?;
    let mut acted = fleet.changed;
    acted += drain(&fleet, now).await?;
    acted += settle(&fleet, now).await?;
    acted += end_tasks(context, &fleet).await?;
    acted += builds::settle(context).await?;
    Ok(acted)
}

/// The runners as this tick found them.
struct Fleet {
    runners: BTreeMap<String, Judged>,
    /// Verdicts that are new.
    changed: u64,
}

struct Judged {
    /// Lost, and the brake does not hold.
    lost: bool,
    last_report: u64,
    /// Drained, and what is started is to be stopped.
    emptied: bool,
}

impl Fleet {
    /// Judges every region as a whole, and remembers the verdicts that have changed.
    async fn judge(context: Context<'_>) -> Result<Self, Problem> {
        let mut fleet = Self {
            runners: BTreeMap::new(),
            changed: 0,
        };
        let mut custom = Sums::default();
        for region in store::list_regions(None).await? {
            let runners = all(&region.id).await?;
            let sums = fleet.judge_region(context, &region, &runners).await?;
            if region.kind == store::RegionKind::Custom {
                custom.add(&sums);
            } else {
                sums.show(&region.id);
            }
        }
        custom.show("custom");
        Ok(fleet)
    }

    async fn judge_region(
        &mut self,
        context: Context<'_>,
        region: &Region,
        runners: &[Candidate],
    ) -> Result<Sums, Problem> {
        let candidates: Vec<scheduler::Runner> = runners.iter().map(narrow).collect();
        let settings = context.settings;
        let judgement = scheduler::judge(&candidates, context.call.now, settings.hearing_since, settings.limits());
        if judgement.verdicts.len() != runners.len() {
            return Err(Problem::Internal(
                "the scheduler judged another number of runners".to_owned(),
            ));
        }
        let label = observe::region(region);
        let mut sums = Sums::default();
        let mut fresh = Vec::new();
        for (runner, verdict) in runners.iter().zip(&judgement.verdicts) {
            let name = verdict_name(*verdict);
            // A brake that holds lets nobody be called lost: neither acted upon nor written down.
            let held = judgement.braked && *verdict == Verdict::Lost;
            if runner.verdict != name && !held {
                fresh.push((runner.id.clone(), name.to_owned()));
                let from = known_verdict(&runner.verdict);
                observe::count(
                    "sandbar_runner_verdict_changes_total",
                    &[("region", &label), ("from", from), ("to", name)],
                );
            }
            sums.count(runner, name);
            self.runners.insert(
                runner.id.clone(),
                Judged {
                    lost: *verdict == Verdict::Lost && !judgement.braked,
                    last_report: runner.last_report,
                    emptied: runner.draining && runner.drain_started,
                },
            );
        }
        sums.braked = u64::from(judgement.braked);
        self.changed += u64::try_from(fresh.len()).unwrap_or(u64::MAX);
        // In parts: a region that goes silent at once must not hold up the creates of others.
        for part in fresh.chunks(PAGE as usize) {
            store::set_verdicts(part.to_vec(), context.call.now).await?;
        }
        Ok(sums)
    }

    fn facts<'a>(&self, it: &'a Sandbox, names: &'a BTreeMap<String, String>) -> Option<RunnerFacts<'a>> {
        let runner = it.runner.as_ref()?;
        let judged = self.runners.get(runner)?;
        Some(RunnerFacts {
            name: names.get(runner).unwrap_or(runner),
            lost: judged.lost,
            last_report: judged.last_report,
        })
    }
}

/// Names of the lost runners of these sandboxes, for people.
async fn names(fleet: &Fleet, due: &[Sandbox]) -> Result<BTreeMap<String, String>, Problem> {
    let lost = due.iter().filter_map(|it| it.runner.as_ref());
    let lost: BTreeSet<&String> = lost
        .filter(|id| fleet.runners.get(*id).is_some_and(|judged| judged.lost))
        .collect();
    let mut names = BTreeMap::new();
    for id in lost {
        match store::get_runner(id.clone()).await {
            Ok(runner) => names.insert(id.clone(), runner.name),
            // Deleted meanwhile: its id will do.
            Err(store::Error::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
    }
    Ok(names)
}

/// All runners of a region.
async fn all(region: &str) -> Result<Vec<Candidate>, Problem> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = store::region_runners(region.to_owned(), after.clone(), PAGE, String::new()).await?;
        let full = u32::try_from(page.len()).is_ok_and(|seen| seen >= PAGE);
        if let Some(last) = page.last() {
            after.clone_from(&last.id);
        }
        all.extend(page);
        if !full {
            return Ok(all);
        }
    }
}

/// The name of a stored verdict, as a label: one of a few.
fn known_verdict(name: &str) -> &'static str {
    ["initializing", "ready", "unhealthy", "suspect", "disconnected", "lost"]
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("none")
}

/// What a region has, for the gauges.
#[derive(Default)]
struct Sums {
    allocatable: [f64; 3],
    sold: [f64; 3],
    used: [f64; 3],
    verdicts: BTreeMap<&'static str, u64>,
    braked: u64,
}

/// Bytes of a MiB: gauges are in base units.
const MIB: f64 = 1_048_576.0;

impl Sums {
    fn count(&mut self, it: &Candidate, verdict: &'static str) {
        *self.verdicts.entry(verdict).or_insert(0) += 1;
        let whole = [
            it.cpu_milli as f64 / 1_000.0,
            it.memory_mib as f64 * MIB,
            it.disk_mib as f64 * MIB,
        ];
        let sold = [
            it.sold_cpu_milli as f64 / 1_000.0,
            it.sold_memory_mib as f64 * MIB,
            it.sold_disk_mib as f64 * MIB,
        ];
        let percent = [it.cpu_used, it.memory_used, it.disk_used];
        for index in 0..3 {
            self.allocatable[index] += whole[index];
            self.sold[index] += sold[index];
            self.used[index] += whole[index] * percent[index] / 100.0;
        }
    }

    fn add(&mut self, more: &Self) {
        for index in 0..3 {
            self.allocatable[index] += more.allocatable[index];
            self.sold[index] += more.sold[index];
            self.used[index] += more.used[index];
        }
        for (verdict, count) in &more.verdicts {
            *self.verdicts.entry(verdict).or_insert(0) += count;
        }
        self.braked += more.braked;
    }

    fn show(&self, region: &str) {
        let names = ["cpu_cores", "memory_bytes", "disk_bytes"];
        for (index, name) in names.into_iter().enumerate() {
            for (what, values) in [("allocatable", &self.allocatable), ("allocated", &self.sold)] {
                observe::gauge(
                    &format!("sandbar_region_{what}_{name}"),
                    &[("region", region)],
                    values[index],
                );
            }
        }
        // A share: allocatable is not what a machine physically has.
        for (index, name) in ["cpu", "memory", "disk"].into_iter().enumerate() {
            let share = self.used[index] / self.allocatable[index].max(1.0);
            observe::gauge(
                &format!("sandbar_region_used_{name}_ratio"),
                &[("region", region)],
                share,
            );
        }
        // All of them, so that a gauge goes back to 0.
        for verdict in ["initializing", "ready", "unhealthy", "suspect", "disconnected", "lost"] {
            let count = self.verdicts.get(verdict).copied().unwrap_or(0);
            observe::gauge(
                "sandbar_runners",
                &[("region", region), ("verdict", verdict)],
                count as f64,
            );
        }
        observe::gauge("sandbar_region_braked", &[("region", region)], self.braked as f64);
    }
}

/// Stops what is started on runners that are drained so.
async fn drain(fleet: &Fleet, now: u64) -> Result<u64, Problem> {
    let mut acted = 0;
    for (id, judged) in &fleet.runners {
        if !judged.emptied || judged.lost {
            continue;
        }
        for it in store::runner_sandboxes(id.clone()).await? {
            if let Due::Intend(desired, kind) = due::stop(&it)
                && intents::give(&it, desired, kind, None, now).await?.is_some()
            {
                acted += 1;
            }
        }
    }
    Ok(acted)
}

/// Gives up tasks that have taken too long, or whose runner is lost.
async fn end_tasks(context: Context<'_>, fleet: &Fleet) -> Result<u64, Problem> {
    let lost = fleet.runners.iter().filter(|(_, judged)| judged.lost);
    let lost: Vec<String> = lost.map(|(id, _)| id.clone()).collect();
    let now = context.call.now;
    let mut acted = 0;
    for task in store::due_tasks(now, TASK_DEADLINES.to_vec(), lost.clone(), SANDBOXES).await? {
        let is_lost = lost.contains(&task.runner);
        if is_lost && [JobKind::RemoveSnapshot, JobKind::RemoveVolume].contains(&task.kind) && !over(&task, now) {
            // Should it return, it shall remove it.
            continue;
        }
        let reason = if is_lost {
            "its runner was lost"
        } else {
            "its runner did not end it in time"
        };
        let ended = snapshots::finish(context, String::new(), 0, task.id, None, Some(reason.to_owned())).await;
        match ended {
            Ok(()) => acted += 1,
            // Its runner was faster.
            Err(Problem::NotFound(_)) => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(acted)
}

fn over(task: &Task, now: u64) -> bool {
    let most = TASK_DEADLINES.iter().find(|row| row.0 == task.kind);
    most.is_some_and(|(_, most)| now.saturating_sub(task.created) >= *most)
}

/// Carries out what time has brought for sandboxes.
async fn settle(fleet: &Fleet, now: u64) -> Result<u64, Problem> {
    let lost = fleet.runners.iter().filter(|(_, judged)| judged.lost);
    let query = DueQuery {
        now,
        overdue: DEADLINES
            .iter()
            .map(|(desired, most)| ((*desired).to_owned(), *most))
            .collect(),
        lost: lost.map(|(id, _)| id.clone()).collect(),
        limit: SANDBOXES,
    };
    let (mut findings, mut acted) = (Vec::<Finding>::new(), 0);
    let due = store::due_sandboxes(query).await?;
    let names = names(fleet, &due).await?;
    for it in due {
        match due::due(&it, fleet.facts(&it, &names), now) {
            Due::Nothing => {}
            Due::Find(finding) => findings.push(finding),
            Due::Archive => acted += u64::from(backups::begin(&it, true, now).await?.is_some()),
            Due::Intend(desired, kind) => {
                if intents::give(&it, desired, kind, None, now).await?.is_some() {
                    observe::count("sandbar_interval_actions_total", &[("desired", desired)]);
                    acted += 1;
                }
            }
        }
    }
    if findings.is_empty() {
        return Ok(acted);
    }
    let states: BTreeSet<String> = findings.iter().map(|finding| finding.state.clone()).collect();
    for state in &states {
        observe::count("sandbar_findings_total", &[("state", state)]);
    }
    let changed = store::find_out(findings, now).await?;
    wait::found(&changed).await;
    Ok(acted + u64::try_from(changed.len()).unwrap_or(u64::MAX))
}
