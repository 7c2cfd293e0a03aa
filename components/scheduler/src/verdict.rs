//! What silence means: of one runner, and of many at once.

use crate::model::{Judgement, Limits, Millis, Runner, Verdict};

/// The verdict over a runner. Only silence since `hearing_since` counts, the moment from which the plane was able
/// to hear: an outage of the plane condemns nobody. A report from the future (clocks differ) is no silence.
pub fn verdict(runner: &Runner, now: Millis, hearing_since: Millis, limits: &Limits) -> Verdict {
    if runner.last_report == 0 {
        return Verdict::Initializing;
    }
    let silence = now.saturating_sub(heard(runner, hearing_since));
    if silence >= limits.lost_after {
        Verdict::Lost
    } else if silence >= limits.disconnected_after {
        Verdict::Disconnected
    } else if !runner.healthy {
        // Before suspect: an unwell runner that falls silent does not become eligible by it.
        Verdict::Unhealthy
    } else if silence >= limits.suspect_after {
        Verdict::Suspect
    } else {
        Verdict::Ready
    }
}

/// The verdicts of all runners of one region, and whether the brake holds: so large a share of them went silent at
/// once that the fault is more likely the network's or the plane's than theirs.
pub fn judge(runners: &[Runner], now: Millis, hearing_since: Millis, limits: &Limits) -> Judgement {
    let verdicts: Vec<Verdict> = runners
        .iter()
        .map(|runner| verdict(runner, now, hearing_since, limits))
        .collect();
    // When each runner that counts was last heard, and whether it is silent since.
    let mut last: Vec<(Millis, bool)> = runners
        .iter()
        .zip(&verdicts)
        .filter(|(runner, verdict)| !runner.unschedulable && !runner.draining && **verdict != Verdict::Initializing)
        .map(|(runner, verdict)| {
            let silent = matches!(verdict, Verdict::Disconnected | Verdict::Lost);
            (heard(runner, hearing_since), silent)
        })
        .collect();
    last.sort_unstable();
    Judgement {
        braked: brakes(&last, limits),
        verdicts,
    }
}

/// Whether any group of runners that fell silent within `disconnected_after` is large enough. `last` is sorted.
fn brakes(last: &[(Millis, bool)], limits: &Limits) -> bool {
    if limits.brake_share == 0 {
        return false;
    }
    let (share, least) = (u64::from(limits.brake_share), u64::from(limits.brake_least));
    let mut end = 0;
    let mut silent = 0_u64;
    for (start, (from, is_silent)) in last.iter().enumerate() {
        while last
            .get(end)
            .is_some_and(|(at, _)| at - from <= limits.disconnected_after)
        {
            silent += u64::from(last[end].1);
            end += 1;
        }
        // Those that were heard when this group began, or later: the ones before had long been gone.
        let present = (last.len() - start) as u64;
        if silent > 0 && silent >= least && silent * 100 >= share.saturating_mul(present) {
            return true;
        }
        silent -= u64::from(*is_silent);
    }
    false
}

/// When a runner was last heard, as far as the plane could hear.
fn heard(runner: &Runner, hearing_since: Millis) -> Millis {
    runner.last_report.max(hearing_since)
}
