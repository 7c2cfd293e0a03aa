//! Time to interactive: from sending the create to having the first command's result, as public comparisons of sandbox
//! providers measure it; in three modes.

use crate::stats::Samples;
use crate::{Plan, say, spans};
use sandbar_tests::{Api, Platform};
use serde_json::json;
use std::time::{Duration, Instant};

/// Interval of the staggered mode.
const STAGGER: Duration = Duration::from_millis(200);

pub fn measure(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let runs = plan.samples(100);
    for _ in 0..5 {
        let _ = once(&api);
    }
    let before = spans::read(platform);
    let mut sequential = Samples::default();
    let mut failures = 0;
    for _ in 0..runs {
        match once(&api) {
            Ok(time) => sequential.push(time),
            Err(reason) => failures += report(&reason),
        }
    }
    say(&format!(
        "interactive, one after another      {sequential}  {failures} failed"
    ));
    say(&spans::difference(&before, &spans::read(platform)));
    row("interactive, one each 200 ms  ", &api, runs, STAGGER);
    row("interactive, all at once      ", &api, runs, Duration::ZERO);
}

fn row(name: &str, api: &Api, runs: usize, interval: Duration) {
    let started = Instant::now();
    let threads: Vec<_> = (0..runs)
        .map(|_| {
            let api = api.clone();
            let thread = std::thread::spawn(move || once(&api));
            std::thread::sleep(interval);
            thread
        })
        .collect();
    let mut samples = Samples::default();
    let mut failures = 0;
    for thread in threads {
        match thread.join() {
            Ok(Ok(time)) => samples.push(time),
            Ok(Err(reason)) => failures += report(&reason),
            Err(_) => failures += 1,
        }
    }
    let wall = started.elapsed().as_secs_f64();
    say(&format!("{name}      {samples}  {failures} failed, wall {wall:.2} s"));
}

/// Counts one failure, and shows it.
fn report(reason: &str) -> u32 {
    eprintln!("failed: {reason}");
    1
}

fn once(api: &Api) -> Result<Duration, String> {
    let started = Instant::now();
    let made = api.post("/sandbox", &json!({ "target": "us" }));
    if made.status != 200 || made.json["state"] != "started" {
        return Err(format!("create: {} {}", made.status, made.text));
    }
    let answer = api.exec(&made.json, "echo ready");
    let time = started.elapsed();
    if answer.json["result"] != "ready\n" {
        return Err(format!("exec: {} {}", answer.status, answer.text));
    }
    let gone = api.delete(&format!("/sandbox/{}", made.json["id"].as_str().unwrap_or_default()));
    if gone.status != 200 {
        return Err(format!("delete: {} {}", gone.status, gone.text));
    }
    Ok(time)
}
