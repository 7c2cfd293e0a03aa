//! One program for many tools: which one it is says the last component of `argv[0]`, or, called by the program's own
//! name, its first argument. `--list` prints the names.

use crate::console;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

/// As shells have it.
const NOT_FOUND: i32 = 127;

/// The last component of a program's name, without an extension that a build may have left (`tools.wasm`).
fn base_name(argument: Option<&OsString>) -> String {
    let name = argument
        .and_then(|a| Path::new(a).file_name())
        .unwrap_or_default()
        .to_string_lossy();
    name.strip_suffix(".wasm").unwrap_or(&name).to_owned()
}

/// The main of program `own`: runs the tool that is called (by `run`, from the ordered table), and ends the process.
pub fn main<P: Copy>(own: &str, programs: &[(&str, P)], run: impl FnOnce(&str, P, Vec<OsString>) -> i32) -> ! {
    sandbar_guest_rt::init();
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let mut name = base_name(arguments.first());
    if name == own {
        arguments.remove(0);
        name = base_name(arguments.first());
    }
    let code = if name == "--list" {
        let mut out = console::output();
        let listed = programs
            .iter()
            .try_for_each(|(name, _)| writeln!(out, "{name}"))
            .and_then(|()| out.flush());
        i32::from(listed.is_err())
    } else if let Ok(at) = programs.binary_search_by(|(known, _)| (*known).cmp(&name)) {
        run(&name, programs[at].1, arguments)
    } else {
        console::complain(&name, format_args!("no such tool; `{own} --list` names them all"));
        NOT_FOUND
    };
    sandbar_guest_rt::exit(code)
}
