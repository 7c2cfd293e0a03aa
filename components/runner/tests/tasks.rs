//! Work on snapshots, backups and volumes, beside the lives of sandboxes.
#![allow(missing_docs, reason = "tests")]

mod world;

use runner::{Event, JobKind, State, Task, TaskKind, limits};
use world::{World, amounts, job};

fn task(id: &str, kind: TaskKind, sandbox: Option<&str>) -> Task {
    Task {
        id: id.into(),
        kind,
        subject: format!("subject-{id}"),
        sandbox: sandbox.map(str::to_owned),
        payload: "{}".into(),
    }
}

fn with_sandbox() -> World {
    let mut world = World::new(amounts(8, 16, 100));
    world.job(job("j", JobKind::Create, "s", 1, amounts(1, 1, 3)));
    world.settle();
    assert_eq!(world.last_state("s"), Some(State::Started));
    world
}

#[test]
fn a_task_ends_with_its_result_and_tells_it_again_when_asked() {
    let mut world = with_sandbox();
    world.event(Event::Task(task("t", TaskKind::Snapshot, Some("s"))));
    // Redelivery begins nothing anew.
    world.event(Event::Task(task("t", TaskKind::Snapshot, Some("s"))));
    assert_eq!(world.in_flight.len(), 1);
    world.settle();
    let end = ("t".to_owned(), Ok(Some("Snapshot of subject-t".to_owned())));
    assert_eq!(world.ends, std::slice::from_ref(&end));
    world.event(Event::Task(task("t", TaskKind::Snapshot, Some("s"))));
    assert_eq!(world.ends, [end.clone(), end]);
    assert!(world.in_flight.is_empty());
    // The sandbox went on undisturbed.
    assert_eq!(world.admit("s", 1), Ok(()));
}

#[test]
fn what_is_not_here_cannot_be_taken() {
    let mut world = with_sandbox();
    world.event(Event::Task(task("t", TaskKind::Backup, Some("other"))));
    assert!(world.in_flight.is_empty());
    let (id, outcome) = world.ends.pop().expect("an end");
    assert_eq!(id, "t");
    assert!(outcome.expect_err("a failure").contains("other"));
    world.job(job("d", JobKind::Destroy, "s", 2, amounts(1, 1, 3)));
    world.settle();
    world.event(Event::Task(task("u", TaskKind::Backup, Some("s"))));
    assert!(world.ends.pop().is_some_and(|(_, outcome)| outcome.is_err()));
}

#[test]
fn few_are_carried_out_at_once_and_too_many_are_left_to_the_plane() {
    let mut world = with_sandbox();
    let all = limits::TASKS_AT_ONCE + limits::TASKS_WAITING + 5;
    for number in 0..all {
        world.event(Event::Task(task(&format!("t{number}"), TaskKind::Discard, None)));
        assert!(world.in_flight.len() <= limits::TASKS_AT_ONCE);
    }
    world.settle();
    assert_eq!(world.ends.len(), limits::TASKS_AT_ONCE + limits::TASKS_WAITING);
    // What was dropped comes again.
    world.event(Event::Task(task(&format!("t{}", all - 1), TaskKind::Discard, None)));
    world.settle();
    assert_eq!(world.ends.len(), limits::TASKS_AT_ONCE + limits::TASKS_WAITING + 1);
}

#[test]
fn a_failure_is_told_and_a_late_outcome_is_ignored() {
    let mut world = with_sandbox();
    world.event(Event::Task(task("f", TaskKind::Build, None)));
    assert!(world.step(Err("no".into())));
    assert_eq!(world.ends.pop(), Some(("f".to_owned(), Err("no".to_owned()))));
    world.event(Event::Task(task("late", TaskKind::Snapshot, Some("s"))));
    world.now += limits::SNAPSHOT_DEADLINE;
    world.event(Event::Tick);
    assert!(
        world
            .ends
            .pop()
            .is_some_and(|(id, outcome)| id == "late" && outcome.is_err())
    );
    world.settle();
    assert_eq!(world.ends, []);
}

#[test]
fn a_newer_component_goes_on_with_the_tasks_of_the_older() {
    let mut world = with_sandbox();
    world.event(Event::Task(task("t", TaskKind::Backup, Some("s"))));
    let state = world.agent.export();
    let mut fresh = runner::Agent::new(world::configuration(amounts(8, 16, 100)));
    fresh.import(&state).expect("it is taken over");
    world.agent = fresh;
    world.settle();
    assert_eq!(world.ends.len(), 1);
}
