//! Toolbox calls, the death of cells, restarts of the host, health reports, handover.

mod world;

use runner::{Event, JobKind, Refusal, State, limits};
use world::{World, amounts, job, spec, text};

fn started(names: &[&str]) -> World {
    let mut world = World::new(amounts(1_000, 1_000, 1_000));
    for name in names {
        world.job(job(name, JobKind::Create, name, 1, amounts(1, 1, 1)));
    }
    world.settle();
    world
}

#[test]
fn a_call_needs_a_started_sandbox_of_the_present_generation() {
    let mut world = started(&["s"]);
    assert_eq!(world.admit("s", 1), Ok(()));
    let refused = |world: &World, sandbox: &str, generation| world.admit(sandbox, generation).expect_err("refused");
    assert!(matches!(refused(&world, "s", 0), Refusal::OtherGeneration(it) if it.contains("generation 0")));
    // The front has heard of a newer intent than the runner: that will come.
    assert!(matches!(refused(&world, "s", 2), Refusal::NotReady(it) if it.contains("generation 2")));
    assert!(matches!(refused(&world, "other", 1), Refusal::Unknown(it) if it.contains("not on this runner")));
    world.job(job("stop", JobKind::Stop, "s", 2, amounts(1, 1, 1)));
    assert!(matches!(refused(&world, "s", 2), Refusal::Stopped(it) if it.contains("stopping")));
    assert!(matches!(refused(&world, "s", 1), Refusal::OtherGeneration(_)));
    world.settle();
    assert!(matches!(refused(&world, "s", 2), Refusal::Stopped(it) if it.contains("is stopped")));
    world.job(job("start", JobKind::Start, "s", 3, amounts(1, 1, 1)));
    assert!(matches!(refused(&world, "s", 3), Refusal::NotReady(it) if it.contains("starting")));
    world.job(job("destroy", JobKind::Destroy, "s", 4, amounts(1, 1, 1)));
    assert!(matches!(refused(&world, "s", 4), Refusal::Unknown(it) if it.contains("destroyed")));
    world.settle();
    assert!(matches!(refused(&world, "s", 4), Refusal::Unknown(it) if it.contains("destroyed")));
    world.job(job("new", JobKind::Create, "t", 1, amounts(1, 1, 1)));
    assert!(matches!(refused(&world, "t", 1), Refusal::NotReady(it) if it.contains("created")));
    world.step(Err("no space left".into()));
    assert!(matches!(refused(&world, "t", 1), Refusal::Stopped(it) if it.contains("no space left")));
}

#[test]
fn after_the_death_of_a_cell_everything_is_restored_some_at_a_time() {
    let names: Vec<String> = (0..100).map(|i| format!("s{i:03}")).collect();
    let mut world = started(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let reports = world.observations.len();
    world.cell_dies();
    assert_eq!(world.in_flight.len(), limits::RESTORES_IN_FLIGHT);
    assert!(world.admit("s099", 1).is_err_and(|e| text(e).contains("restored")));

    // A call comes for the last one: it does not wait for its turn.
    world.event(Event::Wanted("s099".into()));
    assert_eq!(world.in_flight.back().map(world::subject), Some("s099"));

    world.settle();
    assert_eq!(world.cell.len(), 100);
    assert!(names.iter().all(|name| world.admit(name, 1) == Ok(())));
    assert_eq!(
        world.observations.len(),
        reports,
        "a restore changes nothing worth a report"
    );
}

#[test]
fn a_create_interrupted_by_the_death_of_the_cell_is_done_again() {
    let mut world = started(&[]);
    world.job(job("j", JobKind::Create, "s", 1, amounts(1, 1, 1)));
    world.cell_dies();
    world.settle();
    assert_eq!(world.last_state("s"), Some(State::Started));
    assert!(world.ended("j"));

    // The host may notice the failed action before it notices the death.
    world.job(job("stop", JobKind::Stop, "s", 2, amounts(1, 1, 1)));
    world.settle();
    world.job(job("start", JobKind::Start, "s", 3, amounts(1, 1, 1)));
    world.step(Err("connection reset".into()));
    assert_eq!(world.last_state("s"), Some(State::Error));
    world.cell_dies();
    world.settle();
    assert_eq!(world.last_state("s"), Some(State::Started));

    // A create that was told to have failed may be another runner's by now: no second copy comes to life.
    world.job(job("k", JobKind::Create, "t", 1, amounts(1, 1, 1)));
    world.step(Err("connection reset".into()));
    world.cell_dies();
    world.settle();
    assert_eq!(world.last_state("t"), Some(State::Error));
    assert!(!world.disk.contains_key("t"));
}

#[test]
fn outcomes_of_forgotten_actions_change_nothing() {
    let mut world = started(&["s"]);
    world.event(Event::Done(1, Err("late".into())));
    world.event(Event::Done(999, Ok(None)));
    assert_eq!(world.admit("s", 1), Ok(()));
}

#[test]
fn sandboxes_of_the_journal_are_there_after_a_start_and_hold_their_capacity() {
    let mut world = World::new(amounts(2, 8, 100));
    let need = amounts(1, 4, 10);
    let journal = vec![(spec("a", 3, need), true), (spec("b", 4, need), false)];
    world.event(Event::Found(journal.clone()));
    world.event(Event::Found(journal));
    world.settle();
    assert_eq!(world.last_state("a"), Some(State::Started));
    assert_eq!(world.last_state("b"), Some(State::Stopped));
    assert_eq!(world.admit("a", 3), Ok(()));
    assert_eq!(world.agent.reserved(), amounts(2, 8, 20));

    world.job(job("c", JobKind::Create, "c", 1, need));
    let refused = world.last("c").expect("reported");
    assert_eq!(refused.state, State::Error);
    assert!(
        refused
            .reason
            .as_deref()
            .is_some_and(|r| r.contains("full") && r.contains("cpu"))
    );
    assert!(world.in_flight.is_empty());

    // What is destroyed makes room.
    world.job(job("d", JobKind::Destroy, "b", 5, need));
    world.settle();
    world.job(job("c2", JobKind::Start, "c", 2, need));
    world.settle();
    assert_eq!(world.last_state("c"), Some(State::Started));
}

#[test]
fn an_action_without_an_outcome_fails_at_its_deadline() {
    let mut world = started(&[]);
    world.job(job("j", JobKind::Create, "s", 1, amounts(1, 1, 1)));
    world.now += limits::ACTION_DEADLINE - 1;
    world.event(Event::Tick);
    assert_eq!(world.last("s"), None);
    world.now += 1;
    world.event(Event::Tick);
    let last = world.last("s").expect("reported");
    assert_eq!(last.state, State::Error);
    assert!(last.reason.as_deref().is_some_and(|r| r.contains("timeout")));
    assert!(world.ended("j"));
}
