//! Placements as they were decided: everything that went in, and what came out, so that each can be explained, and
//! decided again by another component.

use serde::{Deserialize, Serialize};

use crate::contracts::scheduler::{Amounts, Choice, Limits, Refusal, Request, Runner};
use crate::contracts::store::Decision;
use crate::http::Problem;
use crate::times::iso;

/// Version of the layout below.
const VERSION: u32 = 1;

/// A candidate as a row: id, flags (1 unschedulable, 2 draining, 4 healthy, 8 has the snapshot), last report, allocatable
/// CPU, memory, disk, sold CPU, memory, disk, started sandboxes, and used CPU, memory, disk, load. Rows keep the journal
/// small: a window has 32 of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row(String, u8, u64, u64, u64, u64, u64, u64, u64, u32, f64, f64, f64, f64);

impl From<&Runner> for Row {
    fn from(it: &Runner) -> Self {
        let flags = [
            (it.unschedulable, 1),
            (it.draining, 2),
            (it.healthy, 4),
            (it.has_snapshot, 8),
        ];
        Self(
            it.id.clone(),
            flags.iter().filter(|(set, _)| *set).map(|(_, bit)| bit).sum(),
            it.last_report,
            it.allocatable.cpu_milli,
            it.allocatable.memory_mib,
            it.allocatable.disk_mib,
            it.sold.cpu_milli,
            it.sold.memory_mib,
            it.sold.disk_mib,
            it.started_sandboxes,
            it.cpu_used,
            it.memory_used,
            it.disk_used,
            it.load,
        )
    }
}

impl From<&Row> for Runner {
    fn from(it: &Row) -> Self {
        let has = |bit: u8| it.1 & bit != 0;
        Self {
            id: it.0.clone(),
            unschedulable: has(1),
            draining: has(2),
            healthy: has(4),
            has_snapshot: has(8),
            last_report: it.2,
            allocatable: Amounts {
                cpu_milli: it.3,
                memory_mib: it.4,
                disk_mib: it.5,
            },
            sold: Amounts {
                cpu_milli: it.6,
                memory_mib: it.7,
                disk_mib: it.8,
            },
            started_sandboxes: it.9,
            cpu_used: it.10,
            memory_used: it.11,
            disk_used: it.12,
            load: it.13,
        }
    }
}

/// A decision: the whole request, the candidates, the outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    v: u32,
    policy: String,
    seed: u64,
    now: u64,
    hearing_since: u64,
    /// Suspect, disconnected, lost after; share and least number of the brake.
    limits: (u64, u64, u64, u32, u32),
    /// Thousandths of a CPU, MiB, MiB.
    need: (u64, u64, u64),
    least_score: u32,
    avoid: Vec<String>,
    /// Whether the whole region was looked at, because the window had nobody.
    widened: bool,
    candidates: Vec<Row>,
    outcome: Outcome,
}

/// What the scheduler answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    #[serde(rename_all = "camelCase")]
    Chosen { runner: String, score: u32 },
    #[serde(rename_all = "camelCase")]
    Refused {
        considered: u32,
        unschedulable: u32,
        not_ready: u32,
        too_full: u32,
        too_busy: u32,
        no_snapshot: u32,
        avoided: u32,
        reason: String,
    },
}

impl Facts {
    /// A decision as it was taken.
    pub fn new(request: &Request, candidates: &[Runner], widened: bool, outcome: Result<&Choice, &Refusal>) -> Self {
        let Limits {
            suspect_after,
            disconnected_after,
            lost_after,
            brake_share,
            brake_least,
        } = request.limits;
        Self {
            v: VERSION,
            policy: request.policy.clone(),
            seed: request.seed,
            now: request.now,
            hearing_since: request.hearing_since,
            limits: (suspect_after, disconnected_after, lost_after, brake_share, brake_least),
            need: (request.need.cpu_milli, request.need.memory_mib, request.need.disk_mib),
            least_score: request.least_score,
            avoid: request.avoid.clone(),
            widened,
            candidates: candidates.iter().map(Row::from).collect(),
            outcome: match outcome {
                Ok(choice) => Outcome::Chosen {
                    runner: choice.runner.clone(),
                    score: choice.score,
                },
                Err(refusal) => Outcome::Refused {
                    considered: refusal.considered,
                    unschedulable: refusal.unschedulable,
                    not_ready: refusal.not_ready,
                    too_full: refusal.too_full,
                    too_busy: refusal.too_busy,
                    no_snapshot: refusal.no_snapshot,
                    avoided: refusal.avoided,
                    reason: refusal.reason.clone(),
                },
            },
        }
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        // Texts and finite numbers: there is nothing that could fail to encode.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From what is kept.
    pub fn read(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| Problem::Internal(format!("a decision cannot be read: {error}")))
    }

