//! Snapshots, archives and backups through real processes, from one machine to another.

use sandbar_tests::{Api, Cli, Platform, RunnerProcess, Settings, make_region};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);

/// Every name below home, with kind, mode, size and contents.
const HASH: &str = "cd ~ && (find . | sort | xargs stat -c '%n %F %a %s' | grep -v '^\\. '; \
    find . -type f | sort | xargs sha256sum) | sha256sum";

fn run(api: &Api, sandbox: &Value, command: &str) -> String {
    let reply = api.exec(sandbox, command);
    assert_eq!(reply.json["exitCode"], 0, "{command}: {}", reply.text);
    reply.json["result"].as_str().unwrap_or_default().to_owned()
}

fn path(sandbox: &Value) -> String {
    format!("/sandbox/{}", sandbox["id"].as_str().expect("an id"))
}

fn post(api: &Api, sandbox: &Value, verb: &str, body: &Value) -> Value {
    let reply = api.post(&format!("{}/{verb}", path(sandbox)), body);
    assert_eq!(reply.status, 200, "{verb}: {}", reply.text);
    reply.json
}

/// The sandbox, once a field of it is this.
fn until(api: &Api, sandbox: &Value, field: &str, want: &str) -> Value {
    let since = Instant::now();
    loop {
        let now = api.get(&path(sandbox));
        if now.json[field] == want {
            return now.json;
        }
        assert!(since.elapsed() < SOON, "{field} is not {want}: {}", now.text);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Files of every kind: a copy that loses one is noticed.
const FILES: &str = "mkdir -p d/e; echo one > d/e/f; ln -s d/e/f link; ln d/e/f hard; chmod 640 d/e/f; : > empty; \
    head -c 300000 /dev/zero > zeros; rm -f /etc/profile";

fn schedule(api: &Api, runner: &RunnerProcess, unschedulable: bool) {
    let route = format!("/runners/{}/scheduling", runner.id);
    let reply = api.patch(&route, &json!({ "unschedulable": unschedulable }));
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[test]
fn a_snapshot_of_one_machine_is_what_sandboxes_of_another_begin_as() {
    let platform = Platform::start();
    let (api, cli) = (platform.api(), Cli::of(&platform));
    let region = make_region(&api, "lab");
    let first = RunnerProcess::start(&platform, &region, "first", &[]);
    let sandbox = api.create(&json!({ "target": region, "name": "source" }));
    run(&api, &sandbox, FILES);
    let wanted = run(&api, &sandbox, HASH);
    let made = cli.json(&["snapshot", "create", "mine", "--sandbox", "source"]);
    assert_eq!(made["state"], "active", "{made} {}", first.log_tail());
    assert!(made["size"].as_f64().is_some_and(|size| size > 0.0), "{made}");
    // It is of that moment.
    run(&api, &sandbox, "echo later > later");

    let beside = api.create(&json!({ "target": region, "snapshot": "mine" }));
    assert_eq!(run(&api, &beside, HASH), wanted, "on the same machine");
    let second = RunnerProcess::start(&platform, &region, "second", &[]);
    schedule(&api, &first, true);
    let elsewhere = api.create(&json!({ "target": region, "snapshot": "mine" }));
    assert_eq!(elsewhere["runnerId"], json!(second.id), "{elsewhere}");
    assert_eq!(run(&api, &elsewhere, HASH), wanted, "{}", second.log_tail());
    assert_eq!(run(&api, &elsewhere, "ls /etc/profile 2>&1 | grep -c 'No such'"), "1\n");
    // What is written is its own.
    run(&api, &elsewhere, "echo changed > d/e/f; cat hard");
    assert_eq!(run(&api, &beside, HASH), wanted);
    let again = api.create(&json!({ "target": region, "snapshot": made["id"] }));
    assert_eq!(run(&api, &again, HASH), wanted);

    cli.ok(&["snapshot", "delete", "mine"]);
    cli.refused(1, &["snapshot", "show", "mine"]);
    assert_eq!(run(&api, &again, HASH), wanted, "what was made of it stays");
    let refused = api.post("/sandbox", &json!({ "target": region, "snapshot": "mine" }));
    assert_eq!(refused.status, 400, "{}", refused.text);
}

#[test]
fn what_is_archived_starts_on_another_machine_with_all_its_files() {
    let platform = Platform::start();
    let api = platform.api();
    let region = make_region(&api, "lab");
    let first = RunnerProcess::start(&platform, &region, "first", &[]);
    let sandbox = api.create(&json!({ "target": region }));
    run(&api, &sandbox, FILES);
    let wanted = run(&api, &sandbox, HASH);
    post(&api, &sandbox, "stop", &json!({}));
    post(&api, &sandbox, "archive", &json!({}));
    let archived = until(&api, &sandbox, "state", "archived");
    assert_eq!(archived["runnerId"], Value::Null, "{archived}");
    let second = RunnerProcess::start(&platform, &region, "second", &[]);
    schedule(&api, &first, true);
    let started = post(&api, &sandbox, "start", &json!({}));
    assert_eq!(
        (&started["state"], &started["runnerId"]),
        (&json!("started"), &json!(second.id)),
        "{started} {}",
        second.log_tail()
    );
    assert_eq!(run(&api, &started, HASH), wanted);
    // And it goes on living there.
    run(&api, &started, "echo more > more");
    post(&api, &started, "stop", &json!({}));
    let started = post(&api, &started, "start", &json!({}));
    assert_eq!(run(&api, &started, "cat more"), "more\n");
    // The first machine keeps nothing of it.
    let since = Instant::now();
    let left = first
        .data
        .join("sandboxes")
        .join(sandbox["id"].as_str().expect("an id"));
    while left.exists() {
        assert!(
            since.elapsed() < SOON,
            "{} is still there: {}",
            left.display(),
            first.log_tail()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_machine_that_is_lost_gives_up_what_has_a_backup() {
    let platform = Platform::start_with(Settings {
        arguments: ["--verdicts", "1,2,3"].map(str::to_owned).to_vec(),
        ..Settings::default()
    });
    let api = platform.api();
    let region = make_region(&api, "lab");
    let mut first = RunnerProcess::start(&platform, &region, "first", &[]);
    let kept = api.create(&json!({ "target": region }));
    let bare = api.create(&json!({ "target": region }));
    run(&api, &kept, FILES);
    let wanted = run(&api, &kept, HASH);
    post(&api, &kept, "stop", &json!({}));
    post(&api, &bare, "stop", &json!({}));
    post(&api, &kept, "backup", &json!({}));
    let backup = until(&api, &kept, "backupState", "Completed");
    let time = backup["backupCreatedAt"].as_str().expect("a time").to_owned();
    first.kill();
    let lost = until(&api, &kept, "state", "error");
    assert_eq!(lost["recoverable"], true, "{lost}");
    assert!(
        lost["errorReason"].as_str().is_some_and(|text| text.contains(&time)),
        "{lost}"
    );
    assert_eq!(until(&api, &bare, "state", "error")["recoverable"], false);
    let second = RunnerProcess::start(&platform, &region, "second", &[]);
    let started = post(&api, &kept, "start", &json!({}));
    assert_eq!(
        (&started["runnerId"], &started["backupCreatedAt"]),
        (&json!(second.id), &json!(time)),
        "{}",
        second.log_tail()
    );
    assert_eq!(run(&api, &started, HASH), wanted);
    run(&api, &started, "echo only here > here");
    // It comes back: what it has of the moved one goes, the other is there again.
    first.run();
    until(&api, &bare, "state", "stopped");
    assert_eq!(run(&api, &started, "cat here"), "only here\n");
    let since = Instant::now();
    let left = first.data.join("sandboxes").join(kept["id"].as_str().expect("an id"));
    while left.exists() {
        assert!(
            since.elapsed() < SOON,
            "{} is still there: {}",
            left.display(),
            first.log_tail()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}
