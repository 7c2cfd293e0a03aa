//! `cargo xtask up`.

use crate::{host, workspace};
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Builds what is missing and becomes `sandbar up`.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode> {
    host::build_everything(root)?;
    let binary = workspace::binary(root);
    let error = Command::new(&binary)
        .arg("up")
        .arg("--home")
        .arg(workspace::home(root))
        .arg("--manifest")
        .arg(root.join("spin.toml"))
        .arg("--cache-dir")
        .arg(workspace::code_cache(root))
        .args(arguments)
        .exec();
    Err(error).with_context(|| format!("cannot start {}", binary.display()))
}
