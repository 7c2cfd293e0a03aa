//! The guests written in Rust: shell and tools.

use super::install;
use crate::components::cargo_wasm;
use crate::process::say;
use crate::{stamp, targets, workspace};
use anyhow::Result;
use std::path::{Path, PathBuf};

const PACKAGES: [&str; 2] = ["shell", "tools"];
/// Their programs.
const GUESTS: [&str; 4] = ["shell", "tools", "tools-data", "tools-net"];

/// Builds them if a source, a contract or a dependency has changed.
pub fn build(root: &Path, out: &Path) -> Result<()> {
    let inputs = [
        "components/guest-rt",
        "components/shell",
        "components/tools",
        "wit/process",
        "wit/files",
        "wit/tls",
        "wit/deps",
        "Cargo.lock",
        "Cargo.toml",
    ]
    .map(|input| root.join(input));
    let outputs: Vec<PathBuf> = GUESTS.iter().map(|name| out.join(format!("{name}.wasm"))).collect();
    let fingerprint = stamp::fingerprint(&inputs, &GUESTS)?;
    stamp::unless_current(&out.join(".guests-stamp"), &fingerprint, &outputs, || {
        targets::ensure()?;
        say("building shell and tools (the first time takes a few minutes)");
        cargo_wasm(root, targets::WASI, &PACKAGES)?;
        for (name, output) in GUESTS.iter().zip(&outputs) {
            let built = workspace::wasm_target(root)
                .join(targets::WASI)
                .join("wasm")
                .join(format!("{name}.wasm"));
            install(&built, output)?;
        }
        Ok(())
    })
}
