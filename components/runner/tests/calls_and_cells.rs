//! Toolbox calls, the death of cells, restarts of the host, health reports, handover.

mod world;

use runner::{Agent, Event, JobKind, Sample, State, limits};
use world::{World, amounts, configuration, job, spec};

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
    assert_eq!(world.agent.admit_call("s", 1), Ok(()));
    let refused = |world: &World, sandbox: &str, generation, word: &str| {
        let reason = world.agent.admit_call(sandbox, generation).expect_err("refused");
        assert!(reason.contains(word), "{reason}");
    };
    refused(&world, "s", 0, "generation");
    refused(&world, "s", 2, "generation");
    refused(&world, "other", 1, "not on this runner");
    world.job(job("stop", JobKind::Stop, "s", 2, amounts(1, 1, 1)));
    refused(&world, "s", 2, "stopping");
    refused(&world, "s", 1, "generation");
    world.settle();
    refused(&world, "s", 2, "stopped");
    world.job(job("destroy", JobKind::Destroy, "s", 3, amounts(1, 1, 1)));
    world.settle();
    refused(&world, "s", 3, "destroyed");
}

#[test]
fn after_the_death_of_a_cell_everything_is_restored_some_at_a_time() {
    let names: Vec<String> = (0..100).map(|i| format!("s{i:03}")).collect();
    let mut world = started(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let reports = world.observations.len();
    world.cell_dies();
    assert_eq!(world.in_flight.len(), limits::RESTORES_IN_FLIGHT);
    assert!(world.agent.admit_call("s099", 1).is_err_and(|e| e.contains("restored")));

    // A call comes for the last one: it does not wait for its turn.
    world.event(Event::Wanted("s099".into()));
    assert_eq!(world.in_flight.back().map(world::subject), Some("s099"));

    world.settle();
    assert_eq!(world.cell.len(), 100);
    assert!(names.iter().all(|name| world.agent.admit_call(name, 1) == Ok(())));
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
    world.job(job("k", JobKind::Create, "t", 1, amounts(1, 1, 1)));
    world.step(Err("connection reset".into()));
    assert_eq!(world.last_state("t"), Some(State::Error));
    world.cell_dies();
    world.settle();
    assert_eq!(world.last_state("t"), Some(State::Started));
}

#[test]
fn outcomes_of_forgotten_actions_change_nothing() {
    let mut world = started(&["s"]);
    world.event(Event::Done(1, Err("late".into())));
    world.event(Event::Done(999, Ok(())));
    assert_eq!(world.agent.admit_call("s", 1), Ok(()));
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
    assert_eq!(world.agent.admit_call("a", 3), Ok(()));
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

#[test]
fn health_is_reported_at_once_and_then_at_the_interval() {
    let mut world = started(&["s"]);
    world.event(Event::Sample(Sample {
        memory_used: 12.5,
        ..Sample::default()
    }));
    for _ in 0..=10 {
        world.event(Event::Tick);
        world.now += 1_000;
    }
    assert_eq!(world.healths.len(), 3, "at 0 s, 5 s and 10 s");
    let health = world.healths[2];
    assert_eq!(health.started_sandboxes, 1);
    assert_eq!(health.used.memory_used, 12.5);
    assert!(health.healthy);
}

#[test]
fn a_runner_that_keeps_failing_says_so_for_a_while() {
    let mut world = started(&[]);
    for name in ["a", "b", "c"] {
        world.job(job(name, JobKind::Create, name, 1, amounts(1, 1, 1)));
        world.step(Err("broken".into()));
    }
    world.event(Event::Tick);
    assert!(!world.healths.last().expect("health").healthy);
    world.now += limits::UNHEALTHY_FOR;
    world.event(Event::Tick);
    assert!(world.healths.last().expect("health").healthy);
}

#[test]
fn health_reports_retell_every_sandbox_in_turn() {
    let names: Vec<String> = (0..70).map(|i| format!("s{i:03}")).collect();
    let mut world = started(&names.iter().map(String::as_str).collect::<Vec<_>>());
    world.observations.clear();
    for _ in 0..3 {
        world.event(Event::Tick);
        world.now += 5_000;
    }
    let told: std::collections::BTreeSet<_> = world.observations.iter().map(|o| o.sandbox.clone()).collect();
    assert_eq!(told.len(), 70);
}

#[test]
fn a_newer_component_takes_over_without_losing_an_action() {
    let mut world = started(&["s", "t"]);
    world.job(job("stop", JobKind::Stop, "t", 2, amounts(1, 1, 1)));
    world.job(job("new", JobKind::Create, "u", 1, amounts(1, 1, 1)));
    let state = world.agent.export();
    let mut newer = Agent::new(configuration(amounts(1_000, 1_000, 1_000)));
    newer.import(&state).expect("its own format");
    assert_eq!(newer.reserved(), world.agent.reserved());
    assert_eq!(newer.export(), state);
    world.agent = newer;
    world.settle();
    assert_eq!(world.agent.admit_call("s", 1), Ok(()));
    assert!(world.ended("stop") && world.ended("new"));
    assert_eq!(world.last_state("t"), Some(State::Stopped));
    assert_eq!(world.last_state("u"), Some(State::Started));
}

#[test]
fn a_state_that_is_none_is_refused_and_changes_nothing() {
    let mut world = started(&["s"]);
    let other_version =
        String::from_utf8(world.agent.export())
            .expect("JSON")
            .replacen("\"version\":1", "\"version\":7", 1);
    for bytes in [&b"nonsense"[..], b"", b"{}", other_version.as_bytes()] {
        assert!(world.agent.import(bytes).is_err());
    }
    assert_eq!(world.agent.admit_call("s", 1), Ok(()));
}
