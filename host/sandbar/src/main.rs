//! The `sandbar` command.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A cell must not start threads before it has closed its jail, and has its own way to read arguments.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "cell") {
        cli::logging();
        return sandbar::cell_main(arguments);
    }
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbar: {error:#}");
            ExitCode::FAILURE
        }
    }
}
