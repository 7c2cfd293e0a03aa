//! One program for every tool: which one it is says the last component of `argv[0]`, or, called as
//! `tools NAME ...`, its first argument. `tools --list` prints the names.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

/// The main of a program: its arguments, its own name first, to its exit code.
#[derive(Clone, Copy)]
enum Program {
    /// One of this crate.
    Own(fn(Vec<OsString>) -> i32),
    /// One of uutils.
    #[cfg(target_family = "wasm")]
    Uutils(fn(std::vec::IntoIter<OsString>) -> i32),
}

// `PROGRAMS`, in order of name, from `programs.txt`.
include!(concat!(env!("OUT_DIR"), "/programs.rs"));

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
    let name = argument
        .and_then(|a| Path::new(a).file_name())
        .unwrap_or_default()
        .to_string_lossy();
    name.strip_suffix(".wasm").unwrap_or(&name).to_owned()
}

fn run(name: &str, arguments: Vec<OsString>) -> i32 {
    if name == "--list" {
        let mut out = tools::console::output();
        let listed = PROGRAMS
            .iter()
            .try_for_each(|(name, _)| writeln!(out, "{name}"))
            .and_then(|()| out.flush());
        return i32::from(listed.is_err());
    }
    let Ok(at) = PROGRAMS.binary_search_by(|(known, _)| (*known).cmp(name)) else {
        tools::console::complain(name, "no such tool; `tools --list` names them all");
        return NOT_FOUND;
    };
    match PROGRAMS[at].1 {
        Program::Own(main) => main(arguments),
        #[cfg(target_family = "wasm")]
        Program::Uutils(main) => {
            if let Err(error) = uucore::locale::setup_localization(name) {
                tools::console::complain(name, format_args!("cannot load messages: {error}"));
            }
            main(arguments.into_iter())
        }
    }
}
