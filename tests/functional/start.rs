//! Starting, and starting again.

use sandbar_tests::{Platform, Settings};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_key_is_kept_for_its_owner_only_and_printed_again() {
    let mut first = Platform::start();
    let file = first.data.join("api-key");
    let mode = file.metadata().expect("the key's file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "mode {mode:o}");
    assert_eq!(std::fs::read_to_string(&file).expect("readable").trim(), first.api_key);
    first.kill();
    let again = Platform::start_with(Settings {
        data: Some(first.data.clone()),
        ..Settings::default()
    });
    assert_eq!(again.api_key, first.api_key);
}

#[test]
fn the_key_is_stored_only_as_a_hash() {
    let mut platform = Platform::start();
    platform.api().create(&json!({}));
    platform.kill();
    for name in ["plane.db", "plane.db-wal"] {
        let bytes = std::fs::read(platform.data.join(name)).unwrap_or_default();
        let key = platform.api_key.as_bytes();
        assert!(
            !bytes.windows(key.len()).any(|window| window == key),
            "{name} holds the key itself"
        );
    }
}

#[test]
fn several_regions_start_with_a_runner_each() {
    let arguments = ["--region", "us", "--region", "eu"].map(str::to_owned).to_vec();
    let platform = Platform::start_with(Settings {
        arguments,
        ..Settings::default()
    });
    let api = platform.api();
    let regions = api.get("/regions");
    assert_eq!(regions.status, 200, "{}", regions.text);
    for region in ["us", "eu"] {
        let sandbox = api.create(&json!({ "target": region }));
        assert_eq!(sandbox["target"], region);
        assert_eq!(api.exec(&sandbox, "echo here").json["result"], "here\n");
    }
}

#[test]
fn a_second_platform_on_the_same_data_is_refused_with_a_reason() {
    let platform = Platform::start();
    let out = std::process::Command::new(sandbar_tests::binary())
        .args(["up", "--json", "--listen", "127.0.0.1:0", "--home"])
        .arg(sandbar_tests::root().join("target"))
        .arg("--manifest")
        .arg(sandbar_tests::root().join("spin.toml"))
        .arg("--cache-dir")
        .arg(sandbar_tests::root().join("target/cache"))
        .arg("--data-dir")
        .arg(&platform.data)
        .output()
        .expect("starting the binary");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success(), "it started:\n{said}");
    assert!(
        out.stdout.is_empty(),
        "it printed {:?}",
        String::from_utf8_lossy(&out.stdout)
    );
    assert!(said.contains("in use"), "no reason in:\n{said}");
}
