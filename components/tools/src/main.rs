//! One program for every tool: which one it is says the last component of `argv[0]`, or, called as
//! `tools NAME ...`, its first argument. `tools --list` prints the names.

use std::ffi::OsString;
use std::path::Path;

#[cfg(target_family = "wasm")]
mod uutils;

/// As shells have it.
const NOT_FOUND: i32 = 127;

fn main() {
    sandbar_guest_rt::init();
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let mut name = base_name(arguments.first());
    if name == "tools" {
        arguments.remove(0);
        name = base_name(arguments.first());
    }
    sandbar_guest_rt::exit(run(&name, arguments));
}

/// The last component of a program's name, without an extension that a build may have left (`tools.wasm`).
fn base_name(argument: Option<&OsString>) -> String {
    let name = argument.and_then(|a| Path::new(a).file_name()).unwrap_or_default().to_string_lossy();
    name.strip_suffix(".wasm").unwrap_or(&name).to_owned()
}

fn run(name: &str, arguments: Vec<OsString>) -> i32 {
    if name == "--list" {
        return list();
    }
    #[cfg(target_family = "wasm")]
    if let Some(main) = uutils::find(name) {
        return uutils::run(name, main, arguments);
    }
    eprintln!("{name}: no such tool; `tools --list` names them all");
    NOT_FOUND
}

#[allow(clippy::print_stdout)]
fn list() -> i32 {
    let mut names: Vec<&str> = Vec::new();
    #[cfg(target_family = "wasm")]
    names.extend(uutils::names());
    names.sort_unstable();
    for name in names {
        println!("{name}");
    }
    0
}
