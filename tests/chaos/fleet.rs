//! Runner machines that die, sleep and drain under a load of creates, commands and deletes.
//!
//! Three runner processes in two regions. One is killed with -9 and started again, one is stopped for longer than any limit and
//! continued, one drains. What must hold: nothing acknowledged is lost, no runner is sold beyond what it has at any moment, nothing
//! is acknowledged without a lease, every refusal says what it is, and in the end nothing is left over.

use crate::load::{Ledger, client, settle};
use sandbar_tests::{Api, Platform, RunnerProcess, Settings, make_region};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Silence after which a runner is suspect, disconnected and lost, seconds. A lease is three quarters of the last.
const VERDICTS: &str = "2,4,6";
/// What each machine sells: less than the load wants, so that there are refusals, too.
const ROOM: [&str; 6] = ["--cpu", "14", "--memory", "64", "--disk", "640"];
const CLIENTS: u64 = 5;

#[test]
fn a_load_survives_runners_that_die_sleep_and_drain() {
    let platform = Platform::start_with(Settings {
        arguments: ["--verdicts", VERDICTS].map(str::to_owned).to_vec(),
        ..Settings::default()
    });
    let api = platform.api();
    let (north, south) = (make_region(&api, "north"), make_region(&api, "south"));
    let mut dies = RunnerProcess::start(&platform, &north, "dies", &ROOM);
    let sleeps = RunnerProcess::start(&platform, &north, "sleeps", &ROOM);
    let mut drains = RunnerProcess::start(&platform, &south, "drains", &ROOM);
    let seed = seed();
    let ledger = Ledger::default();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // However this thread ends, the others end too.
        let _end = Ending(&stop);
        let regions = [north.as_str(), south.as_str()];
        for number in 0..CLIENTS {
            let (api, ledger, stop) = (&api, &ledger, &stop);
            scope.spawn(move || client(api, regions, seed ^ number, ledger, stop));
        }
        scope.spawn(|| watch(&api, &stop));
        std::thread::sleep(Duration::from_millis(1500));

        dies.kill();
        std::thread::sleep(Duration::from_millis(400));
        dies.run();
        dies.wait_until(Duration::from_secs(20), "back", |now| now["connected"] == true);

        sleep_past_the_lease(&api, &north, &sleeps);

        let asked = api.patch(
            &format!("/runners/{}/draining", drains.id),
            &json!({"draining": true, "stopStarted": true}),
        );
        assert_eq!(asked.status, 200, "{}", asked.text);
        let refused = until(Duration::from_secs(10), || {
            let reply = api.post("/sandbox", &json!({ "target": south }));
            (reply.status != 200).then_some(reply)
        });
        assert!(refused.text.contains("drain"), "the refusal says why: {}", refused.text);
        drains.wait_until(Duration::from_secs(30), "without started sandboxes", |now| {
            now["currentStartedSandboxes"] == 0
        });
        let asked = api.patch(&format!("/runners/{}/draining", drains.id), &json!({"draining": false}));
        assert_eq!(asked.status, 200, "{}", asked.text);
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
    });
    let counts = ledger.counts();
    eprintln!("seed {seed}: {counts}");
    assert!(ledger.made() > 20, "too little load to say anything: {counts}");
    for runner in [&dies, &sleeps, &drains] {
        runner.wait_until(Duration::from_secs(30), "ready", |now| {
            now["verdict"]["name"] == "ready"
        });
    }
    settle(&api, &ledger);
    nothing_is_left_over(&api, &[&dies, &sleeps, &drains]);
    assert_eq!(drains.stop(), Some(0), "a clean end: {}", drains.log_tail());
}

struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Stops a runner until nobody expects it back, and continues it. What was sent to it meanwhile is acknowledged only under a lease
/// that the platform has given after it woke, and never by a copy that was deleted meanwhile.
fn sleep_past_the_lease(api: &Api, region: &str, runner: &RunnerProcess) {
    let [kept, deleted] = ["kept", "deleted"].map(|name| on_runner(api, region, &runner.id, name));
    let acknowledged = api.exec(&kept, "echo before > mark.txt");
    assert_eq!(acknowledged.json["exitCode"], 0, "{}", acknowledged.text);
    runner.signal("STOP");
    let slept = Instant::now();
    runner.wait_until(Duration::from_secs(30), "lost", |now| now["verdict"]["name"] == "lost");
    eprintln!("lost after {:?}", slept.elapsed());
    let shown = until(Duration::from_secs(10), || {
        let now = api.get(&format!("/sandbox/{}", id(&kept))).json;
        (now["state"] == "error").then_some(now)
    });
    // Nobody can recover it while its machine is away, and it says so.
    assert_eq!(shown["recoverable"], false, "{shown}");
    let reason = shown["errorReason"].as_str().unwrap_or_default();
    assert!(reason.contains("comes back with it"), "a user can read why: {shown}");
    let gone = api.delete(&format!("/sandbox/{}", id(&deleted)));
    assert_eq!(
        gone.status, 200,
        "a sandbox of a lost runner can be deleted: {}",
        gone.text
    );

    let answers = Mutex::new(Vec::new());
    let woken = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for sandbox in [&kept, &deleted] {
            for number in 0..3 {
                let (answers, woken) = (&answers, &woken);
                scope.spawn(move || {
                    // Some are on their way when it wakes, some are sent as soon as it does.
                    while number > 0 && !woken.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    for _ in 0..10 {
                        let answer = api.exec(sandbox, "echo after >> mark.txt");
                        // What the platform's clock says comes with any refusal of it; both are in UTC and sort as texts.
                        let now = api.get("/sandbox/no-such").json["timestamp"].clone();
                        let lease = api.get(&format!("/runners/{}", runner.id)).json["leaseUntil"].clone();
                        let leased = now.as_str() < lease.as_str() && now.is_string();
                        let mut answers = answers.lock().expect("no panic under the lock");
                        answers.push((id(sandbox), answer.status, answer.text, leased));
                    }
                });
            }
        }
        std::thread::sleep(Duration::from_millis(300));
        runner.signal("CONT");
        woken.store(true, Ordering::Relaxed);
    });
    let woke = runner.wait_until(Duration::from_secs(20), "ready again", |now| {
        now["verdict"]["name"] == "ready"
    });
    eprintln!("ready {woke:?} after it was asked last");
    let mut kept_writes = 0;
    for (sandbox, status, text, leased) in answers.into_inner().expect("no panic under the lock") {
        if status == 200 {
            assert_eq!(sandbox, id(&kept), "a deleted copy acknowledged: {text}");
            assert!(leased, "acknowledged without a lease: {text}");
            kept_writes += 1;
        } else {
            crate::load::typed(status, &text);
        }
    }
    let back = until(Duration::from_secs(20), || {
        let answer = api.exec(&kept, "grep -c after mark.txt; head -1 mark.txt");
        (answer.status == 200).then_some(answer)
    });
    let result = back.json["result"].as_str().unwrap_or_default();
    let (written, first) = result.trim().split_once('\n').unwrap_or((result.trim(), ""));
    assert_eq!(first, "before", "what was acknowledged before it slept: {}", back.text);
    let written: u32 = written.parse().unwrap_or_default();
    assert!(written >= kept_writes, "{kept_writes} acknowledged, {written} there");
    for sandbox in [&kept, &deleted] {
        api.delete(&format!("/sandbox/{}", id(sandbox)));
    }
}

/// A sandbox on this very runner: others that come up elsewhere meanwhile are deleted again.
fn on_runner(api: &Api, region: &str, runner: &str, name: &str) -> Value {
    until(Duration::from_secs(30), || {
        let made = api.post("/sandbox", &json!({ "target": region, "labels": { "marked": name } }));
        if made.status != 200 {
            std::thread::sleep(Duration::from_millis(50));
            return None;
        }
        if made.json["runnerId"] == runner && made.json["state"] == "started" {
            return Some(made.json);
        }
        api.delete(&format!("/sandbox/{}", id(&made.json)));
        None
    })
}

/// At every moment: what always holds does, and no runner is sold beyond what it has.
fn watch(api: &Api, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let broken = api.get("/admin/invariants");
        assert_eq!(broken.json["broken"], json!([]), "{} {}", broken.status, broken.text);
        let runners = api.get("/admin/runners");
        for runner in runners.json.as_array().into_iter().flatten() {
            for (sold, whole) in [("cpu", "cpu"), ("memoryGiB", "memory"), ("diskGiB", "disk")] {
                let (sold, whole) = (runner["sold"][sold].as_f64(), runner[whole].as_f64());
                assert!(sold <= whole, "sold beyond what it has: {runner}");
            }
        }
        std::thread::sleep(Duration::from_millis(40));
    }
}

/// Deletes all there is; then nothing is sold, and no machine keeps a file of it.
fn nothing_is_left_over(api: &Api, runners: &[&RunnerProcess]) {
    until(Duration::from_secs(40), || {
        let all = crate::load::all(api);
        for sandbox in &all {
            api.delete(&format!("/sandbox/{}", id(sandbox)));
        }
        all.is_empty().then_some(())
    });
    for runner in runners {
        runner.wait_until(Duration::from_secs(20), "sold out of nothing", |now| {
            now["sold"]["cpu"] == 0
        });
        let sandboxes = runner.data.join("sandboxes");
        let left = || -> Vec<String> {
            std::fs::read_dir(&sandboxes)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        };
        let started = Instant::now();
        while !left().is_empty() {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "left on runner {}: {:?}\n{}",
                runner.id,
                left(),
                runner.log_tail()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    let broken = api.get("/admin/invariants");
    assert_eq!(broken.json["broken"], json!([]), "{}", broken.text);
}

fn id(sandbox: &Value) -> String {
    sandbox["id"].as_str().unwrap_or_default().to_owned()
}

/// Asks until there is an answer; panics after the limit.
fn until<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < limit, "not within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `SANDBAR_SEED`, or one of the moment.
fn seed() -> u64 {
    let given = std::env::var("SANDBAR_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(1, |since| u64::from(since.subsec_nanos()) | 1)
    })
}
