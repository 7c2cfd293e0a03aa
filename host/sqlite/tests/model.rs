//! Random sequences of verbs, held against a model that keeps the same facts in maps.

#![allow(missing_docs, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::{NOW, ORGANIZATION, assert_invariants, open, placed_on, query, run, sandbox, scratch, seen, soak};
use proptest::prelude::*;
use sandbar_store::{JobKind, StoreError};

const ROOM: u64 = 6;

#[derive(Debug, Clone)]
enum Step {
    Create { id: u8, name: u8, cpu: u32 },
    Intend { id: u8, lag: u64, destroy: bool },
    Report { id: u8, lag: u64, state: u8, job: bool },
    Claim { later: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_u8, 0..6_u8, 1..4_u32).prop_map(|(id, name, cpu)| Step::Create { id, name, cpu }),
        2 => (0..12_u8, 0..2_u64, any::<bool>()).prop_map(|(id, lag, destroy)| Step::Intend { id, lag, destroy }),
        4 => (0..12_u8, 0..2_u64, 0..3_u8, any::<bool>())
            .prop_map(|(id, lag, state, job)| Step::Report { id, lag, state, job }),
        1 => (0..3_u64).prop_map(|later| Step::Claim { later }),
    ]
}

#[derive(Debug, Clone, PartialEq)]
struct Fact {
    name: String,
    cpu: u32,
    generation: u64,
    desired: String,
    state: String,
}

#[derive(Debug, Default)]
struct Model {
    /// Sandboxes by id; destroyed ones stay, so that their ids stay taken.
    facts: BTreeMap<String, Fact>,
    /// By sandbox: job id, and until when it is claimed.
    jobs: BTreeMap<String, (String, u64)>,
}

impl Model {
    fn live(&self) -> impl Iterator<Item = (&String, &Fact)> {
        self.facts.iter().filter(|(_, it)| it.state != "destroyed")
    }

    fn sold(&self) -> u64 {
        self.live().map(|(_, it)| u64::from(it.cpu)).sum()
    }

    fn create(&mut self, id: &str, name: &str, cpu: u32) -> &'static str {
        if self.facts.contains_key(id) || self.live().any(|(_, it)| it.name == name) {
            return "taken";
        }
        if self.sold() + u64::from(cpu) > ROOM {
            return "conflict";
        }
        let fact = Fact {
            name: name.into(),
            cpu,
            generation: 1,
            desired: "started".into(),
            state: "creating".into(),
        };
        self.facts.insert(id.into(), fact);
        self.jobs.insert(id.into(), (format!("{id}-1"), 0));
        "ok"
    }

    fn intend(&mut self, id: &str, expected: u64, desired: &str) -> &'static str {
        match self.facts.get_mut(id) {
            Some(it) if it.state != "destroyed" => {
                if it.generation != expected {
                    return "conflict";
                }
                it.generation += 1;
                it.desired = desired.into();
                self.jobs.insert(id.into(), (format!("{id}-{}", it.generation), 0));
                "ok"
            }
            _ => "not found",
        }
    }

    /// Whether the sandbox changes.
    fn report(&mut self, id: &str, generation: u64, state: &str, job: Option<&str>) -> bool {
        let Some(it) = self.facts.get_mut(id) else { return false };
        if job.is_some() && self.jobs.get(id).map(|it| it.0.as_str()) == job && it.generation <= generation {
            self.jobs.remove(id);
        }
        if it.state == "destroyed" || it.generation != generation || it.state == state {
            return false;
        }
        it.state = state.into();
        if state == "destroyed" {
            self.jobs.remove(id);
        }
        true
    }

    fn claim(&mut self, now: u64, lease: u64) -> Vec<String> {
        let open = self.jobs.iter_mut().filter(|(_, job)| job.1 <= now);
        open.map(|(_, job)| {
            job.1 = now + lease;
            job.0.clone()
        })
        .collect()
    }
}

