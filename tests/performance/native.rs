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

/// Runs a command to its end; what it printed, empty if it failed.
pub fn output(program: &str, arguments: &[&str], directory: &std::path::Path) -> String {
    Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|done| done.status.success())
        .map(|done| String::from_utf8_lossy(&done.stdout).into_owned())
        .unwrap_or_default()
}
