//! kill -9 of a cell: the plane answers on, and its sandboxes work again at the next exec.

use sandbar_tests::Platform;
use serde_json::json;
use std::time::{Duration, Instant};

/// Children of a process, from /proc.
fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name in parentheses may hold anything; the fields after it do not.
        let after = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        if after.split(' ').nth(1) == Some(parent.to_string().as_str()) {
            found.push(pid);
        }
    }
    found
}

#[test]
fn a_killed_cell_comes_back_with_its_sandboxes() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    assert_eq!(api.exec(&sandbox, "echo kept > file").json["exitCode"], 0);
    for _ in 0..3 {
        let cells = children(platform.pid());
        assert!(!cells.is_empty(), "no cell process below {}", platform.pid());
        for cell in cells {
            let killed = std::process::Command::new("kill")
                .args(["-9", &cell.to_string()])
                .status()
                .expect("kill");
            assert!(killed.success());
        }
        assert_eq!(api.get("/sandbox").status, 200, "the plane answers on");
        let started = Instant::now();
        let answer = loop {
            let answer = api.exec(&sandbox, "cat file");
            if answer.status == 200 || started.elapsed() > Duration::from_secs(20) {
                break answer;
            }
            assert!(
                (500..=504).contains(&answer.status),
                "{} {}",
                answer.status,
                answer.text
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(answer.json["result"], "kept\n", "{} {}", answer.status, answer.text);
    }
}

#[test]
fn cells_die_with_the_platform() {
    let mut platform = Platform::start();
    platform.api().create(&json!({}));
    let cells = children(platform.pid());
    platform.kill();
    let started = Instant::now();
    while cells
        .iter()
        .any(|cell| std::path::Path::new(&format!("/proc/{cell}/exe")).read_link().is_ok())
    {
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "cells {cells:?} outlive the platform"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
