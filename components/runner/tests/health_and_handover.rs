//! Sizes, health reports, handing the state over.

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
fn an_update_changes_the_size_and_keeps_the_state() {
    let mut world = started(&["s"]);
    world.job(job("grow", JobKind::Update, "s", 2, amounts(3, 2, 5)));
    world.settle();
    assert_eq!(world.agent.reserved(), amounts(3, 2, 5));
    assert_eq!(
        world.last("s").map(|o| (o.state, o.generation, o.reason.clone())),
        Some((State::Started, 2, None))
    );
    assert_eq!(world.admit("s", 2), Ok(()));
    assert!(world.ended("grow"));

    world.job(job("stop", JobKind::Stop, "s", 3, amounts(3, 2, 5)));
    world.job(job("shrink", JobKind::Update, "s", 4, amounts(1, 1, 5)));
    world.settle();
    assert_eq!(
        world.last("s").map(|o| (o.state, o.generation)),
        Some((State::Stopped, 4))
    );
    assert_eq!(world.disk.get("s"), Some(&false), "it did not start");
    assert_eq!(world.agent.reserved(), amounts(1, 1, 5));
    assert!(world.ended("stop") && world.ended("shrink"));
}

#[test]
fn an_update_that_does_not_fit_is_refused_and_the_sandbox_goes_on() {
    let mut world = World::new(amounts(4, 4, 4));
    for name in ["s", "t"] {
        world.job(job(name, JobKind::Create, name, 1, amounts(2, 1, 1)));
    }
    world.settle();
    world.job(job("grow", JobKind::Update, "s", 2, amounts(3, 1, 1)));
    world.settle();
    let last = world.last("s").expect("reported");
    assert_eq!((last.state, last.generation), (State::Started, 2));
    assert!(
        last.reason
            .as_deref()
            .is_some_and(|r| r.contains("full") && r.contains("cpu")),
        "{last:?}"
    );
    assert_eq!(last.job.as_deref(), Some("grow"));
    assert_eq!(world.agent.reserved(), amounts(4, 2, 2));
    assert_eq!(world.admit("s", 2), Ok(()));
    // The refusal is told once.
    world.event(Event::Tick);
    assert!(world.last("s").is_some_and(|o| o.reason.is_none()));
    // A broken sandbox is not started by it.
    world.job(job("bad", JobKind::Create, "u", 1, amounts(9, 9, 9)));
    world.job(job("size", JobKind::Update, "u", 2, amounts(1, 1, 1)));
    assert!(world.in_flight.is_empty());
    assert_eq!(
        world.last("u").map(|o| (o.state, o.generation)),
        Some((State::Error, 2))
    );
}

#[test]
fn health_is_reported_at_the_interval() {
    let mut world = started(&["s", "t"]);
    world.job(job("stop", JobKind::Stop, "t", 2, amounts(1, 1, 1)));
    world.settle();
    world.event(Event::Sample(Sample {
        memory_used: 12.5,
        ..Sample::default()
    }));
    for _ in 0..=10 {
        world.event(Event::Tick);
        world.now += 1_000;
    }
    assert_eq!(world.healths.len(), 3, "at 0 s, 5 s and 10 s");
    let health = &world.healths[2];
    assert_eq!((health.started_sandboxes, health.sandboxes), (1, 2));
    assert_eq!(
        health.allocated,
        amounts(1, 1, 2),
        "CPU and memory of started ones, disk of all"
    );
    assert_eq!(health.used.memory_used, 12.5);
    assert_eq!(health.snapshots, ["default"]);
    assert!(health.healthy);
}

#[test]
fn a_service_that_changes_is_reported_at_once_but_not_each_second_anew() {
    let mut world = started(&[]);
    world.event(Event::Tick);
    let unwell = |reason: &str| Event::Service("disk".into(), Err(reason.into()));
    world.now += 2_000;
    world.event(unwell("read-only"));
    assert_eq!(world.healths.len(), 2);
    let health = &world.healths[1];
    assert!(!health.healthy);
    assert!(health.services.contains(&("disk".into(), Err("read-only".into()))));
    // The same again is no news.
    world.now += 2_000;
    world.event(unwell("read-only"));
    assert_eq!(world.healths.len(), 2);
    world.event(Event::Service("disk".into(), Ok(())));
    assert_eq!(world.healths.len(), 3);
    assert!(world.healths[2].healthy);
    // One that flaps is told once a second at most, and in the end as it is.
    for _ in 0..50 {
        world.event(unwell("flaps"));
        world.event(Event::Service("disk".into(), Ok(())));
    }
    world.event(unwell("flaps"));
    assert_eq!(world.healths.len(), 3);
    world.now += 999;
    world.event(Event::Tick);
    world.now += 1;
    world.event(Event::Tick);
    assert!(!world.healths.last().expect("health").healthy);
    // Names are bounded in length and number.
    for number in 0..100 {
        world.event(Event::Service(format!("s{number}"), Ok(())));
    }
    world.event(Event::Service("x".repeat(65), Ok(())));
    world.now += 10_000;
    world.event(Event::Tick);
    assert_eq!(
        world.healths.last().expect("health").services.len(),
        limits::SERVICES + 1
    );
}

