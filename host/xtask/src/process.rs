//! Running other programs, with their output on our standard error.

use anyhow::{Context, Result, bail};
use std::process::{Command, Stdio};

/// Says what is being done. Standard output belongs to what the user asked for.
pub fn say(text: &str) {
    eprintln!("\x1b[1m==>\x1b[0m {text}");
}

/// Runs `command` to its end; its standard output goes to our standard error.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .with_context(|| format!("{what}: cannot start {:?}; is it installed?", command.get_program()))?;
    if !status.success() {
        bail!("{what} failed ({status}); its own message is above");
    }
    Ok(())
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
