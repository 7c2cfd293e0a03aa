//! Builds the native host.

use crate::process::{cargo, run, say};
use crate::{components, stamp, userland, workspace};
use anyhow::Result;
use std::path::Path;

/// Components, userland, host.
pub fn build_everything(root: &Path) -> Result<()> {
    components::build(root)?;
    userland::build(root)?;
    build(root)
}

/// The `sandbar` binary, in the release profile.
pub fn build(root: &Path) -> Result<()> {
    let inputs = ["host", "wit", "Cargo.lock", "Cargo.toml"].map(|input| root.join(input));
    let binary = workspace::binary(root);
    let fingerprint = stamp::fingerprint(&inputs, &["sandbar"])?;
    stamp::unless_current(
        &workspace::home(root).join(".host-stamp"),
        &fingerprint,
        &[binary],
        || {
            say("building the host (the first time takes several minutes: it compiles wasmtime)");
            // The whole workspace is selected so that features are the same as in tests: wasmtime is compiled once.
            let arguments = ["build", "--release", "--workspace", "--bin", "sandbar"];
            run(cargo().current_dir(root).args(arguments), "building the host")
        },
    )
}
