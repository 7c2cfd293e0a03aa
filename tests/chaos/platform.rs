//! kill -9 of the whole platform in the middle of a load of creates.

use sandbar_tests::{Api, Platform, Settings};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn roomy(data: Option<std::path::PathBuf>) -> Settings {
    let arguments = ["--cpu-ratio", "500", "--memory-ratio", "100", "--disk-ratio", "100"]
        .map(str::to_owned)
        .to_vec();
    Settings { data, arguments }
}

/// Creates sandboxes and writes a file into each, until told to stop; returns those whose file was acknowledged too.
fn load(api: &Api, stop: &AtomicBool, acknowledged: &Mutex<Vec<(Value, bool)>>) {
    while !stop.load(Ordering::Relaxed) {
        let made = api.post("/sandbox", &json!({ "labels": { "load": "yes" } }));
        if made.status != 200 {
            continue;
        }
        let id = made.json["id"].as_str().unwrap_or_default().to_owned();
        let wrote = api.exec(&made.json, &format!("echo {id} > mine.txt"));
        let with_file = wrote.status == 200 && wrote.json["exitCode"] == 0;
        acknowledged
            .lock()
            .expect("no panic under the lock")
            .push((made.json, with_file));
    }
}

#[test]
fn every_acknowledged_sandbox_survives_kill_9_with_its_files() {
    let rounds = if std::env::var_os("SANDBAR_SOAK").is_some() {
        30
    } else {
        3
    };
    let directory = tempfile::tempdir().expect("a directory");
    let mut kept: Vec<(Value, bool)> = Vec::new();
    for round in 0..rounds {
        let mut platform = Platform::start_with(roomy(Some(directory.path().to_path_buf())));
        verify(&platform, &kept, round);
        let api = platform.api();
        let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| load(&api, &stop, &acknowledged));
            }
            std::thread::sleep(Duration::from_millis(700 + 211 * round));
            platform.kill();
            stop.store(true, Ordering::Relaxed);
        });
        kept.extend(acknowledged.into_inner().expect("no panic under the lock"));
    }
    assert!(
        kept.len() > 20,
        "only {} creates were acknowledged in {rounds} rounds",
        kept.len()
    );
    let platform = Platform::start_with(roomy(Some(directory.path().to_path_buf())));
    verify(&platform, &kept, rounds);
    capacity_matches(&platform);
}

fn verify(platform: &Platform, kept: &[(Value, bool)], round: u64) {
    let api = platform.api();
    for (sandbox, with_file) in kept {
        let id = sandbox["id"].as_str().unwrap_or_default();
        let found = api.get(&format!("/sandbox/{id}"));
        assert_eq!(found.status, 200, "round {round}: {id} is lost: {}", found.text);
        assert_eq!(found.json["state"], "started", "round {round}: {}", found.text);
        let answer = api.exec(&found.json, "cat mine.txt 2>/dev/null; echo usable");
        let expected = if *with_file {
            format!("{id}\nusable\n")
        } else {
            answer.json["result"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(
            answer.json["result"], expected,
            "round {round}: {id}: {} {}",
            answer.status, answer.text
        );
        assert!(
            answer.text.contains("usable"),
            "round {round}: {id}: {} {}",
            answer.status,
            answer.text
        );
    }
}

/// None that was not acknowledged holds capacity: what is sold is what the live rows add up to.
fn capacity_matches(platform: &Platform) {
    let api = platform.api();
    let mut cpu = 0;
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/sandbox?limit=200{cursor}"));
        cpu += page.json["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| item["cpu"].as_u64())
            .sum::<u64>();
        match page.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", next.replace('=', "%3D").replace('+', "%2B")),
            None => break,
        }
    }
    let runners = api.get("/runners");
    let sold: u64 = runners
        .json
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|runner| runner["currentAllocatedCpu"].as_u64())
        .sum();
    assert_eq!(sold, cpu, "{}", runners.text);
}
