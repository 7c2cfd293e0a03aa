//! A scheduler that packs: of the runners that fit it takes the fullest, where the default one spreads.
//! It shows that placement is decided in the component: swapping the file changes it, the host stays as it is.
#![cfg(target_family = "wasm")]

#[allow(missing_docs, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/scheduler", world: "component" });
}

use bindings::exports::sandbar::scheduler::placement::{
    Amounts, Choice, Guest, Limits, Millis, Refusal, Request, Runner, Verdict,
};

struct Fullest;

impl Guest for Fullest {
    fn verdict_of(runner: Runner, _now: Millis, _hearing_since: Millis, _limits: Limits) -> Verdict {
        if runner.last_report == 0 {
            Verdict::Initializing
        } else {
            Verdict::Ready
        }
    }

    fn score_of(runner: Runner) -> u32 {
        let allocatable = runner.allocatable.memory_mib.max(1);
        u32::try_from(runner.sold.memory_mib.saturating_mul(100) / allocatable)
            .unwrap_or(100)
            .min(100)
    }

    fn place(request: Request, candidates: Vec<Runner>) -> Result<Choice, Refusal> {
        let considered = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        let fullest = candidates
            .into_iter()
            .filter(|runner| runner.last_report > 0 && !runner.unschedulable && fits(&request.need, runner))
            .max_by_key(|runner| (runner.sold.memory_mib, runner.id.clone()));
        match fullest {
            Some(runner) => Ok(Choice {
                runner: runner.id.clone(),
                score: Self::score_of(runner),
            }),
            None => Err(Refusal {
                considered,
                unschedulable: 0,
                not_ready: 0,
                too_full: considered,
                too_busy: 0,
                reason: "no runner has room".to_owned(),
            }),
        }
    }
}

fn fits(need: &Amounts, runner: &Runner) -> bool {
    let free = |all: u64, sold: u64| all.saturating_sub(sold);
    free(runner.allocatable.cpu_milli, runner.sold.cpu_milli) >= need.cpu_milli
        && free(runner.allocatable.memory_mib, runner.sold.memory_mib) >= need.memory_mib
        && free(runner.allocatable.disk_mib, runner.sold.disk_mib) >= need.disk_mib
}

bindings::export!(Fullest with_types_in bindings);
