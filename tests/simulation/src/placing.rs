//! Where a sandbox goes: the compiled scheduler is asked as the API asks it, and its answer is checked.

use sandbar_store::{Placement, Runner, Sandbox, verbs};
use through_wasm_scheduler as scheduler;

use crate::Millis;
use crate::options::Sabotage;
use crate::plane::{Checked, LIMITS, Plane, Refused, TOTALS, broken, never, now_of, ready};
use crate::rows::{self, REGION};

/// Runners looked at for one placement, and in each page of the whole region.
const WINDOW: u32 = 64;
const PAGE: u32 = 256;
const LEAST_SCORE: u32 = 10;

impl Plane {
    /// Every runner, as it is stored.
    pub(crate) fn runners(&mut self, at: Millis) -> Checked<Vec<Runner>> {
        never(at, "", ready(verbs::list_runners(&mut self.sql, Some(REGION), None)))
    }

    /// Every runner, as the scheduler sees it, read page by page as the API does.
    pub(crate) fn fleet(&mut self, at: Millis) -> Checked<Vec<scheduler::Runner>> {
        let (mut fleet, mut after) = (Vec::new(), String::new());
        loop {
            let page = ready(verbs::region_runners(&mut self.sql, REGION, &after, PAGE, ""));
            let page = never(at, "", page)?;
            let Some(last) = page.last() else { return Ok(fleet) };
            after.clone_from(&last.id);
            fleet.extend(page.iter().map(rows::candidate));
        }
    }

    /// Filter, score, choose: over a window, then over the whole region.
    pub(crate) fn place(
        &mut self,
        at: Millis,
        it: &Sandbox,
        avoid: Vec<String>,
        seed: u64,
    ) -> Checked<Result<String, Refused>> {
        let need = rows::need(it.cpu, it.memory_gib, it.disk_gib);
        let told = match self.sabotage {
            Some(Sabotage::IgnoreCapacity) => scheduler::Amounts::default(),
            _ => need,
        };
        let request = scheduler::Request {
            need: told,
            now: now_of(at),
            hearing_since: self.hearing_since,
            limits: LIMITS,
            seed,
            least_score: LEAST_SCORE,
            policy: scheduler::Policy::Spread,
            avoid,
        };
        let mut page = never(
            at,
            &it.id,
            ready(verbs::placement_window(&mut self.sql, REGION, seed, WINDOW, "")),
        )?;
        let mut after = String::new();
        loop {
            let candidates: Vec<_> = page.iter().map(rows::candidate).collect();
            if let Ok(choice) = scheduler::place(&request, &candidates) {
                let chosen = candidates.iter().find(|candidate| candidate.id == choice.runner);
                let allowed = chosen.is_some_and(|chosen| fits(&request, chosen, need));
                if !allowed {
                    return Err(broken(
                        at,
                        &it.id,
                        format!("the scheduler chose {}, which will not do", choice.runner),
                    ));
                }
                return Ok(Ok(choice.runner));
            }
            if let Some(overlooked) = candidates
                .iter()
                .find(|candidate| fits(&request, candidate, need) && scheduler::score(candidate) >= LEAST_SCORE)
            {
                return Err(broken(
                    at,
                    &it.id,
                    format!("no runner was chosen though {} would do", overlooked.id),
                ));
            }
            page = never(
                at,
                &it.id,
                ready(verbs::region_runners(&mut self.sql, REGION, &after, PAGE, "")),
            )?;
            match page.last() {
                Some(last) => after.clone_from(&last.id),
                None => return Ok(Err(Refused::No("no available runners".into()))),
            }
        }
    }
}

/// The rules said once more: what a runner must be to take a sandbox.
fn fits(request: &scheduler::Request, runner: &scheduler::Runner, need: scheduler::Amounts) -> bool {
    let verdict = scheduler::verdict(runner, request.now, request.hearing_since, &request.limits);
    let alive = matches!(verdict, scheduler::Verdict::Ready | scheduler::Verdict::Suspect);
    alive
        && !runner.unschedulable
        && !runner.draining
        && !request.avoid.contains(&runner.id)
        && runner.sold.cpu_milli + need.cpu_milli <= runner.allocatable.cpu_milli
        && runner.sold.memory_mib + need.memory_mib <= runner.allocatable.memory_mib
        && runner.sold.disk_mib + need.disk_mib <= runner.allocatable.disk_mib
}

/// Where a sandbox is placed, with the job that makes it.
pub(crate) fn placement(it: &Sandbox, runner: String) -> Placement {
    let kind = api::contracts::store::JobKind::CreateSandbox;
    Placement {
        runner,
        job_id: api::dto::job_id(&it.id, it.generation, kind),
        payload: api::dto::payload(&rows::sandbox(it), it.generation),
        totals: Some(TOTALS),
        decision: "{}".into(),
    }
}
