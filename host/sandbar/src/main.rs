//! The `sandbar` command.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A cell must not start threads before it has closed its jail, and has its own way to read arguments.
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("cell") => {
            cli::logging();
            return sandbar::cell_main(arguments);
        }
        // The compiler of users' programs beside each cell, and what it compiles each of them in.
        Some(sandbar::COMPILER) => {
            cli::logging();
            return sandbar::compiler_main(arguments);
        }
        Some(sandbar::COMPILE_GUEST) => return sandbar::compile_guest_main(),
        // A compiler within limits, started by a runner.
        Some(sandbar::COMPILE_AGENT) => return sandbar::compile_agent_main(arguments),
        _ => {}
    }
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !cli::is_told(&error) {
                eprintln!("sandbar: {error:#}");
            }
            ExitCode::from(cli::exit_code(&error))
        }
    }
}
