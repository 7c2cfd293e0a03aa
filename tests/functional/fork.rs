//! Copies of sandboxes, through the API.

use sandbar_tests::{Api, Platform, Settings};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Every name below home, with kind, mode, size and contents.
const HASH: &str = "cd ~ && (find . | sort | xargs stat -c '%n %F %a %s' | grep -v '^\\. '; \
    find . -type f | sort | xargs sha256sum) | sha256sum";

fn fork(api: &Api, parent: &Value) -> Value {
    let id = parent["id"].as_str().expect("an id");
    let reply = api.post(&format!("/sandbox/{id}/fork"), &json!({}));
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json["state"], "started", "{}", reply.text);
    reply.json
}

fn run(api: &Api, sandbox: &Value, command: &str) -> String {
    let reply = api.exec(sandbox, command);
    assert_eq!(reply.json["exitCode"], 0, "{command}: {}", reply.text);
    reply.json["result"].as_str().unwrap_or_default().to_owned()
}

fn set(api: &Api, sandbox: &Value, verb: &str, state: &str) {
    let path = format!("/sandbox/{}", sandbox["id"].as_str().expect("an id"));
    let reply = api.post(&format!("{path}/{verb}"), &json!({}));
    assert_eq!(reply.status, 200, "{verb}: {}", reply.text);
    let since = Instant::now();
    loop {
        let now = api.get(&path);
        if now.json["state"] == state {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{verb}: {}", now.text);
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The sandbox as this platform, which listens elsewhere than the one before, knows it.
fn found(api: &Api, sandbox: &Value) -> Value {
    let reply = api.get(&format!("/sandbox/{}", sandbox["id"].as_str().expect("an id")));
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json
}

fn delete(api: &Api, sandbox: &Value) {
    let path = format!("/sandbox/{}", sandbox["id"].as_str().expect("an id"));
    let reply = api.delete(&path);
    assert_eq!(reply.status, 200, "{}", reply.text);
    let since = Instant::now();
    while api.get(&path).status != 404 {
        assert!(since.elapsed() < Duration::from_secs(20), "it is not gone");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_copy_is_made_while_a_process_writes_and_both_go_on_alone() {
    let platform = Platform::start();
    let api = platform.api();
    let parent = api.create(&json!({}));
    let (writer, children) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            run(
                &api,
                &parent,
                "for i in $(seq 3000); do echo $i >> log; done; wc -l < log",
            )
        });
        let children: Vec<Value> = (0..3).map(|_| fork(&api, &parent)).collect();
        (writer.join().expect("the writer ends"), children)
    });
    assert_eq!(writer.trim(), "3000");
    for child in &children {
        let log = run(&api, child, "touch log; cat log");
        let lines: Vec<usize> = log.lines().map(|line| line.parse().expect("a number")).collect();
        assert!(
            lines.iter().copied().eq(1..=lines.len()),
            "a copy with holes: {lines:?}"
        );
        run(&api, child, "echo changed > log; echo new > new");
    }
    assert_eq!(run(&api, &parent, "wc -l < log; ls"), "3000\nlog\n");
    assert_eq!(run(&api, &children[0], "cat log new"), "changed\nnew\n");
}

#[test]
fn stopped_ones_are_copied_copies_are_copied_and_parents_go_first() {
    let platform = Platform::start();
    let api = platform.api();
    let parent = api.create(&json!({}));
    run(
        &api,
        &parent,
        "mkdir -p a/b; echo one > a/b/c; ln -s a/b/c link; chmod 600 a/b/c; rm -rf /etc/profile",
    );
    let wanted = run(&api, &parent, HASH);
    set(&api, &parent, "stop", "stopped");
    let child = fork(&api, &parent);
    let grandchild = fork(&api, &child);
    delete(&api, &parent);
    delete(&api, &child);
    assert_eq!(run(&api, &grandchild, HASH), wanted);
    assert_eq!(
        run(
            &api,
            &grandchild,
            "cat link; ls /etc/profile 2>&1 | wc -l; echo two > link; cat a/b/c"
        ),
        "one\n1\ntwo\n"
    );
    delete(&api, &grandchild);
    let layers = platform.data.join("runners");
    let left: Vec<_> = walk(&layers)
        .into_iter()
        .filter(|path| path.ends_with("files"))
        .collect();
    assert!(left.is_empty(), "layers that nothing stands on: {left:?}");
}

fn walk(top: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![top.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn stops_and_starts_change_nothing() {
    let cycles = if std::env::var_os("SANDBAR_SOAK").is_some() {
        1000
    } else {
        15
    };
    let platform = Platform::start();
    let api = platform.api();
    let parent = api.create(&json!({}));
    run(
        &api,
        &parent,
        "for i in $(seq 50); do echo $i > file$i; done; mkdir -p d/e; mv file1 d/e; chmod 640 file2",
    );
    let child = fork(&api, &parent);
    run(&api, &child, "rm file3; echo more >> file4; mv d d2");
    let (parents, childs) = (run(&api, &parent, HASH), run(&api, &child, HASH));
    assert_ne!(parents, childs);
    for cycle in 0..cycles {
        for (sandbox, wanted) in [(&parent, &parents), (&child, &childs)] {
            set(&api, sandbox, "stop", "stopped");
            set(&api, sandbox, "start", "started");
            assert_eq!(&run(&api, sandbox, HASH), wanted, "cycle {cycle}");
        }
    }
}

#[test]
fn a_copy_survives_kill_9_right_after_its_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = || Settings {
        data: Some(directory.path().to_owned()),
        ..Settings::default()
    };
    let mut platform = Platform::start_with(settings());
    let api = platform.api();
    let parent = api.create(&json!({}));
    run(&api, &parent, "echo kept > a; echo gone > b; rm b");
    let wanted = run(&api, &parent, HASH);
    let child = fork(&api, &parent);
    platform.kill();
    drop(platform);
    let platform = Platform::start_with(settings());
    let api = platform.api();
    for (who, sandbox) in [("child", &child), ("parent", &parent)] {
        assert_eq!(run(&api, &found(&api, sandbox), HASH), wanted, "the {who}");
    }
    // And the stack goes on growing from where it was.
    let grandchild = fork(&api, &child);
    assert_eq!(run(&api, &grandchild, "cat a"), "kept\n");
}
