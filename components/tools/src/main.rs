//! The tools of every day: uutils', and our own. See [`tools::multicall`].

use std::ffi::OsString;

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
include!(concat!(env!("OUT_DIR"), "/tools.rs"));

fn main() {
    tools::multicall::main("tools", PROGRAMS, run);
}

#[cfg_attr(not(target_family = "wasm"), allow(unused_variables))]
fn run(name: &str, program: Program, arguments: Vec<OsString>) -> i32 {
    match program {
        Program::Own(main) => main(arguments),
        #[cfg(target_family = "wasm")]
        Program::Uutils(main) => {
            if name == "sed"
                && let Some(code) = tools::sed::try_main(&arguments)
            {
                return code;
            }
            if let Err(error) = uucore::locale::setup_localization(name) {
                tools::console::complain(name, format_args!("cannot load messages: {error}"));
            }
            main(arguments.into_iter())
        }
    }
}
