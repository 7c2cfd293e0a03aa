//! The cell: the child process in which hostile code lives, and the toolbox it serves.

pub mod config;
pub mod error;
pub mod limits;
pub mod multipart;
pub mod spec;

pub use config::{ArgumentError, CellConfig};
pub use spec::{CellStats, SandboxLimits, SandboxSpec, valid_id};

use std::process::ExitCode;

/// Runs a cell until its runner closes descriptor 0. This is the hidden subcommand `sandbar cell`; its arguments
/// are read with [`CellConfig::from_arguments`].
#[must_use]
pub fn main(config: CellConfig) -> ExitCode {
    let _ = config;
    ExitCode::FAILURE
}
