//! How long a platform with many sandboxes takes to come back after it was killed.

use crate::{Plan, generous, say};
use sandbar_tests::Platform;
use serde_json::json;
use std::time::Instant;

/// Clients that fill it.
const CLIENTS: usize = 16;

pub fn measure(plan: &Plan) {
    let directory = tempfile::tempdir().expect("a data directory");
    let sandboxes = plan.samples(10_000) / CLIENTS * CLIENTS;
    let mut platform = Platform::start_with(generous(Some(directory.path().to_path_buf())));
    let api = platform.api();
    let last = api.create(&json!({ "target": "us" }));
    api.exec(&last, "echo kept > file");
    let threads: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let api = api.clone();
            std::thread::spawn(move || {
                for _ in 0..sandboxes / CLIENTS {
                    api.create(&json!({ "target": "us" }));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("creates succeed");
    }
    platform.kill();
    let begin = Instant::now();
    let platform = Platform::start_with(generous(Some(directory.path().to_path_buf())));
    let ready = begin.elapsed();
    let api = platform.api();
    let path = format!("/sandbox/{}", last["id"].as_str().unwrap_or_default());
    let sandbox = api.get(&path);
    let answer = api.exec(&sandbox.json, "cat file");
    assert_eq!(answer.json["result"], "kept\n", "{}", answer.text);
    say(&format!(
        "restart after kill -9, {sandboxes} sandboxes: ready after {ready:.2?}, first command done after {:.2?}",
        begin.elapsed()
    ));
}
