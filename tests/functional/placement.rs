//! Placement is decided in the scheduler component: swapping it changes where sandboxes go.

use sandbar_tests::{Platform, Settings, root};
use serde_json::json;
use std::collections::BTreeMap;

/// Sandboxes of each runner after twelve creates in a region of three runners.
fn spread(arguments: &[String]) -> BTreeMap<String, usize> {
    let mut all = [
        "--runners",
        "3",
        "--cpu-ratio",
        "50",
        "--memory-ratio",
        "20",
        "--disk-ratio",
        "20",
    ]
    .map(str::to_owned)
    .to_vec();
    all.extend_from_slice(arguments);
    let platform = Platform::start_with(Settings {
        arguments: all,
        ..Settings::default()
    });
    let api = platform.api();
    let mut count = BTreeMap::new();
    for _ in 0..12 {
        let sandbox = api.create(&json!({ "target": "us" }));
        *count
            .entry(sandbox["runnerId"].as_str().unwrap_or("none").to_owned())
            .or_insert(0) += 1;
    }
    count
}

#[test]
fn the_default_scheduler_spreads() {
    let count = spread(&[]);
    assert!(count.len() >= 2, "twelve sandboxes on {count:?}");
}

#[test]
fn another_scheduler_component_changes_placement_and_nothing_else() {
    let component = root().join("target/components/scheduler_fullest.wasm");
    let count = spread(&["--scheduler".to_owned(), component.display().to_string()]);
    assert_eq!(count.len(), 1, "the fullest-first scheduler placed on {count:?}");
}
