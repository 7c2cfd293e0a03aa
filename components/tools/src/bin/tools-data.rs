//! The tools for data: JSON, archives, compression. See [`tools::multicall`].

use std::ffi::OsString;

/// The main of a program: its arguments, its own name first, to its exit code.
#[derive(Clone, Copy)]
enum Program {
    /// One of this crate.
    Own(fn(Vec<OsString>) -> i32),
}

// `PROGRAMS`, in order of name, from `programs.txt`.
include!(concat!(env!("OUT_DIR"), "/tools-data.rs"));

fn main() {
    tools::multicall::main("tools-data", PROGRAMS, |_, Program::Own(main), arguments| {
        main(arguments)
    });
}
