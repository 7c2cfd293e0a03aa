//! `cargo xtask bench`.

use crate::process::{cargo, run, say};
use crate::{host, sdk, workspace};
use anyhow::Result;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Builds everything and runs the benchmark against a platform that it starts itself.
pub fn measure(root: &Path, arguments_of_bench: &[String]) -> Result<ExitCode> {
    host::build_everything(root)?;
    sdk::install(root)?;
    say("benchmark");
    let arguments = ["build", "--release", "--workspace", "--bin", "bench"];
    run(cargo().current_dir(root).args(arguments), "building the benchmark")?;
    let status = Command::new(workspace::target(root).join("release/bench"))
        .current_dir(root)
        .args(arguments_of_bench)
        .env("SANDBAR_BIN", workspace::binary(root))
        .env("SANDBAR_ROOT", root)
        .env("SANDBAR_SDK_PYTHON", sdk::python(root))
        .status()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
