//! `node` for sandboxes: Rust, with QuickJS in C.

use super::c_compiler::CCompiler;
use super::install;
use crate::components::cargo_wasm_with;
use crate::process::say;
use crate::{stamp, targets, workspace};
use anyhow::Result;
use std::path::{Path, PathBuf};

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
            let mut environment = compiler.environment().to_vec();
            environment.extend(stack_check(root)?);
            cargo_wasm_with(root, targets::WASI, &["node"], &environment)?;
            let built = workspace::wasm_target(root)
                .join(targets::WASI)
                .join("wasm")
                .join("node.wasm");
            install(&built, &output)
        },
    )
}

/// Has the engine check the depth of its stack: `components/node/c/stack.h` says how. Its fingerprint is there for cargo, which
/// knows nothing of the file.
fn stack_check(root: &Path) -> Result<[(&'static str, PathBuf); 2]> {
    let header = root.join("components/node/c/stack.h");
    let fingerprint = stamp::fingerprint(std::slice::from_ref(&header), &[])?;
    let flags = format!(
        "-include '{}' -DSANDBAR_STACK_FINGERPRINT={fingerprint}",
        header.display()
    );
    Ok([
        ("CC_SHELL_ESCAPED_FLAGS", PathBuf::from("1")),
        ("CFLAGS_wasm32_wasip2", PathBuf::from(flags)),
    ])
}
