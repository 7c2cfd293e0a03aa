//! `node` for sandboxes: Rust, with QuickJS in C.

use super::c_compiler::CCompiler;
use super::install;
use crate::components::cargo_wasm_with;
use crate::process::say;
use crate::{stamp, targets, workspace};
use anyhow::Result;
use std::path::Path;

/// Builds it if a source, a contract or a dependency has changed.
pub fn build(root: &Path, out: &Path) -> Result<()> {
    let inputs = [
        "components/guest-rt",
        "components/node",
        "wit/process",
        "wit/files",
        "wit/tls",
        "wit/deps",
        "Cargo.lock",
        "Cargo.toml",
    ]
    .map(|input| root.join(input));
    let output = out.join("node.wasm");
    let fingerprint = stamp::fingerprint(&inputs, &["node"])?;
    stamp::unless_current(
        &out.join(".node-stamp"),
        &fingerprint,
        std::slice::from_ref(&output),
        || {
            targets::ensure()?;
            let compiler = CCompiler::ensure(root)?;
            say("building node (the first time takes a few minutes)");
            cargo_wasm_with(root, targets::WASI, &["node"], &compiler.environment())?;
            let built = workspace::wasm_target(root)
                .join(targets::WASI)
                .join("wasm")
                .join("node.wasm");
            install(&built, &output)
        },
    )
}