#[test]
fn a_runner_that_keeps_failing_says_so_at_once_and_for_a_while() {
    let mut world = started(&[]);
    world.event(Event::Tick);
    world.now += 2_000;
    for name in ["a", "b", "c"] {
        assert!(world.healths.last().expect("health").healthy);
        world.job(job(name, JobKind::Create, name, 1, amounts(1, 1, 1)));
        world.step(Err("broken".into()));
    }
    let health = world.healths.last().expect("health");
    assert!(!health.healthy);
    assert!(
        health
            .services
            .iter()
            .any(|(name, it)| name == "sandboxes" && it.is_err())
    );
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
fn thousands_of_sandboxes_are_reported_in_parts() {
    let mut agent = Agent::new(configuration(amounts(1, 1, 1)));
    let found = (0..2_500)
        .map(|i| (spec(&format!("s{i:04}"), 1, amounts(1, 1, 1)), false))
        .collect();
    let sizes: Vec<usize> = agent
        .handle(0, Event::Found(found))
        .iter()
        .map(|action| match action {
            runner::Action::Report(observations, _) => observations.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [limits::OBSERVATIONS, limits::OBSERVATIONS, 500]);
}

#[test]
fn a_newer_component_takes_over_without_losing_an_action() {
    let mut world = started(&["s", "t", "u"]);
    world.job(job("stop", JobKind::Stop, "t", 2, amounts(1, 1, 1)));
    world.job(job("new", JobKind::Create, "v", 1, amounts(1, 1, 1)));
    world.event(Event::Disowned(vec![("u".into(), 1)]));
    world.event(Event::Service("disk".into(), Err("full".into())));
    let state = world.agent.export();
    let mut newer = Agent::new(configuration(amounts(1_000, 1_000, 1_000)));
    newer.import(&state).expect("its own format");
    assert_eq!(newer.reserved(), world.agent.reserved());
    assert_eq!(newer.export(), state);
    world.agent = newer;
    world.settle();
    assert_eq!(world.admit("s", 1), Ok(()), "the lease goes on");
    assert!(world.ended("stop") && world.ended("new"));
    assert_eq!(world.last_state("t"), Some(State::Stopped));
    assert_eq!(world.last_state("v"), Some(State::Started));
    assert!(!world.disk.contains_key("u"));
    world.event(Event::Tick);
    assert!(!world.healths.last().expect("health").healthy);
}

/// A state as version 1 wrote it: one started sandbox, one stop in flight.
const VERSION_1: &str = r#"{"version":1,
    "entries":{
        "s":{"generation":3,"target":"Started","phase":"Started","settled":true,"made":true,"loaded":true,
             "spec":{"sandbox":"s","generation":3,"need":{"cpu_milli":1000,"memory_mib":1024,"disk_mib":1024},"details":"{}"},
             "work":null,"jobs":[]},
        "t":{"generation":2,"target":"Stopped","phase":"Started","settled":false,"made":true,"loaded":true,
             "spec":{"sandbox":"t","generation":1,"need":{"cpu_milli":1000,"memory_mib":1024,"disk_mib":1024},"details":"{}"},
             "work":{"number":7,"step":"Stop","generation":2,"since":500,"restore":false},"jobs":["stop"]}},
    "reserved":{"s":{"cpu_milli":1000,"memory_mib":1024,"disk_mib":1024},"t":{"cpu_milli":1000,"memory_mib":1024,"disk_mib":1024}},
    "tombstones":[],"next_number":8,"sample":{"cpu_used":1.0,"memory_used":2.0,"disk_used":3.0,"load":0.5},
    "last_report":400,"failures":0,"last_failure":0}"#;

#[test]
fn the_state_of_an_older_version_is_taken_over() {
    let mut world = World::new(amounts(10, 10, 10));
    world.agent.import(VERSION_1.as_bytes()).expect("an older version");
    assert_eq!(world.agent.reserved(), amounts(2, 2, 2));
    world.event(Event::Granted(u64::MAX));
    assert_eq!(world.admit("s", 3), Ok(()));
    world.event(Event::Done(7, Ok(None)));
    assert_eq!(world.last_state("t"), Some(State::Stopped));
    assert!(world.ended("stop"));
}

#[test]
fn a_state_that_is_none_or_newer_is_refused_with_a_reason_and_changes_nothing() {
    let mut world = started(&["s"]);
    let now = String::from_utf8(world.agent.export()).expect("JSON");
    let newer = now.replacen("\"version\":3", "\"version\":4", 1);
    assert_ne!(now, newer);
    // A newer version may look quite different.
    for bytes in [newer.as_bytes(), br#"{"version":9,"sandboxes":[]}"#] {
        let error = world.agent.import(bytes).expect_err("newer").to_string();
        assert!(error.contains("reads 1 to 3"), "{error}");
    }
    for bytes in [&b"nonsense"[..], b"", b"{}", br#"{"version":3}"#, br#"{"version":0}"#] {
        assert!(world.agent.import(bytes).is_err());
    }
    assert_eq!(world.admit("s", 1), Ok(()));
}
