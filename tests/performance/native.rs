//! The same work by the machine's own programs.

use std::process::{Command, Stdio};

/// Runs a command to its end; whether it succeeded.
pub fn run(program: &str, arguments: &[&str], directory: &std::path::Path) -> bool {
    Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
