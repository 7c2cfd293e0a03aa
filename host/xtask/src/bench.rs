//! `cargo xtask bench`.

use crate::process::{cargo, run, say};
use crate::{host, sdk, workspace};
use anyhow::Result;
use std::path::Path;
use std::process::{Command, ExitCode};

/// The measurement that needs no platform.
const PLACEMENT: &str = "placement";

/// Placement decisions of the compiled scheduler: a program beside the simulation, which plays the same component.
fn decisions(root: &Path) -> Result<()> {
    // The whole workspace is selected, as everywhere: another selection has other features, and wasmtime would be built anew.
    let arguments = ["build", "--release", "--workspace", "--example", "placements"];
    run(
        cargo().current_dir(root).args(arguments),
        "building the measurement of placements",
    )?;
    let program = workspace::target(root).join("release/examples/placements");
    run(Command::new(program).current_dir(root), "measuring placement decisions")
}

/// Builds everything and runs the benchmark against a platform that it starts itself.
pub fn measure(root: &Path, arguments_of_bench: &[String]) -> Result<ExitCode> {
    host::build_everything(root)?;
    sdk::install(root)?;
    say("benchmark");
    if arguments_of_bench.is_empty() || arguments_of_bench.iter().any(|word| word == PLACEMENT) {
        decisions(root)?;
    }
    if arguments_of_bench.iter().all(|word| word == PLACEMENT) && !arguments_of_bench.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
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
