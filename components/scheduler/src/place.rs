//! Where a sandbox goes.

use crate::model::{Amounts, Choice, Refusal, Request, Runner, Verdict};
use crate::score::score;
use crate::verdict::verdict;

/// Number of runners, best first, among which the choice is made. The more, the less do placements that run at
/// the same time collide; the fewer, the better is the runner chosen.
pub const BEST: usize = 10;

/// Chooses among the candidates, or says why none will do. The order of the candidates does not matter.
///
/// Rules, in this order: not unschedulable, not draining; verdict ready (a suspect one only if no ready one
/// passes); room for the need within what is allocatable; least score. Of the [`BEST`] by score two are drawn,
/// and the better of the two is taken: better runners are preferred, yet none is stormed.
pub fn place(request: &Request, candidates: &[Runner]) -> Result<Choice, Refusal> {
    let mut refusal = Refusal {
        considered: count(candidates.len()),
        ..Refusal::default()
    };
    let mut ready = Vec::new();
    let mut suspect = Vec::new();
    for runner in candidates {
        let tier = match verdict(runner, request.now, request.hearing_since, &request.limits) {
            Verdict::Ready => Some(&mut ready),
            Verdict::Suspect => Some(&mut suspect),
            Verdict::Initializing | Verdict::Unhealthy | Verdict::Disconnected | Verdict::Lost => None,
        };
        if runner.unschedulable || runner.draining {
            refusal.unschedulable += 1;
            continue;
        }
        let Some(tier) = tier else {
            refusal.not_ready += 1;
            continue;
        };
        if !runner.allocatable.holds(runner.sold, request.need) {
            refusal.too_full += 1;
            continue;
        }
        let score = score(runner);
        if score < request.least_score {
            refusal.too_busy += 1;
            continue;
        }
        tier.push((score, runner.id.as_str()));
    }
    let eligible = if ready.is_empty() { suspect } else { ready };
    draw(eligible, request.seed).ok_or_else(|| {
        refusal.reason = reason(&refusal, request.need);
        refusal
    })
}

/// The better of two drawn from the best. Drawn with replacement: of two runners the worse one still gets one
/// sandbox in four, so that a burst does not fall on one machine between two of its reports.
fn draw(mut eligible: Vec<(u32, &str)>, seed: u64) -> Option<Choice> {
    eligible.sort_unstable_by(|(a, left), (b, right)| b.cmp(a).then_with(|| left.cmp(right)));
    eligible.truncate(BEST);
    let number = eligible.len() as u64;
    if number == 0 {
        return None;
    }
    let pick = |round: u64| {
        let index = mix(seed.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15))) % number;
        eligible.get(usize::try_from(index).unwrap_or(0))
    };
    let (first, second) = (pick(1)?, pick(2)?);
    let (score, runner) = if second.0 > first.0 { second } else { first };
    Some(Choice {
        runner: (*runner).to_owned(),
        score: *score,
    })
}

/// SplitMix64's finalizer: neighbouring seeds give unrelated numbers.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn reason(refusal: &Refusal, need: Amounts) -> String {
    if refusal.considered == 0 {
        return "no runner is registered".to_owned();
    }
    let parts: Vec<String> = [
        (refusal.unschedulable, "unschedulable or draining".to_owned()),
        (refusal.not_ready, "not ready".to_owned()),
        (refusal.too_full, format!("without room for {}", in_words(need))),
        (refusal.too_busy, "too busy".to_owned()),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    format!("of {} considered: {}", refusal.considered, parts.join(", "))
}

fn in_words(need: Amounts) -> String {
    format!(
        "{} CPU, {} GiB of memory and {} GiB of disk",
        need.cpu_milli as f64 / 1000.0,
        need.memory_mib as f64 / 1024.0,
        need.disk_mib as f64 / 1024.0
    )
}
