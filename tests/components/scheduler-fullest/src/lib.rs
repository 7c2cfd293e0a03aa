//! A scheduler of one's own, in the same contract as the platform's: of the runners that fit it takes the one with
//! the most memory sold, by name where two are equal. See README.md for how to write, try and install one.
#![cfg(target_family = "wasm")]

#[allow(missing_docs, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/scheduler", world: "component" });
}

use bindings::exports::sandbar::scheduler::placement::{
    Amounts, Choice, Guest, Judgement, Limits, Millis, Refusal, Request, Runner, Verdict,
};

struct Fullest;

impl Guest for Fullest {
    /// The one function that decides where a sandbox goes.
    fn place(request: Request, candidates: Vec<Runner>) -> Result<Choice, Refusal> {
        let considered = count(candidates.len());
        let usable = |runner: &Runner| {
            let verdict = Self::verdict_of(runner.clone(), request.now, request.hearing_since, request.limits);
            verdict == Verdict::Ready && runner.has_snapshot && !request.avoid.contains(&runner.id)
        };
        let usable: Vec<Runner> = candidates
            .into_iter()
            .filter(|runner| !runner.unschedulable && !runner.draining && usable(runner))
            .collect();
        let fitting = usable.iter().filter(|runner| fits(&request.need, runner)).cloned();
        match fitting.max_by_key(|runner| (runner.sold.memory_mib, runner.id.clone())) {
            Some(runner) => Ok(Choice {
                runner: runner.id.clone(),
                score: Self::score_of(runner),
            }),
            None => Err(Refusal {
                considered,
                avoided: 0,
                unschedulable: 0,
                not_ready: considered - count(usable.len()),
                no_snapshot: 0,
                too_full: count(usable.len()),
                too_busy: 0,
                reason: "no runner has room; delete sandboxes or add a runner".to_owned(),
            }),
        }
    }

    /// Percent of the memory that is sold.
    fn score_of(runner: Runner) -> u32 {
        let allocatable = runner.allocatable.memory_mib.max(1);
        let percent = runner.sold.memory_mib.saturating_mul(100) / allocatable;
        u32::try_from(percent).unwrap_or(100).min(100)
    }

    fn verdict_of(runner: Runner, now: Millis, hearing_since: Millis, limits: Limits) -> Verdict {
        let silence = now.saturating_sub(runner.last_report.max(hearing_since));
        match runner.last_report {
            0 => Verdict::Initializing,
            _ if silence >= limits.lost_after => Verdict::Lost,
            _ if silence >= limits.disconnected_after => Verdict::Disconnected,
            _ if !runner.healthy => Verdict::Unhealthy,
            _ if silence >= limits.suspect_after => Verdict::Suspect,
            _ => Verdict::Ready,
        }
    }

    /// Never evicts: who only wants to place leaves the rest to people.
    fn judge(runners: Vec<Runner>, now: Millis, hearing_since: Millis, limits: Limits) -> Judgement {
        let verdicts = runners.into_iter();
        Judgement {
            verdicts: verdicts
                .map(|runner| Self::verdict_of(runner, now, hearing_since, limits))
                .collect(),
            braked: true,
        }
    }
}

fn fits(need: &Amounts, runner: &Runner) -> bool {
    let free = |all: u64, sold: u64| all.saturating_sub(sold);
    free(runner.allocatable.cpu_milli, runner.sold.cpu_milli) >= need.cpu_milli
        && free(runner.allocatable.memory_mib, runner.sold.memory_mib) >= need.memory_mib
        && free(runner.allocatable.disk_mib, runner.sold.disk_mib) >= need.disk_mib
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

bindings::export!(Fullest with_types_in bindings);