fn word<T>(done: &Result<T, StoreError>) -> &'static str {
    match done {
        Ok(_) => "ok",
        Err(StoreError::Taken(_)) => "taken",
        Err(StoreError::Conflict(_)) => "conflict",
        Err(StoreError::NotFound(_)) => "not found",
        Err(StoreError::OverQuota(_)) => "over quota",
        Err(StoreError::Unavailable(_) | StoreError::Internal(_)) => "failed",
    }
}

async fn compare(steps: Vec<Step>) {
    let directory = scratch();
    let store = open(directory.path(), ROOM).await;
    let mut model = Model::default();
    for step in &steps {
        match step {
            Step::Create { id, name, cpu } => {
                let mut it = sandbox(&format!("s{id}"));
                (it.name, it.cpu) = (format!("n{name}"), *cpu);
                let done = store
                    .create_sandbox(it.clone(), placed_on("r", &format!("s{id}-1")))
                    .await;
                assert_eq!(word(&done), model.create(&it.id, &it.name, *cpu), "{step:?}: {done:?}");
            }
            Step::Intend { id, lag, destroy } => {
                let id = format!("s{id}");
                let expected = model.facts.get(&id).map_or(1, |it| it.generation).saturating_sub(*lag);
                let (desired, kind) = if *destroy {
                    ("destroyed", JobKind::DestroySandbox)
                } else {
                    ("stopped", JobKind::StopSandbox)
                };
                let job = format!("{id}-{}", expected + 1);
                let done = store
                    .change_intent(id.clone(), expected, desired.into(), job, kind, "{}".into(), None, NOW)
                    .await;
                assert_eq!(word(&done), model.intend(&id, expected, desired), "{step:?}: {done:?}");
            }
            Step::Report { id, lag, state, job } => {
                let id = format!("s{id}");
                let generation = model.facts.get(&id).map_or(1, |it| it.generation).saturating_sub(*lag);
                let state = ["started", "stopped", "destroyed"][usize::from(*state)];
                let job = job.then(|| format!("{id}-{generation}"));
                let mut said = seen(&id, generation, state);
                said.job.clone_from(&job);
                let changed = store
                    .report("r".into(), 0, vec![said], None, NOW)
                    .await
                    .expect("a report")
                    .changed;
                let expected = model.report(&id, generation, state, job.as_deref());
                assert_eq!(changed.len(), usize::from(expected), "{step:?}");
            }
            Step::Claim { later } => {
                let now = NOW + later * 100;
                let jobs = store.claim_jobs("r".into(), 100, now, 50).await.expect("claims");
                let mut jobs: Vec<_> = jobs.into_iter().map(|job| job.id).collect();
                jobs.sort();
                let mut expected = model.claim(now, 50);
                expected.sort();
                assert_eq!(jobs, expected, "{step:?}");
            }
        }
    }
    let runner = store.get_runner("r".into()).await.expect("the runner");
    assert_eq!(runner.sold_cpu_milli, model.sold() * 1_000);
    let found = store.list_sandboxes(query()).await.expect("a list");
    let found: BTreeMap<_, _> = found
        .into_iter()
        .map(|it| {
            let fact = Fact {
                name: it.name,
                cpu: it.cpu,
                generation: it.generation,
                desired: it.desired,
                state: it.state,
            };
            (it.id, fact)
        })
        .collect();
    let expected: BTreeMap<_, _> = model.live().map(|(id, it)| (id.clone(), it.clone())).collect();
    assert_eq!(found, expected);
    let told = store.changes(ORGANIZATION.into(), 0, 1_000).await.expect("changes");
    assert_eq!(
        told.len(),
        model.facts.len(),
        "each sandbox is told once, destroyed ones too"
    );
    assert_invariants(&store).await;
}

proptest! {
    // A failure prints the smallest sequence that fails, and the seed that found it.
    #![proptest_config(ProptestConfig {
        cases: 40 * u32::try_from(soak()).unwrap_or(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        run(compare(steps));
    }
}
