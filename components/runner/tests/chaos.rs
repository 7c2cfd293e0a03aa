//! Random jobs, failures, deaths of cells and ticks. proptest prints the seed and the smallest failing case.

mod world;

use std::collections::BTreeMap;

use proptest::prelude::*;
use runner::{Event, Job, JobKind, Refusal, State, limits};
use world::{World, amounts, job};

#[derive(Clone, Debug)]
enum Step {
    /// The plane changes its mind about a sandbox.
    Intend {
        sandbox: usize,
        kind: JobKind,
        cpu: u64,
    },
    /// It delivers an earlier job again.
    Redeliver(usize),
    Succeed,
    Fail,
    CellDies,
    /// The plane gives the sandbox to somebody else, at its present generation.
    Disown(usize),
    Tick(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        4 => Just(JobKind::Create),
        2 => Just(JobKind::Start),
        2 => Just(JobKind::Stop),
        2 => Just(JobKind::Destroy),
        2 => Just(JobKind::Update),
    ];
    prop_oneof![
        6 => (0..6_usize, kind, 1..4_u64)
            .prop_map(|(sandbox, kind, cpu)| Step::Intend { sandbox, kind, cpu }),
        2 => any::<prop::sample::Index>().prop_map(|i| Step::Redeliver(i.index(64))),
        6 => Just(Step::Succeed),
        1 => Just(Step::Fail),
        1 => Just(Step::CellDies),
        1 => (0..6_usize).prop_map(Step::Disown),
        1 => (0..200_000_u64).prop_map(Step::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_capacity_holds_and_every_job_ends(steps in prop::collection::vec(step(), 1..80)) {
        let most = amounts(6, 6, 18);
        let mut world = World::new(most);
        let mut generations: BTreeMap<usize, u64> = BTreeMap::new();
        let mut jobs: Vec<Job> = Vec::new();
        // Given to somebody else, up to which generation.
        let mut away: BTreeMap<usize, u64> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Intend { sandbox, kind, cpu } => {
                    away.remove(&sandbox);
                    let generation = generations.entry(sandbox).or_default();
                    *generation += 1;
                    let id = format!("{sandbox}/{generation}");
                    let job = job(&id, kind, &format!("s{sandbox}"), *generation, amounts(cpu, cpu, 3 * cpu));
                    jobs.push(job.clone());
                    world.job(job);
                }
                Step::Redeliver(index) => {
                    if let Some(job) = jobs.get(index) {
                        world.job(job.clone());
                    }
                }
                Step::Succeed => { world.step(Ok(())); }
                Step::Fail => { world.step(Err("bad luck".into())); }
                Step::CellDies => world.cell_dies(),
                Step::Disown(sandbox) => {
                    if let Some(generation) = generations.get(&sandbox) {
                        // Whoever waited for these jobs is answered by the plane.
                        jobs.retain(|job| job.sandbox != format!("s{sandbox}"));
                        away.insert(sandbox, *generation);
                        world.event(Event::Disowned(vec![(format!("s{sandbox}"), *generation)]));
                    }
                }
                Step::Tick(by) => { world.now += by; world.event(Event::Tick); }
            }
            let sum = world.agent.reserved();
            prop_assert!(sum.cpu_milli <= most.cpu_milli && sum.memory_mib <= most.memory_mib
                && sum.disk_mib <= most.disk_mib, "oversold: {sum:?}");
        }
        world.settle();
        // Redelivery, as the plane does it for jobs without an end.
        for job in &jobs {
            if !world.ended(&job.id) {
                world.job(job.clone());
            }
        }
        world.settle();
        for job in &jobs {
            prop_assert!(world.ended(&job.id), "job {} never ends", job.id);
        }
        // A removal that failed is tried again without anybody asking.
        world.now += limits::REMOVED_AGAIN;
        world.event(Event::Tick);
        world.settle();
        for (sandbox, generation) in generations {
            let name = format!("s{sandbox}");
            if away.contains_key(&sandbox) {
                let refusal = world.admit(&name, generation).expect_err("disowned");
                prop_assert!(matches!(refusal, Refusal::Unknown(_)), "{refusal:?}");
                prop_assert!(!world.cell.contains(&name) && !world.disk.contains_key(&name));
                continue;
            }
            let last = world.last(&name).expect("reported");
            prop_assert_eq!(last.generation, generation);
            match last.state {
                State::Started => {
                    prop_assert!(world.cell.contains(&name));
                    prop_assert_eq!(world.admit(&name, generation), Ok(()));
                }
                State::Stopped => prop_assert!(!world.cell.contains(&name)),
                State::Destroyed => prop_assert!(!world.disk.contains_key(&name)),
                State::Error => prop_assert!(last.reason.is_some()),
            }
        }
    }
}
