//! Decisions of before, taken again by another scheduler component: what `sandbar what-if` does.
//!
//! The journal of decisions (`GET /api/admin/decisions`) keeps everything that a placement rested on, so a component that
//! answers from its arguments alone answers again as it did.

use std::path::Path;
use std::sync::Arc;

use sandbar_engine::{CodeCache, ControlEngine};
use serde::Deserialize;
use wasmtime::component::Val;

use crate::dependency::{PLACEMENT, Provider};
use crate::error::PlaneError;

/// A scheduler to ask again.
pub struct Replay(Arc<Provider>);

/// What went into a decision, as the journal has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    policy: String,
    seed: u64,
    now: u64,
    hearing_since: u64,
    limits: (u64, u64, u64, u32, u32),
    need: (u64, u64, u64),
    least_score: u32,
    avoid: Vec<String>,
    candidates: Vec<Row>,
    /// What was decided then.
    pub outcome: Outcome,
}

/// A candidate: see the journal's layout in the API.
#[derive(Debug, Clone, Deserialize)]
struct Row(String, u8, u64, u64, u64, u64, u64, u64, u64, u32, f64, f64, f64, f64);

/// What a scheduler answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// This runner.
    Chosen {
        /// Its id.
        runner: String,
    },
    /// None.
    Refused {
        /// Why, in words.
        reason: String,
    },
}

impl Replay {
    /// Loads the component in the file.
    ///
    /// # Errors
    /// If it is no scheduler.
    pub fn load(engine: &ControlEngine, cache: &CodeCache, file: &Path) -> Result<Self, PlaneError> {
        let refuse = |reason: String| PlaneError::Component {
            component: file.display().to_string(),
            reason,
        };
        let component = cache
            .load(engine.wasmtime(), file, &|_| {})
            .map_err(|error| refuse(error.to_string()))?;
        let name = file.display().to_string();
        Provider::new(engine, &name, PLACEMENT, &component)
            .map(Self)
            .map_err(refuse)
    }

    /// Decides again.
    ///
    /// # Errors
    /// In words: it trapped, took too long, or answered with something else.
    pub async fn decide(&self, facts: &Facts) -> Result<Outcome, String> {
        let arguments = [
            facts.request(),
            Val::List(facts.candidates.iter().map(Row::value).collect()),
        ];
        let answer = self
            .0
            .call("place", &arguments)
            .await
            .map_err(|error| error.to_string())?;
        let [Val::Result(answer)] = answer.as_slice() else {
            return Err("its answer is no result".to_owned());
        };
        let (body, name) = match answer {
            Ok(choice) => (choice.as_deref(), "runner"),
            Err(refusal) => (refusal.as_deref(), "reason"),
        };
        let Some(Val::Record(fields)) = body else {
            return Err("its answer is no record".to_owned());
        };
        let text = fields.iter().find_map(|(field, value)| match value {
            Val::String(text) if field == name => Some(text.clone()),
            _ => None,
        });
        let text = text.ok_or_else(|| format!("its answer has no {name}"))?;
        Ok(match answer {
            Ok(_) => Outcome::Chosen { runner: text },
            Err(_) => Outcome::Refused { reason: text },
        })
    }
}

impl Facts {
    fn request(&self) -> Val {
        let (suspect, disconnected, lost, share, least) = self.limits;
        record([
            ("need", amounts(self.need.0, self.need.1, self.need.2)),
            ("now", Val::U64(self.now)),
            ("hearing-since", Val::U64(self.hearing_since)),
            (
                "limits",
                record([
                    ("suspect-after", Val::U64(suspect)),
                    ("disconnected-after", Val::U64(disconnected)),
                    ("lost-after", Val::U64(lost)),
                    ("brake-share", Val::U32(share)),
                    ("brake-least", Val::U32(least)),
                ]),
            ),
            ("seed", Val::U64(self.seed)),
            ("least-score", Val::U32(self.least_score)),
            ("policy", Val::String(self.policy.clone())),
            (
                "avoid",
                Val::List(self.avoid.iter().cloned().map(Val::String).collect()),
            ),
        ])
    }
}

impl Row {
    fn value(&self) -> Val {
        let flag = |bit: u8| Val::Bool(self.1 & bit != 0);
        record([
            ("id", Val::String(self.0.clone())),
            ("unschedulable", flag(1)),
            ("draining", flag(2)),
            ("healthy", flag(4)),
            ("last-report", Val::U64(self.2)),
            ("allocatable", amounts(self.3, self.4, self.5)),
            ("sold", amounts(self.6, self.7, self.8)),
            ("started-sandboxes", Val::U32(self.9)),
            ("cpu-used", Val::Float64(self.10)),
            ("memory-used", Val::Float64(self.11)),
            ("disk-used", Val::Float64(self.12)),
            ("load", Val::Float64(self.13)),
            ("has-snapshot", flag(8)),
        ])
    }
}

fn amounts(cpu_milli: u64, memory_mib: u64, disk_mib: u64) -> Val {
    record([
        ("cpu-milli", Val::U64(cpu_milli)),
        ("memory-mib", Val::U64(memory_mib)),
        ("disk-mib", Val::U64(disk_mib)),
    ])
}

/// Fields in the order of the contract.
fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::Record(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}
