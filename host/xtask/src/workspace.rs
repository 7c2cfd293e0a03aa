//! Where things are in a checkout.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The workspace's top directory: two above this crate.
pub fn root() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .context("the xtask crate is not inside a Sandbar checkout; run it from the repository")
}

/// Cargo's target directory: CARGO_TARGET_DIR if set, else `target/`.
pub fn target(root: &Path) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root.join(directory),
        None => root.join("target"),
    }
}

/// What the platform is run from: components, userland. Always in the checkout, because `spin.toml` names it.
pub fn home(root: &Path) -> PathBuf {
    root.join("target")
}

/// Compiled Wasm code, shared by every data directory of this checkout.
pub fn code_cache(root: &Path) -> PathBuf {
    home(root).join("cache")
}

/// The built `sandbar` binary.
pub fn binary(root: &Path) -> PathBuf {
    target(root).join("release/sandbar")
}

/// Cargo's target directory for Wasm, apart from the native one so that neither waits for the other's lock.
pub fn wasm_target(root: &Path) -> PathBuf {
    target(root).join("wasm")
}
