//! Where sandboxes go: policies of a region, schedulers that were brought, refusals, second tries, and looking back.

use sandbar_tests::{Api, Cli, Platform, RunnerProcess, Settings, make_region, root};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a machine of these tests sells.
const ROOM: [&str; 6] = ["--cpu", "8", "--memory", "64", "--disk", "640"];

fn fullest() -> String {
    root()
        .join("target/components/scheduler_fullest.wasm")
        .display()
        .to_string()
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap_or_default()
}

/// Where so many sandboxes of a region go.
fn places(api: &Api, region: &str, count: usize) -> BTreeMap<String, usize> {
    let mut places = BTreeMap::new();
    let mut made = Vec::new();
    for _ in 0..count {
        let sandbox = api.create(&json!({ "target": region }));
        let runner = sandbox["runnerId"].as_str().unwrap_or("none").to_owned();
        *places.entry(runner).or_insert(0) += 1;
        made.push(sandbox);
    }
    for sandbox in &made {
        api.delete(&format!("/sandbox/{}", id(sandbox)));
    }
    let started = std::time::Instant::now();
    while api
        .get("/runners")
        .json
        .as_array()
        .into_iter()
        .flatten()
        .any(|one| one["region"] == region && one["sold"]["cpu"] != 0)
    {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "deleted sandboxes still hold capacity"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    places
}

/// How often sandboxes are placed until both runners get their share.
const SPREAD_ROUNDS: usize = 6;

fn uses_two(places: &BTreeMap<String, usize>) -> bool {
    places.len() == 2 && places.values().all(|count| *count >= 2)
}

#[test]
fn a_regions_policy_decides_and_every_decision_can_be_looked_at_again() {
    let platform = Platform::start_with(Settings {
        arguments: vec!["--scheduler".to_owned(), format!("mine={}", fullest())],
        ..Settings::default()
    });
    let (api, cli) = (platform.api(), Cli::of(&platform));
    let region = make_region(&api, "lab");
    let first = RunnerProcess::start(&platform, &region, "first", &ROOM);
    let second = RunnerProcess::start(&platform, &region, "second", &ROOM);

    // Both runners measure this one machine, at different moments: while something else loads it, one may look much
    // busier than the other for a while and rightly get nothing. Filling one machine would never use both.
    let mut rounds = Vec::new();
    while !rounds.last().is_some_and(uses_two) {
        assert!(rounds.len() < SPREAD_ROUNDS, "spread: {rounds:?}");
        rounds.push(places(&api, &region, 8));
    }
    cli.ok(&["region", "update", "lab", "--placement-policy", "pack"]);
    let pack = places(&api, &region, 6);
    assert_eq!(pack.len(), 1, "pack: {pack:?}");
    cli.ok(&["region", "update", "lab", "--placement-policy", "mine"]);
    let mine = places(&api, &region, 6);
    assert_eq!(mine.len(), 1, "the fullest first: {mine:?}");
    let unknown = cli.refused(1, &["region", "update", "lab", "--placement-policy", "No Such"]);
    assert!(unknown.contains("placementPolicy"), "{unknown}");
    cli.ok(&["region", "update", "lab", "--placement-policy", "spread"]);

    // The scheduler of before answers as before, to the last choice; another one does not.
    let what_if = |scheduler: &str, more: &[&str]| cli.json(&[&["what-if", "--scheduler", scheduler], more].concat());
    let own = root().join("target/components/scheduler.wasm").display().to_string();
    let journal = api.get(&format!("/admin/decisions?region={region}&limit=1000"));
    let decisions = journal.json["decisions"].as_array().map_or(0, Vec::len);
    assert!(decisions >= 20, "{}", journal.text);
    let ours: Vec<&Value> = journal.json["decisions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["policy"] != "mine")
        .collect();
    let again = what_if(&own, &["--region", &region]);
    let differing = again["differences"].as_array().cloned().unwrap_or_default();
    assert_eq!(again["decisions"], decisions, "{again}");
    for one in &differing {
        assert!(
            !ours.iter().any(|decision| decision["position"] == one["position"]),
            "the default scheduler answers otherwise than it did: {one}"
        );
    }
    let other = what_if(&fullest(), &["--region", &region]);
    assert_eq!(other["failed"], 0, "{other}");
    assert!(
        other["otherRunner"].as_u64() > Some(0),
        "fullest first is not spread: {other}"
    );
    let words = cli.ok(&["what-if", "--scheduler", &fullest(), "--region", &region, "--last", "5"]);
    assert!(words.starts_with("5 decisions:"), "{words}");
    let wrong = cli.refused(
        1,
        &[
            "what-if",
            "--scheduler",
            &root().join("target/components/region.wasm").display().to_string(),
        ],
    );
    assert!(wrong.contains("scheduler"), "{wrong}");

    // Why one sandbox is where it is.
    let sandbox = api.create(&json!({ "target": region, "name": "seen" }));
    let words = cli.ok(&["explain", "seen"]);
    for needed in ["first", "second", "policy spread", "1 CPU", "score"] {
        assert!(words.contains(needed), "no {needed:?} in\n{words}");
    }
    let whole = cli.json(&["explain", "seen"]);
    assert_eq!(whole["runnerId"], sandbox["runnerId"], "{whole}");
    assert_eq!(whole["decisions"][0]["considered"], 2, "{whole}");

    refusals_say_which_filter_left_nobody(&api, &cli, &region, &[&first, &second]);
}

fn refusals_say_which_filter_left_nobody(api: &Api, cli: &Cli, region: &str, runners: &[&RunnerProcess; 2]) {
    let refusal = |what: &str| -> String {
        let reply = api.post("/sandbox", &json!({ "target": region, "cpu": 6 }));
        assert_eq!(reply.status, 400, "{what}: {}", reply.text);
        assert_eq!(reply.json["code"], "NO_RUNNER_AVAILABLE", "{what}: {}", reply.text);
        let message = reply.json["message"].as_str().unwrap_or_default().to_lowercase();
        eprintln!("{what}: {message}");
        message
    };
    for _ in 0..2 {
        api.create(&json!({ "target": region, "cpu": 6 }));
    }
    let full = refusal("full");
    assert!(full.contains("us"), "where there is room: {full}");
    cli.ok(&["runner", "unschedule", "first"]);
    cli.ok(&["runner", "drain", "second"]);
    let closed = refusal("closed");
    assert!(
        closed.contains("unschedulable") || closed.contains("draining"),
        "{closed}"
    );
    assert_ne!(full, closed, "each filter has its own words");
    cli.ok(&["runner", "schedule", "first"]);
    cli.ok(&["runner", "undrain", "second"]);
    for runner in runners {
        runner.wait_until(Duration::from_secs(10), "open again", |now| {
            now["draining"] == false && now["unschedulable"] == false
        });
    }
}

#[test]
fn a_create_that_fails_on_one_runner_is_tried_on_another() {
    let platform = Platform::start();
    let api = platform.api();
    let region = make_region(&api, "lab");
    let broken = RunnerProcess::start(&platform, &region, "broken", &ROOM);
    let good = RunnerProcess::start(&platform, &region, "good", &ROOM);
    // Its disk takes no sandbox any more: where they would be kept stands a file.
    let kept = broken.data.join("sandboxes");
    let aside = broken.data.join("aside");
    std::fs::rename(&kept, &aside).expect("moved aside");
    std::fs::write(&kept, b"in the way").expect("written");
    let mut tried_twice = 0;
    for _ in 0..8 {
        let made = api.post("/sandbox", &json!({ "target": region }));
        assert_eq!(made.status, 200, "{}", made.text);
        assert_eq!(made.json["runnerId"], good.id.as_str(), "{}", made.text);
        assert_eq!(made.json["state"], "started", "{}", made.text);
        let placement = api.get(&format!("/sandbox/{}/placement", id(&made.json)));
        let decisions = placement.json["decisions"].as_array().cloned().unwrap_or_default();
        tried_twice += usize::from(decisions.len() > 1);
        assert_eq!(api.exec(&made.json, "echo here").json["result"], "here\n");
    }
    assert!(tried_twice > 0, "no create went to the broken runner first");
    broken.wait_until(Duration::from_secs(20), "without anything sold", |now| {
        now["sold"]["cpu"] == 0
    });
    std::fs::remove_file(&kept).expect("removed");
    std::fs::rename(&aside, &kept).expect("moved back");
}
