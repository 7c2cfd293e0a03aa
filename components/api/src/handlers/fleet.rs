//! Where a sandbox goes, and what the scheduler thinks of a runner.

use super::settings::Settings;
use super::{observe, random};
use crate::contracts::scheduler::{self, Amounts, Limits, Request};
use crate::contracts::store;
use crate::dto::{Creation, RunnerHealth, candidate};
use crate::http::Problem;
use crate::service::now;

/// Runners looked at for one placement: enough to find a good one, few enough to read at once.
const WINDOW: u32 = 64;
/// Score below which a runner takes nothing new.
const LEAST_SCORE: u32 = 10;

/// Runners report every 5 s. One lost report is nothing, two are suspect; after half a minute nothing new goes
/// there; after a quarter of an hour nobody expects it back.
const LIMITS: Limits = Limits {
    suspect_after: 10_000,
    disconnected_after: 30_000,
    lost_after: 900_000,
};

/// The need of a sandbox in the units of the scheduler.
pub(super) fn need(creation: &Creation) -> Amounts {
    Amounts {
        cpu_milli: u64::from(creation.cpu) * 1_000,
        memory_mib: u64::from(creation.memory_gib) * 1_024,
        disk_mib: u64::from(creation.disk_gib) * 1_024,
    }
}

/// Chooses a runner of a region; 400 with the scheduler's reason if none will do.
pub(super) async fn choose(settings: &Settings, region: &str, need: Amounts) -> Result<String, Problem> {
    let seed = random::seed()?;
    let window = store::placement_window(region.to_owned(), seed, WINDOW).await?;
    let candidates: Vec<scheduler::Runner> = window.iter().map(candidate).collect();
    let request = Request {
        need,
        now: now(),
        hearing_since: settings.hearing_since,
        limits: LIMITS,
        seed,
        least_score: LEAST_SCORE,
    };
    match scheduler::place(request, &candidates) {
        Ok(choice) => {
            observe::count("sandbar_placements_total", &[("region", region)]);
            Ok(choice.runner)
        }
        Err(refusal) => {
            observe::count("sandbar_placement_refusals_total", &[("region", region)]);
            Err(Problem::BadRequest(format!(
                "no available runners in region {region}: {}",
                refusal.reason
            )))
        }
    }
}

/// What the scheduler makes of a runner now.
pub(super) fn health(settings: &Settings, runner: &store::Runner) -> RunnerHealth {
    let runner = candidate(runner);
    RunnerHealth {
        verdict: scheduler::verdict_of(&runner, now(), settings.hearing_since, LIMITS),
        score: scheduler::score_of(&runner),
    }
}
