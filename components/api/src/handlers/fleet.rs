//! Where a sandbox goes, and what the scheduler thinks of a runner.

use super::observe::{self, Timer};
use super::settings::Settings;
use super::{Context, random, regions};
use crate::contracts::scheduler::{self, Amounts, Refusal, Request};
use crate::contracts::store::{self, Organization, Region, Runner, Sandbox};
use crate::dto::{Facts, RunnerHealth, SNAPSHOT, asked, candidate, narrow};
use crate::http::{Code, Problem};
use crate::rules::refusal;
use crate::service::now;

/// Runners looked at for one placement: enough to find a good one, few enough to read at once.
const WINDOW: u32 = 32;
/// Runners of a page, where the window has none that fits and the whole region is looked at.
const PAGE: u32 = 256;
/// Pages looked at in one placement: a region of 100,000 runners.
const PAGES: u32 = 400;

/// The need of a sandbox in the units of the scheduler.
pub(super) fn need(it: &Sandbox) -> Amounts {
    Amounts {
        cpu_milli: u64::from(it.cpu) * 1_000,
        memory_mib: u64::from(it.memory_gib) * 1_024,
        disk_mib: u64::from(it.disk_gib) * 1_024,
    }
}

/// A sandbox that seeks its place.
pub(super) struct Wanted<'a> {
    pub(super) organization: &'a Organization,
    pub(super) region: &'a Region,
    pub(super) sandbox: &'a Sandbox,
    /// Runners on which it has just failed.
    pub(super) avoid: Vec<String>,
    /// The one runner that will do, because the parent's files are there.
    pub(super) only: Option<String>,
}

/// A place, and how it was found.
pub(super) struct Place {
    pub(super) runner: String,
    /// For the journal.
    pub(super) facts: String,
}

/// One question to the scheduler.
struct Question<'a> {
    request: Request,
    snapshot: &'a str,
    widened: bool,
}

impl Question<'_> {
    fn ask(&self, candidates: Vec<scheduler::Runner>) -> (Result<scheduler::Choice, Refusal>, Vec<scheduler::Runner>) {
        let timer = Timer::start();
        let answer = scheduler::place(&self.request, &candidates);
        observe::record("sandbar_placement_seconds", &[], timer.seconds());
        observe::record("sandbar_placement_candidates", &[], candidates.len() as f64);
        (answer, candidates)
    }

    fn facts(&self, candidates: &[scheduler::Runner], answer: &Result<scheduler::Choice, Refusal>) -> String {
        Facts::new(&self.request, candidates, self.widened, answer.as_ref()).text()
    }
}

/// Chooses a runner: among a window of the region's, and only if none of these will do, among all. 400 with the filter
/// that left nobody, and where there is room.
pub(super) async fn choose(context: Context<'_>, wanted: &Wanted<'_>) -> Result<Place, Problem> {
    let seed = random::seed()?;
    let region = &wanted.region.id;
    let fleet = &context.settings.fleet;
    let mut question = Question {
        request: Request {
            need: need(wanted.sandbox),
            now: now(),
            hearing_since: context.settings.hearing_since,
            limits: context.settings.limits(),
            seed,
            least_score: u32::try_from(fleet.least_score).unwrap_or(100),
            policy: wanted.region.policy.clone(),
            avoid: wanted.avoid.clone(),
        },
        // Any runner fetches what it does not have: only the platform's own layers are asked about.
        snapshot: if wanted.sandbox.image.is_some() {
            SNAPSHOT
        } else {
            &wanted.sandbox.snapshot
        },
        widened: false,
    };
    let window: Vec<scheduler::Runner> = match &wanted.only {
        Some(runner) => vec![candidate(&store::get_runner(runner.clone()).await?, question.snapshot)],
        None => {
            let asked = asked(question.snapshot).to_owned();
            let found = store::placement_window(region.clone(), seed, WINDOW, asked).await?;
            found.iter().map(narrow).collect()
        }
    };
    let whole = wanted.only.is_some() || u32::try_from(window.len()).is_ok_and(|seen| seen < WINDOW);
    let (mut answer, mut candidates) = question.ask(window);
    if answer.is_err() && !whole {
        question.widened = true;
        (answer, candidates) = widely(&question, region).await?;
    }
    let facts = question.facts(&candidates, &answer);
    let kind = observe::region(wanted.region);
    match answer {
        Ok(choice) => {
            observe::count("sandbar_placements_total", &[("region", &kind)]);
            Ok(Place {
                runner: choice.runner,
                facts,
            })
        }
        Err(refused) => {
            let filter = refusal::filter(&refused).name();
            observe::count(
                "sandbar_placement_refusals_total",
                &[("region", &kind), ("filter", filter)],
            );
            let organization = wanted.organization.id.clone();
            store::record_refusal(organization, region.clone(), facts, context.call.now).await?;
            let room = room(wanted, question.request.need).await?;
            let text = refusal::words(&wanted.region.name, &refused, &room);
            Err(Problem::Coded(Code::NoRunner, text))
        }
    }
}

/// Every runner of the region, page by page, until one will do. The journal gets the page that decided, or the last.
async fn widely(
    question: &Question<'_>,
    region: &str,
) -> Result<(Result<scheduler::Choice, Refusal>, Vec<scheduler::Runner>), Problem> {
    let (mut after, mut sum) = (String::new(), None::<Refusal>);
    let mut last = Vec::new();
    for _ in 0..PAGES {
        let page = store::region_runners(
            region.to_owned(),
            after.clone(),
            PAGE,
            asked(question.snapshot).to_owned(),
        )
        .await?;
        let Some(end) = page.last() else { break };
        after.clone_from(&end.id);
        let full = u32::try_from(page.len()).is_ok_and(|seen| seen >= PAGE);
        let (answer, candidates) = question.ask(page.iter().map(narrow).collect());
        match answer {
            Ok(choice) => return Ok((Ok(choice), candidates)),
            Err(more) => match &mut sum {
                Some(sum) => refusal::add(sum, &more),
                None => sum = Some(more),
            },
        }
        last = candidates;
        if !full {
            break;
        }
    }
    let sum = sum.unwrap_or_else(|| Refusal {
        considered: 0,
        unschedulable: 0,
        not_ready: 0,
        too_full: 0,
        too_busy: 0,
        no_snapshot: 0,
        avoided: 0,
        reason: "the region has no runners".to_owned(),
    });
    Ok((Err(sum), last))
}

/// Names of the caller's other regions that have room.
async fn room(wanted: &Wanted<'_>, need: Amounts) -> Result<Vec<String>, Problem> {
    let known = regions::Known::read(wanted.organization).await?;
    let others: Vec<&Region> = known
        .visible()
        .into_iter()
        .filter(|it| it.id != wanted.region.id)
        .collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let ids = others.iter().map(|it| it.id.clone()).collect();
    let with = store::regions_with_room(ids, need.cpu_milli, need.memory_mib, need.disk_mib).await?;
    let names = others.iter().filter(|it| with.contains(&it.id));
    Ok(names.map(|it| it.name.clone()).collect())
}

/// What the scheduler makes of a runner now.
pub(super) fn health(settings: &Settings, runner: &Runner) -> RunnerHealth {
    let runner = candidate(runner, "");
    RunnerHealth {
        verdict: scheduler::verdict_of(&runner, now(), settings.hearing_since, settings.limits()),
        score: scheduler::score_of(&runner),
    }
}
