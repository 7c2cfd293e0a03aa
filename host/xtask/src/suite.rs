//! `cargo xtask test` and `cargo xtask soak`.

use crate::process::{cargo, say};
use crate::{check, host, sdk, workspace};
use anyhow::Result;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Builds everything, then checks (if asked) and tests. The test runner's closing line comes last.
pub fn run(root: &Path, checks: bool, filter: &[String], soak: bool) -> Result<ExitCode> {
    host::build_everything(root)?;
    sdk::install(root)?;
    if checks {
        check::run(root)?;
    }
    say(if soak { "tests, with wide seeds" } else { "tests" });
    let mut command = runner();
    command.current_dir(root).args(filter);
    command
        .env("SANDBAR_BIN", workspace::binary(root))
        .env("SANDBAR_ROOT", root);
    command
        .env("SANDBAR_SDK_PYTHON", sdk::python(root))
        .env("SANDBAR_SDK_NODE", sdk::node(root));
    if soak {
        command.env("SANDBAR_SOAK", "1");
    }
    finish(&mut command)
}

/// The disk that fails on demand, for the store's tests; it is no part of the product.
const FEATURES: &str = "sandbar-sqlite/fault";

/// nextest if the machine has it, for its isolation and its summary; else cargo's own runner.
fn runner() -> Command {
    let mut command = cargo();
    let nextest = cargo()
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|out| out.status.success());
    if nextest {
        command.args([
            "nextest",
            "run",
            "--cargo-profile",
            "release",
            "--workspace",
            "--features",
            FEATURES,
            "--no-fail-fast",
        ]);
    } else {
        command.args([
            "test",
            "--release",
            "--workspace",
            "--features",
            FEATURES,
            "--no-fail-fast",
        ]);
    }
    command
}

fn finish(command: &mut Command) -> Result<ExitCode> {
    crate::process::run(command, "the tests").map(|()| ExitCode::SUCCESS)
}
