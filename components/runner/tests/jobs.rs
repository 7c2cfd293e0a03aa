//! Jobs arrive twice, late and out of order; the sandbox ends where the newest intent wants it.

mod world;

use runner::{Job, JobKind, State};
use world::{World, amounts, job, text};

/// The life of one sandbox as the plane intends it; the position is the generation less one.
const LIFE: [(&str, JobKind); 4] = [
    ("j1", JobKind::Create),
    ("j2", JobKind::Stop),
    ("j3", JobKind::Start),
    ("j4", JobKind::Destroy),
];

fn message(index: usize) -> Job {
    let (id, kind) = LIFE[index];
    job(id, kind, "s", index as u64 + 1, amounts(1, 1, 3))
}

/// Where the sandbox must end, given which messages have come.
fn expected(messages: &[usize]) -> State {
    match messages.iter().max() {
        Some(3) => State::Destroyed,
        // A sandbox that was started or stopped elsewhere, or before this agent's time, has lost its files. A create of
        // it that comes after all was carried out then.
        Some(2) | Some(0) if messages[0] == 0 => State::Started,
        Some(1) if messages[0] == 0 => State::Stopped,
        _ => State::Error,
    }
}

/// Every sequence of at most five messages, and after each message every choice of how many of the actions in
/// flight have ended by then.
#[test]
fn every_order_and_every_duplicate_ends_where_the_newest_intent_wants_it() {
    let mut cases = 0_u32;
    for length in 1..=5_u32 {
        for code in 0..4_usize.pow(length) {
            let messages: Vec<usize> = (0..length).map(|i| code / 4_usize.pow(i) % 4).collect();
            for progress in 0..2_u32.pow(length) {
                run(&messages, progress);
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 8 + 64 + 512 + 4_096 + 32_768);
}

fn run(messages: &[usize], progress: u32) {
    let mut world = World::new(amounts(4, 4, 10));
    for (position, index) in messages.iter().enumerate() {
        world.job(message(*index));
        if progress >> position & 1 == 1 {
            world.step(Ok(()));
        }
    }
    world.settle();
    let case = format!("messages {messages:?}, progress {progress:b}");
    let want = expected(messages);
    let last = world.last("s").unwrap_or_else(|| panic!("nothing reported: {case}"));
    assert_eq!(last.state, want, "{case}");
    assert_eq!(
        last.generation,
        messages.iter().max().map_or(0, |m| *m as u64 + 1),
        "{case}"
    );
    for index in messages {
        assert!(world.ended(LIFE[*index].0), "job {} never ends: {case}", LIFE[*index].0);
    }
    let on_disk = world.disk.get("s").copied();
    match want {
        State::Started => assert_eq!(on_disk, Some(true), "{case}"),
        State::Stopped => assert_eq!(on_disk, Some(false), "{case}"),
        State::Destroyed | State::Error => assert_eq!(on_disk, None, "{case}"),
    }
    let held = if on_disk.is_some() {
        amounts(1, 1, 3)
    } else {
        amounts(0, 0, 0)
    };
    assert_eq!(world.agent.reserved(), held, "{case}");
    let generations: Vec<u64> = world.observations.iter().map(|o| o.generation).collect();
    assert!(
        generations.is_sorted(),
        "an observation goes back in time: {generations:?}, {case}"
    );
}

#[test]
fn a_job_seen_again_is_answered_without_another_action() {
    let mut world = World::new(amounts(4, 4, 10));
    world.job(message(0));
    world.settle();
    let before = world.observations.len();
    world.job(message(0));
    assert!(world.in_flight.is_empty());
    assert_eq!(world.observations.len(), before + 1);
    assert_eq!(world.observations[before].job.as_deref(), Some("j1"));
}

#[test]
fn a_destroyed_sandbox_stays_destroyed() {
    let mut world = World::new(amounts(4, 4, 10));
    world.job(message(3));
    world.settle();
    world.job(job("j9", JobKind::Start, "s", 9, amounts(1, 1, 3)));
    assert!(world.in_flight.is_empty());
    assert_eq!(world.last_state("s"), Some(State::Destroyed));
    assert!(world.ended("j9"));
}

#[test]
fn a_failure_is_reported_with_its_reason_and_a_start_tries_again() {
    let mut world = World::new(amounts(4, 4, 10));
    world.job(message(0));
    world.step(Err("no space left".into()));
    let last = world.last("s").expect("reported");
    assert_eq!((last.state, last.recoverable), (State::Error, true));
    assert_eq!(last.reason.as_deref(), Some("no space left"));
    assert!(world.admit("s", 1).is_err_and(|e| text(e).contains("no space left")));

    world.job(job("again", JobKind::Start, "s", 2, amounts(1, 1, 3)));
    world.settle();
    assert_eq!(world.last_state("s"), Some(State::Started));
    assert_eq!(world.admit("s", 2), Ok(()));
}

#[test]
fn a_start_never_makes_an_empty_sandbox_in_the_place_of_a_lost_one() {
    for kind in [JobKind::Start, JobKind::Stop, JobKind::Update] {
        let mut world = World::new(amounts(4, 4, 10));
        world.job(job("j", kind, "s", 5, amounts(1, 1, 3)));
        assert!(world.in_flight.is_empty(), "{kind:?}");
        let last = world.last("s").expect("reported");
        assert_eq!(
            (last.state, last.recoverable, last.generation),
            (State::Error, false, 5)
        );
        assert!(
            last.reason
                .as_deref()
                .is_some_and(|r| r.contains("files") && r.contains("delete"))
        );
        assert!(world.ended("j"));
        // Nor does the next one.
        world.job(job("again", JobKind::Start, "s", 6, amounts(1, 1, 3)));
        assert!(world.in_flight.is_empty(), "{kind:?}");
        assert_eq!(
            world.last("s").map(|o| (o.state, o.generation)),
            Some((State::Error, 6))
        );
        // It can be deleted.
        world.job(job("end", JobKind::Destroy, "s", 7, amounts(1, 1, 3)));
        world.settle();
        assert_eq!(world.last_state("s"), Some(State::Destroyed));
    }
}

#[test]
fn long_reasons_are_cut_at_a_character() {
    let mut world = World::new(amounts(4, 4, 10));
    world.job(message(0));
    world.step(Err("é".repeat(2_000)));
    let reason = world.last("s").and_then(|o| o.reason.clone()).expect("a reason");
    assert!(reason.len() <= runner::limits::REASON && reason.chars().all(|c| c == 'é'));
}
