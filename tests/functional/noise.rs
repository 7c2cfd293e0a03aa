//! Noisy neighbours.

use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Sandboxes that compute without a rest.
const BUSY: usize = 8;
/// Commands of the quiet one that are timed, alone and beside them.
const ROUNDS: usize = 200;
/// The promise is twice the lonely time for nearly all commands. A test machine has other things to do as well, so the middle and
/// the ninth of ten are held to this, and to no less than `FLOOR`.
const FACTOR: u32 = 3;
/// Below this a difference is noise of the machine's own scheduler.
const FLOOR: Duration = Duration::from_millis(5);

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

fn burn(api: &Api, stop: &Arc<AtomicBool>) -> Vec<std::thread::JoinHandle<()>> {
    (0..BUSY)
        .map(|number| {
            let (api, stop) = (api.clone(), Arc::clone(stop));
            let sandbox: Value = api.create(&json!({}));
            let command = if number % 2 == 0 {
                "while :; do :; done"
            } else {
                "python3 -c 'while True: pass'"
            };
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    api.exec_with(&sandbox, json!({ "command": command, "timeout": 4 }));
                }
            })
        })
        .collect()
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
    let stop = Arc::new(AtomicBool::new(false));
    let busy = burn(&api, &stop);
    // Past a few milliseconds of computing they are on the slow lane.
    std::thread::sleep(Duration::from_millis(500));
    let (beside, busy_plane) = (Times::of(exec), Times::of(plane));
    stop.store(true, Ordering::Relaxed);
    for thread in busy {
        thread.join().expect("a busy neighbour");
    }
    let figures = format!(
        "exec alone: {lonely}\nexec beside {BUSY} busy sandboxes: {beside}\nthe plane alone: {idle_plane}\nthe plane beside them: {busy_plane}"
    );
    eprintln!("{figures}");
    for (alone, now) in [(&lonely, &beside), (&idle_plane, &busy_plane)] {
        for percent in [50, 90] {
            let bound = (alone.at(percent) * FACTOR).max(FLOOR);
            assert!(now.at(percent) <= bound, "p{percent} is over {bound:?}\n{figures}");
        }
    }
}
