//! Between the contract's generated types and the rules' own.

use crate::model;

// Generated code; its documentation is the WIT.
#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/scheduler",
        world: "sandbar:scheduler/component",
        generate_all,
    });
}

use bindings::exports::sandbar::scheduler::placement::{self as wit, Guest};

struct Component;

bindings::export!(Component with_types_in bindings);

impl Guest for Component {
    fn verdict_of(
        runner: wit::Runner,
        now: wit::Millis,
        hearing_since: wit::Millis,
        limits: wit::Limits,
    ) -> wit::Verdict {
        verdict(crate::verdict(
            &self::runner(runner),
            now,
            hearing_since,
            &self::limits(limits),
        ))
    }

    fn judge(
        runners: Vec<wit::Runner>,
        now: wit::Millis,
        hearing_since: wit::Millis,
        limits: wit::Limits,
    ) -> wit::Judgement {
        let runners: Vec<model::Runner> = runners.into_iter().map(runner).collect();
        let judgement = crate::judge(&runners, now, hearing_since, &self::limits(limits));
        wit::Judgement {
            verdicts: judgement.verdicts.into_iter().map(verdict).collect(),
            braked: judgement.braked,
        }
    }

    fn score_of(runner: wit::Runner) -> u32 {
        crate::score(&self::runner(runner))
    }

    fn place(request: wit::Request, candidates: Vec<wit::Runner>) -> Result<wit::Choice, wit::Refusal> {
        let request = model::Request {
            need: amounts(request.need),
            now: request.now,
            hearing_since: request.hearing_since,
            limits: limits(request.limits),
            seed: request.seed,
            least_score: request.least_score,
            policy: model::Policy::named(&request.policy),
            avoid: request.avoid,
        };
        let candidates: Vec<model::Runner> = candidates.into_iter().map(runner).collect();
        match crate::place(&request, &candidates) {
            Ok(choice) => Ok(wit::Choice {
                runner: choice.runner,
                score: choice.score,
            }),
            Err(refusal) => Err(wit::Refusal {
                considered: refusal.considered,
                avoided: refusal.avoided,
                unschedulable: refusal.unschedulable,
                not_ready: refusal.not_ready,
                no_snapshot: refusal.no_snapshot,
                too_full: refusal.too_full,
                too_busy: refusal.too_busy,
                reason: refusal.reason,
            }),
        }
    }
}

fn verdict(verdict: model::Verdict) -> wit::Verdict {
    match verdict {
        model::Verdict::Initializing => wit::Verdict::Initializing,
        model::Verdict::Ready => wit::Verdict::Ready,
        model::Verdict::Unhealthy => wit::Verdict::Unhealthy,
        model::Verdict::Suspect => wit::Verdict::Suspect,
        model::Verdict::Disconnected => wit::Verdict::Disconnected,
        model::Verdict::Lost => wit::Verdict::Lost,
    }
}

fn amounts(amounts: wit::Amounts) -> model::Amounts {
    model::Amounts {
        cpu_milli: amounts.cpu_milli,
        memory_mib: amounts.memory_mib,
        disk_mib: amounts.disk_mib,
    }
}

fn limits(limits: wit::Limits) -> model::Limits {
    model::Limits {
        suspect_after: limits.suspect_after,
        disconnected_after: limits.disconnected_after,
        lost_after: limits.lost_after,
        brake_share: limits.brake_share,
        brake_least: limits.brake_least,
    }
}

fn runner(runner: wit::Runner) -> model::Runner {
    model::Runner {
        id: runner.id,
        unschedulable: runner.unschedulable,
        draining: runner.draining,
        healthy: runner.healthy,
        last_report: runner.last_report,
        allocatable: amounts(runner.allocatable),
        sold: amounts(runner.sold),
        started_sandboxes: runner.started_sandboxes,
        cpu_used: runner.cpu_used,
        memory_used: runner.memory_used,
        disk_used: runner.disk_used,
        load: runner.load,
        has_snapshot: runner.has_snapshot,
    }
}
