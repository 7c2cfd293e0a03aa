//! Programs that misbehave end with a clear reason, and take nothing with them.

use std::time::Duration;

use sandbar_process::{Limits, PROCESS_OVERHEAD_BYTES};

use crate::world::{PATIENCE, detached, guest, sandbox, world};

const MIB: u64 = 1 << 20;

#[test]
fn a_fault_ends_the_process_says_why_and_drops_its_store() {
    let fixture = sandbox(Limits::default());
    for (behaviour, code, reason) in [
        ("abort", 134, "aborted"),
        ("recurse", 139, "stack overflow"),
        ("wild", 139, "out of bounds"),
        ("overwrite", 137, "check-write"),
    ] {
        let (status, text) = fixture.run(&[behaviour]);
        assert_eq!(status, code, "{behaviour}: {text}");
        assert!(
            text.contains("sh: guest: killed: ") && text.contains(reason),
            "{behaviour}: {text}"
        );
        fixture.assert_clean();
    }
    assert_eq!(fixture.run(&["echo", "fine"]), (0, "fine\n".into()));
}

#[test]
fn memory_is_refused_at_the_limit() {
    let fixture = sandbox(Limits {
        memory_bytes: 64 * MIB,
        ..Limits::default()
    });
    let (code, text) = fixture.run(&["grow", "1000"]);
    assert_eq!(code, 4, "{text}");
    let took: u64 = text
        .split_whitespace()
        .nth(2)
        .and_then(|word| word.parse().ok())
        .expect("a number");
    assert!((55..64).contains(&took), "{text}");
    assert_eq!(fixture.run(&["grow", "30"]), (0, "took 30 MiB\n".into()));
    assert!(fixture.sandbox.usage().memory_peak_bytes <= 64 * MIB);
    fixture.assert_clean();
}

#[test]
fn a_program_that_dies_of_the_memory_limit_says_so() {
    let fixture = sandbox(Limits {
        memory_bytes: 64 * MIB,
        ..Limits::default()
    });
    let (code, text) = fixture.run(&["hold", "100", "0"]);
    assert_eq!(code, 137);
    assert!(
        text.contains("sh: guest: killed: out of memory (limit 64 MiB)\n"),
        "{text}"
    );
    fixture.assert_clean();
}

#[test]
fn memory_is_summed_over_all_processes() {
    let fixture = sandbox(Limits {
        memory_bytes: 64 * MIB,
        ..Limits::default()
    });
    let held: Vec<_> = (0..2)
        .map(|_| {
            fixture
                .sandbox
                .spawn(detached(&["hold", "25", "600000"]))
                .expect("starts")
        })
        .collect();
    wait_until("both hold their memory", || {
        fixture.sandbox.usage().memory_bytes >= 50 * MIB
    });
    let (code, text) = fixture.run(&["hold", "25", "0"]);
    assert_eq!(code, 137, "{text}");
    assert!(
        held.iter().all(|child| child.try_wait().is_none()),
        "only the one that asked dies"
    );
    fixture.sandbox.kill_all();
    fixture.assert_clean();
    assert_eq!(fixture.run(&["hold", "25", "0"]).0, 0);
}

#[test]
fn a_full_sandbox_refuses_the_next_process_at_once() {
    let fixture = sandbox(Limits {
        memory_bytes: 4 * MIB,
        ..Limits::default()
    });
    let child = fixture.sandbox.spawn(detached(&["sleep", "600000"])).expect("starts");
    wait_until("it runs", || {
        fixture.sandbox.usage().memory_bytes > PROCESS_OVERHEAD_BYTES
    });
    let mut refused = None;
    for _ in 0..100 {
        if let Err(errno) = fixture.sandbox.spawn(detached(&["sleep", "600000"])) {
            refused = Some(errno);
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(refused, Some(sandbar_process::Errno::Memory));
    child.kill(sandbar_process::Signal::KILL).expect("lives");
    fixture.sandbox.kill_all();
    fixture.assert_clean();
}

#[test]
fn endless_loops_do_not_starve_others() {
    let busy = sandbox(Limits::default());
    for _ in 0..8 {
        busy.sandbox.spawn(detached(&["spin"])).expect("starts");
    }
    let other = sandbox(Limits::default());
    let (code, text) = other.run(&["bench", "200"]);
    assert_eq!(code, 0);
    println!("spawn and wait beside 8 endless loops, µs (p50 p99): {}", text.trim());
    busy.sandbox.kill_all();
    busy.assert_clean();
    assert!(busy.sandbox.usage().cpu > Duration::ZERO);
}

#[test]
fn time_runs_out_for_a_whole_tree() {
    let fixture = sandbox(Limits::default());
    for behaviour in [&["spin"][..], &["tree", "4"], &["sleep", "600000"], &["fork-bomb"]] {
        let mut exec = guest(behaviour);
        exec.timeout = Some(Duration::from_millis(300));
        let outcome = fixture.exec(exec).expect("starts");
        assert!(outcome.timed_out, "{behaviour:?}: {outcome:?}");
        assert_eq!(outcome.status.code(), 137);
        fixture.assert_clean();
    }
    assert_eq!(fixture.run(&["echo", "fine"]), (0, "fine\n".into()));
}

#[test]
fn a_flood_of_output_is_cut_and_ends_the_command() {
    let fixture = sandbox(Limits::default());
    for behaviour in [&["yes"][..], &["generate", "10000000000"], &["drip"]] {
        let mut exec = guest(behaviour);
        exec.output_limit = 100_000;
        let outcome = fixture.exec(exec).expect("starts");
        assert!(outcome.truncated && !outcome.timed_out, "{behaviour:?}");
        assert_eq!(outcome.status.code(), 137);
        assert!(
            outcome
                .output
                .ends_with(b"[killed: output limit of 100000 bytes exceeded]\n")
        );
        assert!(outcome.output.len() < 100_100);
        fixture.assert_clean();
    }
}

#[test]
fn output_that_nobody_reads_waits_in_bounded_memory() {
    let fixture = sandbox(Limits::default());
    let (reader, writer) = fixture.sandbox.pipe().expect("a pipe");
    let mut spawn = detached(&["generate", "10000000000"]);
    spawn.stdout = writer;
    let child = fixture.sandbox.spawn(spawn).expect("starts");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(child.try_wait(), None);
    drop(reader);
    let status = world()
        .runtime
        .block_on(async { tokio::time::timeout(PATIENCE, child.wait()).await });
    assert_eq!(status.expect("ends").code(), 141);
    fixture.assert_clean();
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
