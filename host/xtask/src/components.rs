//! Builds the control plane's components and the runner's into `target/components/`.

use crate::process::{cargo, run, say};
use crate::{stamp, targets, workspace};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Components that do I/O: cargo's output for wasm32-wasip2 already is a component.
const WASI: [&str; 4] = ["api", "store-spin", "signals-spin", "metrics-spin"];
/// Pure ones: core modules, made components here.
const PURE: [&str; 3] = ["region", "scheduler", "runner"];
/// Schedulers for tests: another policy in the same contract.
const TEST_PURE: [&str; 1] = ["scheduler-fullest"];

/// Where the components go.
pub fn directory(root: &Path) -> PathBuf {
    workspace::home(root).join("components")
}

/// Builds what has changed.
pub fn build(root: &Path) -> Result<()> {
    let out = directory(root);
    let all: Vec<&str> = WASI.iter().chain(&PURE).chain(&TEST_PURE).copied().collect();
    let outputs: Vec<PathBuf> = all.iter().map(|name| out.join(file_name(name))).collect();
    let inputs = [
        "components/api",
        "components/region",
        "components/scheduler",
        "components/runner",
        "components/store-spin",
        "components/signals-spin",
        "components/metrics-spin",
        "host/store",
        "wit",
        "tests/components",
        "Cargo.lock",
        "Cargo.toml",
    ]
    .map(|input| root.join(input));
    let fingerprint = stamp::fingerprint(&inputs, &all)?;
    stamp::unless_current(&out.join(".stamp"), &fingerprint, &outputs, || {
        targets::ensure()?;
        say("building the control plane's components");
        cargo_wasm(root, targets::WASI, &WASI)?;
        let pure: Vec<&str> = PURE.iter().chain(&TEST_PURE).copied().collect();
        cargo_wasm(root, targets::PURE, &pure)?;
        std::fs::create_dir_all(&out)?;
        for name in WASI {
            let from = built(root, targets::WASI, name);
            replace(&out.join(file_name(name)), &read(&from)?)?;
        }
        for name in pure {
            let component = componentise(&read(&built(root, targets::PURE, name))?)
                .with_context(|| format!("making a component of {name}"))?;
            replace(&out.join(file_name(name)), &component)?;
        }
        Ok(())
    })
}

/// `cargo build` of Wasm packages, in their own profile and target directory.
pub fn cargo_wasm(root: &Path, target: &str, packages: &[&str]) -> Result<()> {
    cargo_wasm_with(root, target, packages, &[])
}

/// The same with an environment, for packages with C inside.
pub fn cargo_wasm_with(
    root: &Path,
    target: &str,
    packages: &[&str],
    environment: &[(&'static str, PathBuf)],
) -> Result<()> {
    let mut command = cargo();
    command
        .current_dir(root)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .args(["build", "--profile", "wasm", "--target", target, "--target-dir"]);
    command.arg(workspace::wasm_target(root));
    for package in packages {
        command.args(["-p", package]);
    }
    run(&mut command, &format!("building {} for {target}", packages.join(", ")))
}

/// A core module with embedded WIT, as a component.
fn componentise(module: &[u8]) -> Result<Vec<u8>> {
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)?
        .encode()
}

fn built(root: &Path, target: &str, package: &str) -> PathBuf {
    workspace::wasm_target(root)
        .join(target)
        .join("wasm")
        .join(file_name(package))
}

fn file_name(package: &str) -> String {
    format!("{}.wasm", package.replace('-', "_"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Written beside and renamed, so that a running platform never sees half a file.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("cannot replace {}", path.display()))
}

/// What is linted for which Wasm target.
pub fn lint_groups() -> [(&'static str, Vec<&'static str>); 2] {
    [
        (
            targets::WASI,
            [WASI.as_slice(), &["shell", "tools", "sandbar-guest-rt"]].concat(),
        ),
        (targets::PURE, [PURE.as_slice(), &TEST_PURE].concat()),
    ]
}
