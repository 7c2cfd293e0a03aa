//! Random sequences of verbs, held against a model that keeps the same facts in maps.

#![allow(missing_docs, reason = "tests")]

mod common;
#[path = "common/model.rs"]
mod model;

use std::collections::BTreeMap;

use common::{NOW, ORGANIZATION, assert_invariants, open, placed_on, query, run, runner, sandbox, scratch, seen, soak};
use model::{Fact, Model, ROOM, TOTAL, Told};
use proptest::prelude::*;
use sandbar_sqlite::SqliteStore;
use sandbar_store::{Finding, JobKind, StoreError, Totals};

const RUNNERS: [&str; 2] = ["r", "r2"];
const INTENTS: [(&str, JobKind); 3] = [
    ("started", JobKind::StartSandbox),
    ("stopped", JobKind::StopSandbox),
    ("destroyed", JobKind::DestroySandbox),
];
const STATES: [&str; 4] = ["started", "stopped", "error", "destroyed"];

/// `lag` generations behind the present one is what a step believes.
#[derive(Debug, Clone)]
enum Step {
    Create {
        id: u8,
        name: u8,
        cpu: u32,
        runner: usize,
        limited: bool,
    },
    Intend {
        id: u8,
        lag: u64,
        intent: usize,
        limited: bool,
    },
    Replace {
        id: u8,
        lag: u64,
        runner: usize,
        limited: bool,
    },
    Resize {
        id: u8,
        lag: u64,
        cpu: u32,
        limited: bool,
        job: bool,
    },
    Report {
        id: u8,
        lag: u64,
        state: usize,
        runner: usize,
        job: bool,
        stale: bool,
    },
    FindOut {
        id: u8,
        lag: u64,
        state: usize,
        fence: bool,
        release: bool,
    },
    Attach {
        runner: usize,
    },
    Claim {
        runner: usize,
        later: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let flag = any::<bool>;
    prop_oneof![
        5 => (0..12_u8, 0..6_u8, 1..4_u32, 0..2_usize, flag())
            .prop_map(|(id, name, cpu, runner, limited)| Step::Create { id, name, cpu, runner, limited }),
        3 => (0..12_u8, 0..2_u64, 0..3_usize, flag())
            .prop_map(|(id, lag, intent, limited)| Step::Intend { id, lag, intent, limited }),
        2 => (0..12_u8, 0..2_u64, 0..2_usize, flag())
            .prop_map(|(id, lag, runner, limited)| Step::Replace { id, lag, runner, limited }),
        2 => (0..12_u8, 0..2_u64, 1..5_u32, flag(), flag())
            .prop_map(|(id, lag, cpu, limited, job)| Step::Resize { id, lag, cpu, limited, job }),
        5 => (0..12_u8, 0..2_u64, 0..4_usize, 0..2_usize, flag(), prop::bool::weighted(0.1))
            .prop_map(|(id, lag, state, runner, job, stale)| Step::Report { id, lag, state, runner, job, stale }),
        2 => (0..12_u8, 0..2_u64, 1..4_usize, flag(), flag())
            .prop_map(|(id, lag, state, fence, release)| Step::FindOut { id, lag, state, fence, release }),
        1 => (0..2_usize).prop_map(|runner| Step::Attach { runner }),
        1 => (0..2_usize, 0..3_u64).prop_map(|(runner, later)| Step::Claim { runner, later }),
    ]
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

fn totals(limited: bool) -> Option<Totals> {
    let cpu = u32::try_from(TOTAL).expect("small");
    limited.then_some(Totals {
        cpu,
        memory_gib: 100,
        disk_gib: 100,
    })
}

fn expected(model: &Model, id: &str, lag: u64) -> u64 {
    model.facts.get(id).map_or(1, |it| it.generation).saturating_sub(lag)
}

/// The verb's outcome in a word or two, from the store and from the model.
async fn take(store: &SqliteStore, model: &mut Model, step: &Step) -> (String, String) {
    let nothing = || "{}".to_owned();
    match *step {
        Step::Create {
            id,
            name,
            cpu,
            runner,
            limited,
        } => {
            let mut it = sandbox(&format!("s{id}"));
            (it.name, it.cpu) = (format!("n{name}"), cpu);
            let mut placement = placed_on(RUNNERS[runner], &format!("s{id}-1"));
            placement.totals = totals(limited);
            let done = store.create_sandbox(it.clone(), placement).await;
            let wanted = model.create(&it.id, &it.name, cpu.into(), RUNNERS[runner], limited);
            (word(&done).into(), wanted.into())
        }
        Step::Intend {
            id,
            lag,
            intent,
            limited,
        } => {
            let id = format!("s{id}");
            let generation = expected(model, &id, lag);
            let (desired, kind) = INTENTS[intent];
            let job = format!("{id}-{}", generation + 1);
            let totals = totals(limited);
            let done = store
                .change_intent(
                    id.clone(),
                    generation,
                    desired.into(),
                    job,
                    kind,
                    nothing(),
                    totals,
                    NOW,
                )
                .await;
            (
                word(&done).into(),
                model.intend(&id, generation, desired, limited).into(),
            )
        }
        Step::Replace {
            id,
            lag,
            runner,
            limited,
        } => {
            let id = format!("s{id}");
            let generation = expected(model, &id, lag);
            let mut placement = placed_on(RUNNERS[runner], &format!("{id}-{}", generation + 1));
            placement.totals = totals(limited);
            let done = store.replace_runner(id.clone(), generation, placement, NOW).await;
            (
                word(&done).into(),
                model.replace(&id, generation, RUNNERS[runner], limited).into(),
            )
        }
        Step::Resize {
            id,
            lag,
            cpu,
            limited,
            job,
        } => {
            let id = format!("s{id}");
            let generation = expected(model, &id, lag);
            let name = if job {
                format!("{id}-{}", generation + 1)
            } else {
                String::new()
            };
            let totals = totals(limited);
            let done = store
                .resize_sandbox(id.clone(), generation, cpu, 1, 1, totals, name, nothing(), NOW)
                .await;
            (
                word(&done).into(),
                model.resize(&id, generation, cpu.into(), limited, job).into(),
            )
        }
        Step::Report {
            id,
            lag,
            state,
            runner,
            job,
            stale,
        } => {
            let id = format!("s{id}");
            let (runner, state) = (RUNNERS[runner], STATES[state]);
            let generation = expected(model, &id, lag);
            let job = job.then(|| format!("{id}-{generation}"));
            let mut said = seen(&id, generation, state);
            said.job.clone_from(&job);
            let newest = model.processes.get(runner).copied().unwrap_or_default();
            let process = if stale { newest + 1 } else { newest };
            let done = store.report(runner.into(), process, vec![said], None, NOW).await;
            if stale {
                return (word(&done).into(), "conflict".into());
            }
            let told = match done.map(|outcome| (outcome.changed.len(), outcome.disowned)) {
                Ok((1, none)) if none.is_empty() => Told::Changed,
                Ok((0, none)) if none.is_empty() => Told::Nothing,
                Ok((0, disowned)) if disowned.len() == 1 && disowned[0].0 == id => Told::Disowned(disowned[0].1),
                other => return (format!("{other:?}"), "one of three".into()),
            };
            let wanted = model.report(runner, &id, generation, state, job.as_deref());
            (format!("{told:?}"), format!("{wanted:?}"))
        }
        Step::FindOut {
            id,
            lag,
            state,
            fence,
            release,
        } => {
            let id = format!("s{id}");
            let generation = expected(model, &id, lag);
            let finding = Finding {
                sandbox: id.clone(),
                generation,
                state: STATES[state].into(),
                error_reason: None,
                recoverable: false,
                fence,
                release,
            };
            let done = store.find_out(vec![finding], NOW).await.map(|changed| changed.len());
            let wanted = model.find_out(&id, generation, STATES[state], fence, release);
            (format!("{done:?}"), format!("{:?}", Ok::<_, ()>(usize::from(wanted))))
        }
        Step::Attach { runner } => {
            let done = store
                .attach_runner(RUNNERS[runner].into(), "directory".into(), NOW)
                .await;
            let process = model.attach(RUNNERS[runner]);
            (format!("{done:?}"), format!("{:?}", Ok::<_, ()>(process)))
        }
        Step::Claim { runner, later } => {
            let now = NOW + later * 100;
            let jobs = store
                .claim_jobs(RUNNERS[runner].into(), 100, now, 50)
                .await
                .expect("claims");
            let mut jobs: Vec<_> = jobs.into_iter().map(|job| job.id).collect();
            jobs.sort();
            let mut wanted = model.claim(RUNNERS[runner], now, 50);
            wanted.sort();
            (jobs.join(" "), wanted.join(" "))
        }
    }
}

async fn compare(steps: Vec<Step>) {
    let directory = scratch();
    let store = open(directory.path(), ROOM).await;
    let second = store.create_runner(runner("r2", ROOM), "ab".repeat(32), false).await;
    second.expect("a second runner");
    let mut model = Model::default();
    for step in &steps {
        let (done, wanted) = take(&store, &mut model, step).await;
        assert_eq!(done, wanted, "{step:?}");
        let used = store.list_usage(ORGANIZATION.into()).await.expect("usage");
        assert_eq!(used.first().map_or(0, |it| it.cpu), model.used(), "{step:?}");
    }
    for id in RUNNERS {
        let runner = store.get_runner(id.into()).await.expect("the runner");
        assert_eq!(runner.sold_cpu_milli, model.sold(id) * 1_000);
    }
    let found = store.list_sandboxes(query()).await.expect("a list");
    let found: BTreeMap<_, _> = found.into_iter().map(|it| (it.id.clone(), it)).collect();
    // What only the model knows is told by what the verbs did above.
    let wanted: BTreeMap<_, _> = model
        .live()
        .filter(|(_, it)| !(it.state == "error" && it.desired == "destroyed"))
        .collect();
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        wanted.keys().copied().collect::<Vec<_>>()
    );
    for (
        id,
        Fact {
            name,
            cpu,
            generation,
            desired,
            state,
            runner,
            ..
        },
    ) in wanted
    {
        let it = &found[id];
        assert_eq!(
            (
                &it.name,
                u64::from(it.cpu),
                it.generation,
                &it.desired,
                &it.state,
                &it.runner
            ),
            (name, *cpu, *generation, desired, state, runner)
        );
    }
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
        cases: 60 * u32::try_from(soak()).unwrap_or(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_does_what_the_model_does(steps in prop::collection::vec(step(), 1..80)) {
        run(compare(steps));
    }
}
