//! The operator's commands: regions, runners, sandboxes, organizations and keys, of the platform on this machine or of
//! one far away. Each command is one call of the public API, or a few; nothing here knows more than the API says.
//!
//! | module | one concern |
//! | --- | --- |
//! | [`connection`] | where the platform is, and with which key |
//! | [`client`] | one call: JSON in, JSON or a typed error out |
//! | [`output`] | tables for people, JSON for programs |
//! | [`commands`] | one file for each noun |
#![forbid(unsafe_code)]

pub mod client;
pub mod commands;
pub mod connection;
pub mod output;

pub use clap_complete::Shell;
pub use client::CliError;
pub use commands::{Operator, Runner, run_runner};
pub use connection::Connection;

/// Prints the script that completes `command` in a shell.
pub fn complete(shell: Shell, command: &mut clap::Command, to: &mut dyn std::io::Write) {
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, command, name, to);
}
