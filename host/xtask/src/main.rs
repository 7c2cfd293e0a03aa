//! The project's single door. `cargo xtask up` runs the platform, `cargo xtask test` runs every test, `cargo xtask
//! bench` measures. Each does all of its own set-up and says on standard error what it is doing.

mod bench;
mod check;
mod components;
mod host;
mod process;
mod sdk;
mod stamp;
mod suite;
mod targets;
mod up;
mod userland;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, runs, tests and measures Sandbar.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build what is missing, then start the platform. Arguments go on to `sandbar up`.
    #[command(disable_help_flag = true)]
    Up {
        /// Arguments of `sandbar up`; `cargo xtask up --help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build components, userland and host without starting anything.
    Build,
    /// Formatting, lints and dependency policy.
    Check,
    /// Every test: checks, unit tests, components, the real SDKs.
    Test {
        /// Run the tests only, without formatting, lints and dependency policy.
        #[arg(long)]
        no_check: bool,
        /// Words that select tests by name; all of them if none is given.
        filter: Vec<String>,
    },
    /// The long tests: wide seeds, many restarts.
    Soak,
    /// Measure the platform over loopback and beside native programs.
    #[command(disable_help_flag = true)]
    Bench {
        /// Arguments of the benchmark; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let root = workspace::root()?;
    match cli.task {
        Task::Up { arguments } => up::run(&root, &arguments),
        Task::Build => host::build_everything(&root).map(|()| ExitCode::SUCCESS),
        Task::Check => check::run(&root).map(|()| ExitCode::SUCCESS),
        Task::Test { no_check, filter } => suite::run(&root, !no_check, &filter, false),
        Task::Soak => suite::run(&root, false, &[], true),
        Task::Bench { arguments } => bench::measure(&root, &arguments),
    }
}
