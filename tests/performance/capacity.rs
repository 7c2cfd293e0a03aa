//! How many: durable creates per second, and what idle sandboxes cost.

use crate::stats::Samples;
use crate::{Plan, say};
use sandbar_tests::{Api, Platform};
use serde_json::json;
use std::time::Instant;

/// Clients that create at the same time.
const CLIENTS: usize = 16;

pub fn creates(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let each = plan.samples(40);
    api.create(&json!({}));
    let started = Instant::now();
    let threads: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let api = api.clone();
            std::thread::spawn(move || {
                let mut samples = Vec::new();
                for _ in 0..each {
                    let begun = Instant::now();
                    api.create(&json!({ "target": "us" }));
                    samples.push(begun.elapsed());
                }
                samples
            })
        })
        .collect();
    let mut samples = Samples::default();
    for thread in threads {
        thread
            .join()
            .expect("creates succeed")
            .into_iter()
            .for_each(|sample| samples.push(sample));
    }
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let rate = (CLIENTS * each) as f64 / started.elapsed().as_secs_f64();
    say(&format!(
        "durable creates, {CLIENTS} clients         {samples}  {rate:.0} per second"
    ));
}

pub fn memory(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let idle = plan.samples(1000);
    let before = footprint(platform.pid());
    for number in 0..idle {
        let sandbox = api.create(&json!({ "target": "us" }));
        // Used once, then idle: what a sandbox looks like between two commands.
        if number % 10 == 0 {
            api.exec(&sandbox, "echo used > file");
        }
    }
    let after = footprint(platform.pid());
    let each = after.saturating_sub(before) / (idle as u64).max(1);
    say(&format!(
        "memory (PSS, all processes)         {} MiB before, {} MiB with {idle} idle sandboxes: {each} KiB each",
        before >> 10,
        after >> 10
    ));
}

/// What a sandbox costs while a Python lives in it.
pub fn pythons(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let living = plan.samples(50).min(50);
    // The first one brings the code into memory, which all others share.
    let start = |api: &Api| {
        let sandbox = api.create(&json!({ "target": "us" }));
        let answer = api.exec(&sandbox, "nohup python3 -c 'import time; print(1, flush=True); time.sleep(600)' > log 2>&1 & until grep -q 1 log; do sleep 0.02; done");
        assert_eq!(answer.json["exitCode"], 0, "{}", answer.text);
    };
    start(&api);
    let before = footprint(platform.pid());
    for _ in 0..living {
        start(&api);
    }
    let each = footprint(platform.pid()).saturating_sub(before) / (living as u64).max(1);
    say(&format!(
        "memory with a live Python each      {each} KiB each ({living}): {} for each GiB",
        (1 << 20) / each.max(1)
    ));
}

/// Proportional set size of a process and its children, KiB.
fn footprint(root: u32) -> u64 {
    let mut sum = 0;
    let mut left = vec![root];
    while let Some(pid) = left.pop() {
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let line = rollup.lines().find(|line| line.starts_with("Pss:")).unwrap_or_default();
        sum += line
            .split_whitespace()
            .nth(1)
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0);
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            left.extend(
                children
                    .split_whitespace()
                    .filter_map(|child| child.parse::<u32>().ok()),
            );
        }
    }
    sum
}
