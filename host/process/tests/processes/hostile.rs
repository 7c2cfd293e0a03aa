//! Guests that try to use up what the host keeps for them: handles, pollables, signals, writes.

use std::time::{Duration, Instant};

use sandbar_process::Limits;

use crate::world::{guest, sandbox};

#[test]
fn empty_writes_and_single_bytes_go_through() {
    let fixture = sandbox(Limits::default());
    assert_eq!(fixture.run(&["empty-writes", "10000"]), (0, "done\n".into()));
    let (code, text) = fixture.run(&["byte-writes", "50000"]);
    assert_eq!((code, text.len()), (0, 50_000));
    fixture.assert_clean();
}

#[test]
fn a_process_that_takes_handles_without_end_dies_of_it_alone() {
    let fixture = sandbox(Limits::default());
    for bomb in ["descriptors", "pollables", "timers", "huge-random"] {
        let since = Instant::now();
        let outcome = fixture.exec(guest(&[bomb])).expect("starts");
        assert!(outcome.status.code() > 128, "{bomb}: {outcome:?}");
        assert!(
            !outcome.timed_out && since.elapsed() < Duration::from_secs(20),
            "{bomb}"
        );
        assert_eq!(fixture.run(&["echo", "fine"]), (0, "fine\n".into()));
    }
    fixture.assert_clean();
}

#[test]
fn signals_that_nobody_takes_do_not_pile_up() {
    let fixture = sandbox(Limits::default());
    assert_eq!(fixture.run(&["signal-storm"]), (0, "4\n".into()));
    fixture.assert_clean();
}

#[test]
fn handles_that_are_closed_are_free_again() {
    let fixture = sandbox(Limits::default());
    assert_eq!(fixture.run(&["reopen", "20000"]), (0, "fine\n".into()));
    fixture.assert_clean();
}

#[test]
fn a_full_sandbox_can_still_be_looked_into() {
    let fixture = sandbox(Limits {
        processes: 4,
        ..Limits::default()
    });
    for _ in 0..4 {
        fixture
            .sandbox
            .spawn(crate::world::detached(&["sleep", "600000"]))
            .expect("room");
    }
    assert_eq!(fixture.run(&["echo", "looked"]), (0, "looked\n".into()));
    fixture.sandbox.kill_all();
    fixture.assert_clean();
}

/// Instances that are made where another one's memory was.
const FRESH: usize = 1000;

#[test]
fn new_instances_see_nothing_of_those_before() {
    let fixture = sandbox(Limits::default());
    for round in 0..FRESH {
        if round % 100 == 0 {
            assert_eq!(fixture.run(&["leave-pattern", "67108864"]), (0, String::new()));
        }
        // 2: something is there; 1: no memory to be had.
        assert_eq!(
            fixture.run(&["seek-pattern", "1048576"]),
            (0, String::new()),
            "round {round}"
        );
    }
    fixture.assert_clean();
}
