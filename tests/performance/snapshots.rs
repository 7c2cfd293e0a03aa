//! Sandboxes from a snapshot of 200 MB: one after the other, and twenty at once.

use crate::stats::Samples;
use crate::{Plan, say};
use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Files of the snapshot, each of a megabyte that does not compress.
const FILES: usize = 200;
/// Sandboxes from one snapshot at once.
const AT_ONCE: usize = 20;
/// Until the snapshot is ready, on a loaded machine.
const LIMIT: Duration = Duration::from_secs(120);

pub fn measure(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let source = api.create(&json!({ "target": "us" }));
    let fill =
        format!("mkdir big; i=0; while [ $i -lt {FILES} ]; do head -c 1000000 /dev/urandom > big/$i; i=$((i+1)); done");
    assert_eq!(api.exec(&source, &fill).json["exitCode"], 0, "filling");
    let begin = Instant::now();
    take(&api, &source, "bench-200mb");
    say(&format!(
        "a snapshot of {FILES} MB is active after {:.2?}",
        begin.elapsed()
    ));
    let kept = api.exec(&source, "sha256sum big/7 | cut -d' ' -f1").json["result"].clone();
    let from = json!({ "target": "us", "snapshot": "bench-200mb" });

    let (mut plain, mut creates, mut first) = (Samples::default(), Samples::default(), Samples::default());
    for round in 0..plan.samples(50) + 2 {
        let mut one = Samples::default();
        let sandbox = one.time(|| api.create(&from));
        let mut inside = Samples::default();
        let answer = inside.time(|| api.exec(&sandbox, "sha256sum big/7 | cut -d' ' -f1"));
        assert_eq!(answer.json["result"], kept, "{}", answer.text);
        let mut empty = Samples::default();
        let other = empty.time(|| api.create(&json!({ "target": "us" })));
        if round >= 2 {
            creates.push(one.percentile(0.5));
            first.push(inside.percentile(0.5));
            plain.push(empty.percentile(0.5));
        }
        delete(&api, &sandbox);
        delete(&api, &other);
    }
    let ratio = creates.median() / plain.median().max(f64::EPSILON);
    say(&format!(
        "create from a snapshot of {FILES} MB    {creates}  expected: median under 10"
    ));
    say(&format!(
        "  create without a snapshot         {plain}  from / without: {ratio:.2}"
    ));
    say(&format!("  first command, reading a megabyte {first}"));

    let (mut each, mut all) = (Samples::default(), Samples::default());
    for _ in 0..plan.samples(5).min(5) {
        let begin = Instant::now();
        let threads: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (api, from) = (api.clone(), from.clone());
                std::thread::spawn(move || {
                    let begin = Instant::now();
                    let sandbox = api.create(&from);
                    let answer = api.exec(&sandbox, "ls big | wc -l");
                    assert_eq!(answer.json["result"], format!("{FILES}\n"), "{}", answer.text);
                    (sandbox, begin.elapsed())
                })
            })
            .collect();
        let made: Vec<(Value, Duration)> = threads
            .into_iter()
            .map(|thread| thread.join().expect("a sandbox from the snapshot"))
            .collect();
        all.push(begin.elapsed());
        for (sandbox, took) in made {
            each.push(took);
            delete(&api, &sandbox);
        }
    }
    say(&format!("{AT_ONCE} at once, create and first command {all}"));
    say(&format!("  each of them                      {each}"));
    delete(&api, &source);
}

fn delete(api: &Api, sandbox: &Value) {
    api.delete(&format!("/sandbox/{}", sandbox["id"].as_str().unwrap_or_default()));
}

/// Takes a snapshot of a sandbox and waits until it is active.
fn take(api: &Api, sandbox: &Value, name: &str) {
    let id = sandbox["id"].as_str().unwrap_or_default();
    let answer = api.post(&format!("/sandbox/{id}/snapshot"), &json!({ "name": name }));
    assert_eq!(answer.status, 200, "snapshot: {}", answer.text);
    let begin = Instant::now();
    loop {
        let seen = api.get(&format!("/snapshots/{name}"));
        if seen.json["state"] == "active" {
            return;
        }
        assert!(
            begin.elapsed() < LIMIT && seen.json["state"] != "error",
            "the snapshot is {}: {}",
            seen.json["state"],
            seen.text
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