    /// Request and candidates, to decide again.
    pub fn replay(&self) -> (Request, Vec<Runner>) {
        let request = Request {
            need: Amounts {
                cpu_milli: self.need.0,
                memory_mib: self.need.1,
                disk_mib: self.need.2,
            },
            now: self.now,
            hearing_since: self.hearing_since,
            limits: Limits {
                suspect_after: self.limits.0,
                disconnected_after: self.limits.1,
                lost_after: self.limits.2,
                brake_share: self.limits.3,
                brake_least: self.limits.4,
            },
            seed: self.seed,
            least_score: self.least_score,
            policy: self.policy.clone(),
            avoid: self.avoid.clone(),
        };
        (request, self.candidates.iter().map(Runner::from).collect())
    }
}

/// A decision on the wire. Who does not run the machines learns the outcome, not the state of the fleet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    position: u64,
    /// Empty for a refusal.
    sandbox_id: String,
    organization_id: String,
    region_id: String,
    at: String,
    policy: String,
    considered: usize,
    widened: bool,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
}

impl DecisionView {
    /// A decision, with all that went in if `whole`.
    pub fn new(it: &Decision, whole: bool) -> Result<Self, Problem> {
        let facts = Facts::read(&it.facts)?;
        Ok(Self {
            position: it.position,
            sandbox_id: it.sandbox.clone(),
            organization_id: it.organization.clone(),
            region_id: it.region.clone(),
            at: iso(it.at),
            policy: facts.policy.clone(),
            considered: facts.candidates.len(),
            widened: facts.widened,
            outcome: facts.outcome.clone(),
            facts: whole.then_some(facts),
        })
    }
}

/// Decisions of one sandbox, oldest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementView {
    /// The sandbox.
    pub sandbox_id: String,
    /// Where it is.
    pub region_id: String,
    /// On which machine.
    pub runner_id: Option<String>,
    /// How it came there.
    pub decisions: Vec<DecisionView>,
}

/// A page of the journal, oldest first.
#[derive(Debug, Serialize)]
pub struct Journal {
    /// The decisions.
    pub decisions: Vec<DecisionView>,
    /// To pass as `after` the next time.
    pub position: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::runner::{candidate, sample};

    fn request() -> Request {
        Request {
            need: Amounts {
                cpu_milli: 1_000,
                memory_mib: 1_024,
                disk_mib: 3_072,
            },
            now: 1_767_225_600_123,
            hearing_since: 17,
            limits: Limits {
                suspect_after: 1,
                disconnected_after: 2,
                lost_after: 3,
                brake_share: 50,
                brake_least: 2,
            },
            seed: u64::MAX,
            least_score: 10,
            policy: "pack".into(),
            avoid: vec!["r9".into()],
        }
    }

    #[test]
    fn a_decision_can_be_taken_again_exactly() {
        let mut candidates = vec![candidate(&sample(), "sandbar"), candidate(&sample(), "other")];
        candidates[0].load = 0.1 + 0.2;
        candidates[1].unschedulable = true;
        let choice = Choice {
            runner: "r1".into(),
            score: 84,
        };
        let facts = Facts::new(&request(), &candidates, true, Ok(&choice));
        let read = Facts::read(&facts.text()).expect("our own");
        assert_eq!(read, facts);
        assert_eq!(read.replay(), (request(), candidates));
    }

    #[test]
    fn a_window_of_candidates_stays_small() {
        let candidates = vec![candidate(&sample(), "sandbar"); 32];
        let choice = Choice {
            runner: sample().id,
            score: 84,
        };
        let text = Facts::new(&request(), &candidates, false, Ok(&choice)).text();
        assert!(text.len() < 5_000, "{} bytes", text.len());
    }

    #[test]
    fn users_learn_the_outcome_only() {
        let choice = Choice {
            runner: "r1".into(),
            score: 84,
        };
        let facts = Facts::new(&request(), &[candidate(&sample(), "sandbar")], false, Ok(&choice));
        let decision = Decision {
            position: 1,
            sandbox: "s".into(),
            organization: "o".into(),
            region: "us".into(),
            at: 0,
            facts: facts.text(),
        };
        let show = |whole| serde_json::to_value(DecisionView::new(&decision, whole).expect("fine")).expect("JSON");
        assert_eq!(show(false)["outcome"]["chosen"]["score"], 84);
        assert!(show(false)["facts"].is_null());
        assert_eq!(show(true)["facts"]["seed"], u64::MAX);
    }
}
