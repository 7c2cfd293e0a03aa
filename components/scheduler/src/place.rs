//! Where a sandbox goes: filter, score, choose.

use crate::model::{Choice, Policy, Refusal, Request, Runner, Verdict};
use crate::refusal::{self, Filter};
use crate::score::score;
use crate::verdict::verdict;

/// Scores this close to the best are as good. Measurements are up to one report old and wobble by a few points, and
/// a machine that is merely unsold has up to 14 points less than one that is sold out and idle.
pub const NEAR: u32 = 20;

/// A runner that passed all filters.
struct Fit<'a> {
    id: &'a str,
    score: u32,
    /// The largest share of a resource that is sold, 0 to 1.
    sold: f64,
}

/// Chooses among the candidates, or says why none will do. The order of the candidates does not matter.
///
/// Filters, in this order: not to be avoided; not unschedulable, not draining; verdict ready (a suspect one only if no
/// ready one passes); has the snapshot; room for the need within what is allocatable; least score.
///
/// * [`Policy::Spread`]: of those within [`NEAR`] points of the best two are drawn, and the one that is sold less is
///   taken. Scores come from reports and lag; what is sold is exact. So the scores keep away from machines in trouble,
///   while a burst of placements between two reports is spread by what each one has taken. Drawn with replacement: of
///   two runners the fuller one still gets one sandbox in four, and placements at the same time differ.
/// * [`Policy::Pack`]: the one that is sold most; of equals the first by id, so that placements at the same time meet.
pub fn place(request: &Request, candidates: &[Runner]) -> Result<Choice, Refusal> {
    let mut refusal = Refusal::default();
    let mut ready = Vec::new();
    let mut suspect = Vec::new();
    for runner in candidates {
        match filter(request, runner) {
            Ok((Verdict::Suspect, fit)) => suspect.push(fit),
            Ok((_, fit)) => ready.push(fit),
            Err(filter) => refusal::count(&mut refusal, filter),
        }
    }
    let fits = if ready.is_empty() { suspect } else { ready };
    let chosen = match request.policy {
        Policy::Spread => spread(fits, request.seed),
        Policy::Pack => pack(fits),
    };
    let choice = chosen.map(|fit| Choice {
        runner: fit.id.to_owned(),
        score: fit.score,
    });
    choice.ok_or_else(|| refusal::told(refusal, candidates.len(), request.need))
}

fn filter<'a>(request: &Request, runner: &'a Runner) -> Result<(Verdict, Fit<'a>), Filter> {
    if request.avoid.contains(&runner.id) {
        return Err(Filter::Avoided);
    }
    if runner.unschedulable || runner.draining {
        return Err(Filter::Unschedulable);
    }
    let verdict = verdict(runner, request.now, request.hearing_since, &request.limits);
    match verdict {
        Verdict::Ready | Verdict::Suspect => {}
        Verdict::Initializing | Verdict::Unhealthy | Verdict::Disconnected | Verdict::Lost => {
            return Err(Filter::NotReady);
        }
    }
    if !runner.has_snapshot {
        return Err(Filter::NoSnapshot);
    }
    if !runner.allocatable.holds(runner.sold, request.need) {
        return Err(Filter::TooFull);
    }
    let score = score(runner);
    if score < request.least_score {
        return Err(Filter::TooBusy);
    }
    let fit = Fit {
        id: &runner.id,
        score,
        sold: sold_share(runner),
    };
    Ok((verdict, fit))
}

fn spread(mut fits: Vec<Fit<'_>>, seed: u64) -> Option<Fit<'_>> {
    let best = fits.iter().map(|fit| fit.score).max()?;
    fits.retain(|fit| fit.score.saturating_add(NEAR) >= best);
    // By id, so that the draw depends on the seed and not on the order of the candidates.
    fits.sort_unstable_by(|a, b| a.id.cmp(b.id));
    let number = fits.len() as u64;
    let draw = |round: u64| {
        let index = mix(seed.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15))) % number;
        // Below the length, which is a usize.
        usize::try_from(index).unwrap_or(0)
    };
    let (first, second) = (draw(1), draw(2));
    let index = if fits[second].sold < fits[first].sold {
        second
    } else {
        first
    };
    Some(fits.swap_remove(index))
}

fn pack(fits: Vec<Fit<'_>>) -> Option<Fit<'_>> {
    fits.into_iter()
        .max_by(|a, b| a.sold.total_cmp(&b.sold).then_with(|| b.id.cmp(a.id)))
}

/// The share of the resource that is nearest to its end: it decides how much more fits.
fn sold_share(runner: &Runner) -> f64 {
    let share = |sold: u64, all: u64| {
        if all == 0 { 0.0 } else { sold as f64 / all as f64 }
    };
    let (sold, all) = (runner.sold, runner.allocatable);
    share(sold.cpu_milli, all.cpu_milli)
        .max(share(sold.memory_mib, all.memory_mib))
        .max(share(sold.disk_mib, all.disk_mib))
}

/// SplitMix64's finalizer: neighbouring seeds give unrelated numbers.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
