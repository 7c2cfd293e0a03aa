//! Signals that are caught, ignored, and that stop and continue.

use std::time::Duration;

use sandbar_process::{Child, Descriptor, ExitStatus, Limits, Signal};

use crate::world::{Fixture, PATIENCE, detached, sandbox, world};

/// Starts a guest whose output can be read line by line.
fn talking(fixture: &Fixture, arguments: &[&str]) -> (Child, Descriptor) {
    let (reader, writer) = fixture.sandbox.pipe().expect("a pipe");
    let mut spawn = detached(arguments);
    spawn.stdout = writer;
    (fixture.sandbox.spawn(spawn).expect("starts"), reader)
}

fn hears(reader: &Descriptor, expected: &str) {
    let mut heard = Vec::new();
    world().runtime.block_on(async {
        while heard.len() < expected.len() {
            let piece = tokio::time::timeout(PATIENCE, reader.read(100)).await;
            let piece = piece.unwrap_or_else(|_| panic!("{expected:?} does not come, only {heard:?}"));
            match piece.expect("reads") {
                Some(bytes) => heard.extend_from_slice(&bytes),
                None => break,
            }
        }
    });
    assert_eq!(String::from_utf8_lossy(&heard), expected);
}

fn ends(child: &Child) -> ExitStatus {
    let wait = async { tokio::time::timeout(PATIENCE, child.wait()).await };
    world().runtime.block_on(wait).expect("ends")
}

#[test]
fn who_catches_a_signal_hears_of_it_and_goes_on() {
    let fixture = sandbox(Limits::default());
    let (child, reader) = talking(&fixture, &["catch", "3"]);
    hears(&reader, "ready\n");
    for signal in [Signal::TERM, Signal::INT, Signal::WINCH] {
        child.kill(signal).expect("lives");
        hears(&reader, &format!("caught {}\n", signal.number()));
    }
    assert_eq!(ends(&child), ExitStatus::Exited(0));
    drop(reader);
    let (child, reader) = talking(&fixture, &["catch", "3"]);
    hears(&reader, "ready\n");
    child.kill(Signal::KILL).expect("lives");
    assert_eq!(ends(&child), ExitStatus::Signaled(Signal::KILL), "nobody catches that");
    drop(reader);
    fixture.assert_clean();
}

#[test]
fn who_ignores_a_signal_is_left_alone() {
    let fixture = sandbox(Limits::default());
    let (child, reader) = talking(&fixture, &["ignore"]);
    hears(&reader, "ready\n");
    child.kill(Signal::TERM).expect("lives");
    child.kill(Signal::CHLD).expect("lives");
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(child.try_wait(), None);
    child.kill(Signal::HUP).expect("lives");
    assert_eq!(ends(&child), ExitStatus::Signaled(Signal::HUP));
    drop(reader);
    fixture.assert_clean();
}

#[test]
fn ignored_signals_are_inherited() {
    let fixture = sandbox(Limits::default());
    assert_eq!(fixture.run(&["inherited"]), (0, "[]\n[2]\n[1, 2]\n".into()));
}

#[test]
fn a_stopped_process_makes_no_progress_until_it_is_continued() {
    let fixture = sandbox(Limits::default());
    assert_eq!(fixture.run(&["stop-child"]), (0, "143\n137\n".into()));
    fixture.assert_clean();
}

#[test]
fn a_stopped_process_that_waits_in_the_host_wakes_up_only_after_it() {
    let fixture = sandbox(Limits::default());
    let (child, reader) = talking(&fixture, &["delayed", "100"]);
    std::thread::sleep(Duration::from_millis(20));
    child.kill(Signal::TSTP).expect("lives");
    assert!(child.is_stopped());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait(), None);
    child.kill(Signal::CONT).expect("lives");
    hears(&reader, "late\n");
    assert_eq!(ends(&child), ExitStatus::Exited(0));
}

#[test]
fn who_stops_itself_stops_there() {
    let fixture = sandbox(Limits::default());
    let (child, reader) = talking(&fixture, &["stop-self"]);
    hears(&reader, "before\n");
    let stopped = async { tokio::time::timeout(PATIENCE, child.wait_stop()).await };
    world().runtime.block_on(stopped).expect("stops");
    std::thread::sleep(Duration::from_millis(50));
    assert!(matches!(reader.try_read(10), sandbar_process::Received::Empty));
    child.kill(Signal::CONT).expect("lives");
    hears(&reader, "after\n");
    assert_eq!(ends(&child), ExitStatus::Exited(0));
}

#[test]
fn a_stopped_process_can_be_killed_and_its_sandbox_stopped() {
    let fixture = sandbox(Limits::default());
    for _ in 0..3 {
        let (child, _reader) = talking(&fixture, &["spin"]);
        child.kill(Signal::STOP).expect("lives");
    }
    let stop = async { tokio::time::timeout(PATIENCE, fixture.sandbox.stop()).await };
    world().runtime.block_on(stop).expect("stops");
    fixture.assert_clean();
}
