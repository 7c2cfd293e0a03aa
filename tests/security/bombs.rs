//! Endless loops, memory, output, processes.

use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn alive(api: &Api, sandbox: &Value) {
    let answer = api.exec(sandbox, "echo alive");
    assert_eq!(answer.json["result"], "alive\n", "{} {}", answer.status, answer.text);
}

#[test]
fn an_endless_loop_ends_at_its_timeout_and_starves_nobody() {
    let platform = Platform::start();
    let api = platform.api();
    let (busy, calm) = (api.create(&json!({})), api.create(&json!({})));
    let looping: Vec<_> = ["while :; do :; done", "python3 -c 'while True: pass'"]
        .map(|command| {
            let (api, busy) = (api.clone(), busy.clone());
            std::thread::spawn(move || api.exec_with(&busy, json!({ "command": command, "timeout": 3 })))
        })
        .into_iter()
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let started = Instant::now();
        alive(&api, &calm);
        slowest = slowest.max(started.elapsed());
    }
    assert!(
        slowest < Duration::from_secs(2),
        "a neighbour's command took {slowest:?}"
    );
    for thread in looping {
        let reply = thread.join().expect("the call returns");
        assert_eq!(reply.status, 408, "{}", reply.text);
        assert!(reply.text.to_lowercase().contains("timeout"), "{}", reply.text);
    }
    alive(&api, &busy);
}

#[test]
fn a_memory_bomb_ends_in_an_error() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let bombs = [
        "python3 -c 'x = bytearray(3 << 30)'",
        "python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 20))'",
        "a=x; while :; do a=$a$a; done",
        // Each is within reach; together they are not: the limit is summed over the sandbox.
        "for n in 1 2 3 4 5 6 7 8; do python3 -c 'x = bytearray(300 << 20); import time; time.sleep(2)' & done; for j in 1 2 3 4 5 6 7 8; do wait -n || exit 9; done",
    ];
    for bomb in bombs {
        let reply = api.exec_with(&sandbox, json!({ "command": bomb, "timeout": 60 }));
        let failed = reply.status == 408 || reply.json["exitCode"].as_i64().is_some_and(|code| code != 0);
        assert!(failed, "{bomb}: {} {}", reply.status, reply.text);
        assert_ne!(reply.status, 0, "{bomb}: {}", reply.text);
        alive(&api, &sandbox);
    }
}

#[test]
fn an_output_flood_is_bounded() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let reply = api.exec_with(&sandbox, json!({ "command": "yes flood", "timeout": 60 }));
    assert!(reply.text.len() < 64 << 20, "{} bytes came back", reply.text.len());
    let text = reply.text.to_lowercase();
    assert!(
        text.contains("output") && text.contains("limit"),
        "no reason at the end: {}",
        &text[text.len().saturating_sub(200)..]
    );
    alive(&api, &sandbox);
}

#[test]
fn a_spawn_bomb_meets_the_limit() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    for bomb in [
        "bomb() { bomb | bomb & }; bomb; wait",
        "for n in $(seq 5000); do sleep 20 & done; wait",
        "sh -c 'exec sh -c \"sh $0\"'",
    ] {
        let reply = api.exec_with(&sandbox, json!({ "command": bomb, "timeout": 10 }));
        assert!(
            [200, 408].contains(&reply.status),
            "{bomb}: {} {}",
            reply.status,
            reply.text
        );
        alive(&api, &sandbox);
    }
}

#[test]
fn deep_recursion_ends_in_an_error() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    for bomb in [
        "f() { f; }; f",
        "python3 -c 'f = lambda: f()\nf()'",
        "python3 -c 'eval(\"(\" * 100000)'",
    ] {
        let reply = api.exec_with(&sandbox, json!({ "command": bomb, "timeout": 30 }));
        assert!(
            reply.json["exitCode"].as_i64().is_some_and(|code| code != 0),
            "{bomb}: {} {}",
            reply.status,
            reply.text
        );
        alive(&api, &sandbox);
    }
}
