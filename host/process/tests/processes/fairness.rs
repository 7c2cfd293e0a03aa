//! Busy processes, their neighbours, and quotas of CPU time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sandbar_process::{Limits, Signal};

use crate::world::{detached, guest, sandbox, world};

#[test]
fn a_quota_of_cpu_time_holds_over_all_processes() {
    let fixture = sandbox(Limits {
        cpu_milli: Some(200),
        ..Limits::default()
    });
    let since = Instant::now();
    for _ in 0..4 {
        fixture.sandbox.spawn(detached(&["spin"])).expect("starts");
    }
    std::thread::sleep(Duration::from_secs(2));
    let (used, elapsed) = (fixture.sandbox.usage().cpu, since.elapsed());
    let share = used.as_secs_f64() / elapsed.as_secs_f64();
    // How much less it is says how busy the machine is.
    assert!(share > 0.0 && share < 0.35, "{used:?} in {elapsed:?}");
    // Who waits for its turn can still be killed.
    fixture.sandbox.kill_all();
    fixture.assert_clean();
}

#[test]
fn short_commands_stay_quick_beside_eight_busy_sandboxes() {
    let busy: Vec<_> = (0..8).map(|_| sandbox(Limits::default())).collect();
    let quiet = sandbox(Limits::default());
    let lonely = exec_times(&quiet);
    for fixture in &busy {
        fixture.sandbox.spawn(detached(&["spin"])).expect("starts");
    }
    // They are found out.
    std::thread::sleep(Duration::from_millis(100));
    let crowded = exec_times(&quiet);
    for fixture in &busy {
        fixture.sandbox.kill_all();
        fixture.assert_clean();
    }
    println!("alone {lonely:?}, beside eight busy ones {crowded:?} (median, 90 %)");
    assert!(crowded.0 < Duration::from_millis(5), "{crowded:?}, alone {lonely:?}");
}

/// A thread that gets nothing but spare time has some 3 ms of a second beside a thread that wants all of it, so it would
/// not have this much after [`PATIENCE`]; one with a fair share of a processor that others want too has it in 2 s.
const ENOUGH: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn long_work_goes_on_where_the_machine_has_no_time_to_spare() {
    let stop = AtomicBool::new(false);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let fixture = sandbox(Limits::default());
    fixture.sandbox.spawn(detached(&["spin"])).expect("starts");
    std::thread::sleep(Duration::from_millis(100));
    let used = std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let before = fixture.sandbox.usage().cpu;
        let since = Instant::now();
        let used = loop {
            std::thread::sleep(Duration::from_millis(200));
            let used = fixture.sandbox.usage().cpu - before;
            if used > ENOUGH || since.elapsed() > PATIENCE {
                break used;
            }
        };
        stop.store(true, Ordering::Relaxed);
        println!("{used:?} in {:?} beside {cores} busy threads", since.elapsed());
        used
    });
    fixture.sandbox.kill_all();
    fixture.assert_clean();
    assert!(used > ENOUGH, "{used:?}");
}

/// Median and 90th percentile of an exec that does nothing.
fn exec_times(fixture: &crate::world::Fixture) -> (Duration, Duration) {
    let mut times: Vec<_> = (0..100)
        .map(|_| {
            let since = Instant::now();
            fixture.exec(guest(&["exit", "0"])).expect("starts");
            since.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[50], times[90])
}

#[test]
fn busy_sandboxes_share_by_weight_and_are_counted() {
    let heavy = |milli| {
        let fixture = sandbox(Limits {
            cpu_milli: Some(milli),
            ..Limits::default()
        });
        for _ in 0..4 {
            fixture.sandbox.spawn(detached(&["spin"])).expect("starts");
        }
        fixture
    };
    let (one, four) = (heavy(2000), heavy(8000));
    std::thread::sleep(Duration::from_secs(2));
    let (small, large) = (one.sandbox.usage().cpu, four.sandbox.usage().cpu);
    let listed: Duration = four.sandbox.processes().iter().map(|info| info.cpu).sum();
    one.sandbox.kill_all();
    four.sandbox.kill_all();
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    assert!((2.0..8.0).contains(&ratio), "{small:?} and {large:?}");
    assert!(listed > large / 2, "{listed:?} of {large:?} is in the listing");
    one.assert_clean();
    four.assert_clean();
}

#[test]
fn a_process_that_rests_moves_back_and_forth() {
    let fixture = sandbox(Limits::default());
    let since = Instant::now();
    let outcome = fixture.exec(guest(&["bursts", "10"])).expect("starts");
    assert_eq!(
        (outcome.status.code(), &outcome.output[..]),
        (0, &b"done\n"[..]),
        "{outcome:?}"
    );
    println!("{:?}", since.elapsed());
    // And while it is there it can be killed, stopped and continued.
    let child = fixture.sandbox.spawn(detached(&["bursts", "1000000"])).expect("starts");
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(7));
        child.kill(Signal::STOP).expect("lives");
        child.kill(Signal::CONT).expect("lives");
    }
    child.kill(Signal::KILL).expect("lives");
    world().runtime.block_on(child.wait());
    fixture.assert_clean();
}
