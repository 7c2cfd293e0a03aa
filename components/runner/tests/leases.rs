//! Leases, disowned sandboxes, what the plane expects after a restart.

mod world;

use runner::{Agent, Event, JobKind, Refusal, State, limits};
use world::{World, amounts, configuration, job, spec};

fn started(names: &[&str]) -> World {
    let mut world = World::new(amounts(100, 100, 100));
    for name in names {
        world.job(job(name, JobKind::Create, name, 1, amounts(1, 1, 1)));
    }
    world.settle();
    world
}

#[test]
fn calls_are_refused_before_the_first_grant_and_past_the_last() {
    let mut agent = Agent::new(configuration(amounts(4, 4, 4)));
    let _ = agent.handle(0, Event::Found(vec![(spec("s", 3, amounts(1, 1, 1)), true)]));
    let _ = agent.handle(0, Event::Done(1, Ok(None)));
    assert_eq!(agent.admit_call(0, "s", 3), Err(Refusal::LeaseExpired));
    // Even to say that something is unknown takes a lease.
    assert_eq!(agent.admit_call(0, "t", 1), Err(Refusal::LeaseExpired));
    let _ = agent.handle(10, Event::Granted(1_000));
    assert_eq!(agent.admit_call(999, "s", 3), Ok(()));
    assert_eq!(agent.admit_call(1_000, "s", 3), Err(Refusal::LeaseExpired));
    assert_eq!(agent.admit_call(u64::MAX, "s", 3), Err(Refusal::LeaseExpired));
    // The next answer lets it go on; one that was overtaken takes nothing back.
    let _ = agent.handle(5_000, Event::Granted(6_000));
    let _ = agent.handle(5_000, Event::Granted(5_500));
    assert_eq!(agent.admit_call(5_999, "s", 3), Ok(()));
    assert_eq!(agent.admit_call(6_000, "s", 3), Err(Refusal::LeaseExpired));
}

#[test]
fn what_is_disowned_is_removed_without_a_report_unless_it_is_newer() {
    let mut world = started(&["old", "new"]);
    world.job(job("again", JobKind::Stop, "new", 2, amounts(1, 1, 1)));
    world.settle();
    let reports = world.observations.len();
    let list = [("old", 1), ("new", 1), ("never", 9)];
    world.event(Event::Disowned(list.map(|(it, up_to)| (it.to_owned(), up_to)).to_vec()));
    assert!(matches!(world.admit("old", 1), Err(Refusal::Unknown(_))), "at once");
    world.settle();
    assert_eq!(world.observations.len(), reports);
    assert!(!world.disk.contains_key("old"));
    assert_eq!(world.disk.get("new"), Some(&false));
    assert_eq!(world.agent.reserved(), amounts(1, 1, 1));
    // It is not told in later reports either.
    world.event(Event::Tick);
    assert!(world.observations[reports..].iter().all(|o| o.sandbox == "new"));
}

#[test]
fn a_job_of_a_disowned_generation_is_not_answered_and_a_newer_one_begins_with_empty_files() {
    let mut world = started(&["s"]);
    world.event(Event::Disowned(vec![("s".into(), 1)]));
    let reports = world.observations.len();
    world.job(job("late", JobKind::Create, "s", 1, amounts(1, 1, 1)));
    world.job(job("back", JobKind::Create, "s", 4, amounts(2, 2, 2)));
    assert_eq!(world.in_flight.len(), 1, "first the removal");
    world.step(Ok(()));
    assert!(!world.disk.contains_key("s"));
    world.settle();
    assert_eq!(world.disk.get("s"), Some(&true));
    assert_eq!(world.observations.len(), reports + 1);
    assert_eq!(
        world.last("s").map(|o| (o.state, o.generation)),
        Some((State::Started, 4))
    );
    assert!(world.ended("back") && !world.ended("late"));
    assert_eq!(world.agent.reserved(), amounts(2, 2, 2));
    assert_eq!(world.admit("s", 4), Ok(()));
}

#[test]
fn a_sandbox_that_is_disowned_while_it_is_made_goes_all_the_same() {
    for outcome in [Ok(()), Err("no space left".to_owned())] {
        let mut world = started(&[]);
        world.job(job("j", JobKind::Create, "s", 1, amounts(1, 1, 1)));
        world.event(Event::Disowned(vec![("s".into(), 1)]));
        assert!(matches!(world.admit("s", 1), Err(Refusal::Unknown(_))));
        world.step(outcome);
        assert!(matches!(world.admit("s", 1), Err(Refusal::Unknown(_))));
        world.settle();
        assert!(world.disk.is_empty() && world.observations.is_empty());
        assert_eq!(world.agent.reserved(), amounts(0, 0, 0));
    }
}

#[test]
fn removals_that_fail_are_tried_again() {
    let mut world = started(&["disowned", "destroyed"]);
    world.event(Event::Disowned(vec![("disowned".into(), 1)]));
    world.job(job("end", JobKind::Destroy, "destroyed", 2, amounts(1, 1, 1)));
    world.step(Err("busy".into()));
    world.step(Err("busy".into()));
    assert!(world.in_flight.is_empty());
    assert_eq!(world.last_state("destroyed"), Some(State::Error));
    assert!(
        !world.ended("end"),
        "an end with an error is one that nobody takes up again"
    );
    world.now += limits::REMOVED_AGAIN - 1;
    world.event(Event::Tick);
    assert!(world.in_flight.is_empty(), "not yet");
    world.now += 1;
    world.event(Event::Tick);
    world.settle();
    assert!(world.disk.is_empty());
    assert_eq!(world.last_state("destroyed"), Some(State::Destroyed));
    assert!(world.ended("end"));
    assert_eq!(world.last_state("disowned"), Some(State::Started), "nothing since");
}

#[test]
fn what_the_plane_expects_and_is_not_here_is_told_as_lost() {
    let mut world = World::new(amounts(4, 4, 4));
    world.event(Event::Found(vec![(spec("here", 3, amounts(1, 1, 1)), true)]));
    world.event(Event::Expected(vec![("here".into(), 3), ("gone".into(), 7)]));
    world.settle();
    let gone = world.last("gone").expect("reported");
    assert_eq!(
        (gone.state, gone.generation, gone.recoverable),
        (State::Error, 7, false)
    );
    assert!(gone.reason.as_deref().is_some_and(|r| r.contains("lost")));
    assert_eq!(world.last_state("here"), Some(State::Started));
    assert!(matches!(world.admit("gone", 7), Err(Refusal::Stopped(_))));
    // Its own removal may just not have been told: the job of the same generation removes it for good.
    world.event(Event::Expected(vec![("leaving".into(), 4)]));
    world.job(job("end", JobKind::Destroy, "leaving", 4, amounts(1, 1, 1)));
    world.settle();
    assert_eq!(world.last_state("leaving"), Some(State::Destroyed));
    assert!(world.ended("end"));
    // Its create comes again, because its end was not heard: that must not make an empty one in its place.
    world.job(job("again", JobKind::Create, "gone", 7, amounts(1, 1, 1)));
    assert!(world.in_flight.is_empty());
    assert_eq!(world.last_state("gone"), Some(State::Error));
    assert!(world.ended("again"));
    // A new life is another matter.
    world.job(job("new", JobKind::Create, "gone", 8, amounts(1, 1, 1)));
    world.settle();
    assert_eq!(world.last_state("gone"), Some(State::Started));
}
