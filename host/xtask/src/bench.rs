//! `cargo xtask bench`.

use crate::process::{cargo, say};
use crate::{host, sdk, workspace};
use anyhow::Result;
use std::path::Path;
use std::process::ExitCode;

/// Builds everything and runs the benchmark against a platform that it starts itself.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode> {
    host::build_everything(root)?;
    sdk::install(root)?;
    say("benchmark");
    let status = cargo()
        .current_dir(root)
        .args(["run", "--quiet", "--release", "-p", "sandbar-tests", "--bin", "bench", "--"])
        .args(arguments)
        .env("SANDBAR_BIN", workspace::binary(root))
        .env("SANDBAR_ROOT", root)
        .env("SANDBAR_SDK_PYTHON", sdk::python(root))
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
