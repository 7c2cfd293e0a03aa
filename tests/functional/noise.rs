//! Noisy neighbours.

use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Sandboxes that compute without a rest.
const BUSY: usize = 8;
/// Commands of the quiet one that are timed, alone and beside them.
const ROUNDS: usize = 200;
/// Of the lonely time, what nearly all commands may take.
const FACTOR: u32 = 2;
/// Below this a difference is noise of the machine's own scheduler.
const FLOOR: Duration = Duration::from_millis(3);
/// The same for the one command of a hundred that took longest.
const TAIL_FLOOR: Duration = Duration::from_millis(12);
/// A machine that tests has other things to do as well, and they only ever add: the best of so many looks is judged.
const LOOKS: usize = 4;

struct Times(Vec<Duration>);

impl Times {
    fn of(mut act: impl FnMut()) -> Times {
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let started = Instant::now();
                act();
                started.elapsed()
            })
            .collect();
        times.sort();
        Times(times)
    }

    fn keep_to(&self, lonely: &Times) -> bool {
        [(50, FLOOR), (90, FLOOR), (99, TAIL_FLOOR)]
            .into_iter()
            .all(|(percent, floor)| self.at(percent) <= (lonely.at(percent) * FACTOR).max(floor))
    }

    fn at(&self, percent: usize) -> Duration {
        self.0.get(self.0.len() * percent / 100).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "median {:?}, p90 {:?}, p99 {:?}",
            self.at(50),
            self.at(90),
            self.at(99)
        )
    }
}

/// Starts what computes without an end.
fn burn(api: &Api, number: usize) {
    let sandbox: Value = api.create(&json!({}));
    let command = if number.is_multiple_of(2) {
        "while :; do :; done"
    } else {
        "python3 -c 'while True: pass'"
    };
    let path = format!("{}/process/execs", Api::toolbox(&sandbox));
    let answer = api.post(&path, &json!({ "command": command, "timeout": 300 }));
    assert_eq!(answer.status, 201, "{}", answer.text);
}

#[test]
fn eight_busy_sandboxes_slow_neither_a_quiet_one_nor_the_plane() {
    let platform = Platform::start();
    let api = platform.api();
    let quiet = api.create(&json!({}));
    let exec = || {
        let answer = api.exec(&quiet, "true");
        assert_eq!(answer.json["exitCode"], 0, "{}", answer.text);
    };
    let path = format!("/sandbox/{}", quiet["id"].as_str().unwrap_or_default());
    let plane = || assert_eq!(api.get(&path).status, 200);
    for _ in 0..20 {
        exec();
    }
    let (lonely, idle_plane) = (Times::of(exec), Times::of(plane));
    eprintln!("alone: exec {lonely}; the plane {idle_plane}");
    (0..BUSY).for_each(|number| burn(&api, number));
    // Past a few milliseconds of computing they have spare time only.
    std::thread::sleep(Duration::from_millis(500));
    let kept = (0..LOOKS).any(|_| {
        let (beside, busy_plane) = (Times::of(exec), Times::of(plane));
        eprintln!("beside {BUSY} busy sandboxes: exec {beside}; the plane {busy_plane}");
        beside.keep_to(&lonely) && busy_plane.keep_to(&idle_plane)
    });
    assert!(
        kept,
        "none of {LOOKS} looks shows half, 90 % and 99 % of the commands below {FACTOR} times the lonely time"
    );
}
