//! Formatting, lints and dependency policy.

use crate::process::{self, cargo, say};
use crate::{components, targets, userland, workspace};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version the policy file is written for. Newer ones may know other keys.
const CARGO_DENY: &str = "0.20.2";

/// Everything that reads the code without running it.
pub fn run(root: &Path) -> Result<()> {
    say("formatting");
    run_cargo(
        root,
        &["fmt", "--all", "--check"],
        "cargo fmt (run `cargo fmt --all` to mend it)",
    )?;
    say("dependency policy");
    deny(root)?;
    say("lints");
    lint(root)
}

fn run_cargo(root: &Path, arguments: &[&str], what: &str) -> Result<()> {
    process::run(cargo().current_dir(root).args(arguments), what)
}

fn lint(root: &Path) -> Result<()> {
    targets::ensure()?;
    run_cargo(
        root,
        &[
            "clippy",
            "--release",
            "--workspace",
            "--all-targets",
            "--features",
            "sandbar-sqlite/fault",
            "--",
            "-D",
            "warnings",
        ],
        "clippy",
    )?;
    for (target, packages) in components::lint_groups() {
        let mut command = cargo();
        command
            .current_dir(root)
            .args(["clippy", "--profile", "wasm", "--target", target, "--target-dir"]);
        command.arg(workspace::wasm_target(root));
        for package in packages {
            command.args(["-p", package]);
        }
        process::run(command.args(["--", "-D", "warnings"]), &format!("clippy for {target}"))?;
    }
    userland::clippy(root)
}

fn deny(root: &Path) -> Result<()> {
    let tools = workspace::target(root).join("tools");
    let program = installed(&tools)?;
    process::run(
        Command::new(program).current_dir(root).args([
            "--config",
            ".cargo/deny.toml",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ]),
        "cargo deny",
    )
}

/// cargo-deny from PATH if it is the right version, else our own copy, installed once.
fn installed(tools: &Path) -> Result<PathBuf> {
    let ours = tools.join("bin/cargo-deny");
    for candidate in [PathBuf::from("cargo-deny"), ours.clone()] {
        let version = Command::new(&candidate).arg("--version").output();
        if version.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(CARGO_DENY)) {
            return Ok(candidate);
        }
    }
    say("installing cargo-deny (once)");
    process::run(
        cargo()
            .args(["install", "cargo-deny", "--locked", "--version", CARGO_DENY, "--root"])
            .arg(tools)
            .env("CARGO_TARGET_DIR", tools.join("build")),
        "installing cargo-deny",
    )?;
    Ok(ours)
}
