//! The functions of crate `scheduler`, each answered by the compiled component.

use scheduler as native;
use std::cell::RefCell;
use wasmtime::Store;
use wasmtime::component::Linker;

pub use native::{Amounts, Choice, Judgement, Limits, Millis, NEAR, Policy, Refusal, Request, Runner, Verdict};

#[allow(missing_docs, clippy::all, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({ path: "../../../../wit/scheduler", world: "component" });
}

use bindings::exports::sandbar::scheduler::placement as wit;

thread_local! {
    static RULES: RefCell<(Store<()>, bindings::Component)> = RefCell::new(instantiate());
}

fn instantiate() -> (Store<()>, bindings::Component) {
    let (engine, component) = through_wasm_load::load("scheduler");
    let mut store = Store::new(&engine, ());
    // An empty linker: that it links shows that the component imports nothing.
    let rules =
        bindings::Component::instantiate(&mut store, &component, &Linker::new(&engine)).expect("it imports nothing");
    (store, rules)
}

fn call<T>(act: impl FnOnce(&mut Store<()>, &wit::Guest) -> wasmtime::Result<T>) -> T {
    RULES.with_borrow_mut(|(store, rules)| {
        act(store, rules.sandbar_scheduler_placement()).expect("the component does not trap")
    })
}

/// See `scheduler::place`.
///
/// # Errors
/// As there.
pub fn place(request: &Request, candidates: &[Runner]) -> Result<Choice, Refusal> {
    let candidates: Vec<_> = candidates.iter().map(runner).collect();
    let request = wit::Request {
        need: amounts(request.need),
        now: request.now,
        hearing_since: request.hearing_since,
        limits: limits(&request.limits),
        seed: request.seed,
        least_score: request.least_score,
        policy: match request.policy {
            Policy::Spread => "spread".to_owned(),
            Policy::Pack => "pack".to_owned(),
        },
        avoid: request.avoid.clone(),
    };
    match call(|store, rules| rules.call_place(store, &request, &candidates)) {
        Ok(choice) => Ok(Choice {
            runner: choice.runner,
            score: choice.score,
        }),
        Err(refusal) => Err(Refusal {
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

/// See `scheduler::score`.
#[must_use]
pub fn score(of: &Runner) -> u32 {
    call(|store, rules| rules.call_score_of(store, &runner(of)))
}

/// See `scheduler::verdict`.
#[must_use]
pub fn verdict(of: &Runner, now: Millis, hearing_since: Millis, within: &Limits) -> Verdict {
    verdict_back(call(|store, rules| {
        rules.call_verdict_of(store, &runner(of), now, hearing_since, limits(within))
    }))
}

/// See `scheduler::judge`.
#[must_use]
pub fn judge(runners: &[Runner], now: Millis, hearing_since: Millis, within: &Limits) -> Judgement {
    let runners: Vec<_> = runners.iter().map(runner).collect();
    let judgement = call(|store, rules| rules.call_judge(store, &runners, now, hearing_since, limits(within)));
    Judgement {
        verdicts: judgement.verdicts.into_iter().map(verdict_back).collect(),
        braked: judgement.braked,
    }
}

fn verdict_back(verdict: wit::Verdict) -> Verdict {
    match verdict {
        wit::Verdict::Initializing => Verdict::Initializing,
        wit::Verdict::Ready => Verdict::Ready,
        wit::Verdict::Unhealthy => Verdict::Unhealthy,
        wit::Verdict::Suspect => Verdict::Suspect,
        wit::Verdict::Disconnected => Verdict::Disconnected,
        wit::Verdict::Lost => Verdict::Lost,
    }
}

fn amounts(amounts: Amounts) -> wit::Amounts {
    wit::Amounts {
        cpu_milli: amounts.cpu_milli,
        memory_mib: amounts.memory_mib,
        disk_mib: amounts.disk_mib,
    }
}

fn limits(limits: &Limits) -> wit::Limits {
    wit::Limits {
        suspect_after: limits.suspect_after,
        disconnected_after: limits.disconnected_after,
        lost_after: limits.lost_after,
        brake_share: limits.brake_share,
        brake_least: limits.brake_least,
    }
}

fn runner(runner: &Runner) -> wit::Runner {
    wit::Runner {
        id: runner.id.clone(),
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
