//! The npm SDKs, under both their names. A program ends at once when its work is done.

use sandbar_tests::{Platform, root, run_program};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// With a refused event stream a Node program lives on for three minutes after its work.
const ENDS_AT_ONCE: Duration = Duration::from_secs(20);

fn scenario(package: &str, name: &str) {
    let platform = Platform::start();
    let modules = match std::env::var_os("SANDBAR_SDK_NODE") {
        Some(directory) => PathBuf::from(directory),
        None => root().join("target/sdk/node"),
    };
    // Node resolves packages from where the program is, so the program goes where they are.
    let program = modules.join(format!(
        "{}-{}-{name}",
        std::process::id(),
        package.replace(['@', '/'], "")
    ));
    std::fs::copy(root().join("tests/conformance/node").join(name), &program).expect("copying the program");
    let finished = run_program(
        &platform,
        Command::new("node")
            .arg(&program)
            .arg(package)
            .env("DAYTONA_TARGET", "us"),
        Duration::from_secs(120),
    );
    let _ = std::fs::remove_file(&program);
    let log = platform.log_tail();
    assert_eq!(
        finished.code,
        Some(0),
        "{name} with {package} after {:?}:\n{}\n--- platform\n{log}",
        finished.took,
        finished.output
    );
    assert!(
        finished.took < ENDS_AT_ONCE,
        "{name} with {package} lingered for {:?}:\n{}",
        finished.took,
        finished.output
    );
}

#[test]
fn the_current_name_works() {
    scenario("@daytona/sdk", "whole.mjs");
}

#[test]
fn the_legacy_name_works() {
    scenario("@daytonaio/sdk", "whole.mjs");
}

#[test]
fn a_program_that_keeps_its_sandbox_ends_at_once() {
    scenario("@daytona/sdk", "keep.mjs");
}

#[test]
fn sessions_terminals_and_the_interpreter_work() {
    scenario("@daytona/sdk", "living.mjs");
}

#[test]
fn every_method_for_the_inside_of_a_sandbox_works() {
    scenario("@daytona/sdk", "everything.mjs");
}

#[test]
fn images_are_built_with_uploads_of_the_aws_client() {
    scenario("@daytona/sdk", "images.mjs");
}

#[test]
fn language_servers_answer() {
    scenario("@daytona/sdk", "lsp.mjs");
}
