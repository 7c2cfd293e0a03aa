//! which: where along PATH a program is.

use crate::console;
use sandbar_guest_rt::files::{self, Kind};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Prints the path of each program; exit code 0 if all are found, else 1.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let mut out = console::output();
    let mut all = false;
    let mut missing = false;
    let path = std::env::var("PATH").unwrap_or_default();
    for word in arguments.iter().skip(1) {
        if word == "-a" {
            all = true;
            continue;
        }
        let mut found = candidates(word, &path)
            .into_iter()
            .filter(|candidate| is_program(candidate))
            .peekable();
        missing |= found.peek().is_none();
        for program in found.take(if all { usize::MAX } else { 1 }) {
            missing |= writeln!(out, "{}", program.display()).is_err();
        }
    }
    i32::from(out.flush().is_err() || missing || arguments.len() < 2)
}

fn candidates(word: &OsString, path: &str) -> Vec<PathBuf> {
    if word.to_string_lossy().contains('/') {
        return vec![word.into()];
    }
    path.split(':')
        .map(|directory| Path::new(if directory.is_empty() { "." } else { directory }).join(word))
        .collect()
}

fn is_program(path: &Path) -> bool {
    files::status(path, true).is_ok_and(|status| status.kind == Kind::Regular && status.mode & 0o111 != 0)
}
