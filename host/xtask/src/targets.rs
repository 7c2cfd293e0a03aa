//! The Rust targets that components and guests are built for.

use crate::process::{run, say};
use anyhow::Result;
use std::process::Command;

/// wasip2: programs with WASI. unknown-unknown: pure logic, which must import nothing.
pub const WASI: &str = "wasm32-wasip2";
/// For components that may import nothing: std for this target drags in no WASI.
pub const PURE: &str = "wasm32-unknown-unknown";

/// Adds the targets that are missing. Needs rustup only if one is.
pub fn ensure() -> Result<()> {
    let missing: Vec<&str> = [WASI, PURE].into_iter().filter(|target| !installed(target)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("adding Rust targets: {}", missing.join(", ")));
    run(
        Command::new("rustup").args(["target", "add"]).args(&missing),
        "rustup target add (without rustup, install these targets' standard library by hand)",
    )
}

fn installed(target: &str) -> bool {
    Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .ok()
        .filter(|out| out.status.success())
        .and_then(|out| String::from_utf8(out.stdout).ok())
        .is_some_and(|path| std::path::Path::new(path.trim()).is_dir())
}
