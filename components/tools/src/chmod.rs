//! chmod.

use crate::getopt::{self, Opt, Takes, opt};
use crate::{console, modes};
use sandbar_guest_rt::files::{self, Kind};
use std::ffi::OsString;
use std::io;
use std::path::Path;

/// Directories nested deeper are not entered.
const MOST_DEPTH: usize = 500;
const REFERENCE: char = '\u{e000}';
const TABLE: &[Opt] = &[
    opt('R', "recursive", Takes::Nothing),
    opt('v', "verbose", Takes::Nothing),
    opt('c', "changes", Takes::Nothing),
    opt('f', "silent", Takes::Nothing),
    opt('f', "quiet", Takes::Nothing),
    opt(REFERENCE, "reference", Takes::Value),
];

/// Sets permission bits; exit code 0, or 1 if any could not be set.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let mut arguments: Vec<OsString> = arguments.into_iter().skip(1).collect();
    // `-x`, `-w`, `-rwx` are modes, not options.
    let is_mode = |word: &OsString| {
        word.to_str().is_some_and(|text| {
            text.starts_with('-')
                && text.len() > 1
                && text[1..].starts_with(['r', 'w', 'x', 'X', 'u', 'g', 'o', 's', 't'])
                && modes::apply(text, 0, false).is_some()
        })
    };
    let dashed = arguments.iter().position(is_mode).map(|at| arguments.remove(at));
    let parsed = match getopt::parse(TABLE, arguments, true) {
        Ok(parsed) => parsed,
        Err(message) => return fail(message),
    };
    let given = |letter| parsed.options.iter().any(|(option, _)| *option == letter);
    let reference = parsed
        .options
        .iter()
        .rev()
        .find_map(|(option, value)| value.as_ref().filter(|_| *option == REFERENCE));
    let mut operands = parsed.operands.into_iter();
    let mode = if let Some(path) = reference {
        match files::status(Path::new(path), true) {
            Ok(status) => format!("{:o}", status.mode),
            Err(error) => {
                return fail(format_args!(
                    "failed to get attributes of '{}': {}",
                    path.display(),
                    console::reason(&error)
                ));
            }
        }
    } else if let Some(mode) = dashed.or_else(|| operands.next()) {
        mode.to_string_lossy().into_owned()
    } else {
        return fail("missing operand");
    };
    if modes::apply(&mode, 0, false).is_none() {
        return fail(format_args!("invalid mode: '{mode}'"));
    }
    let paths: Vec<OsString> = operands.collect();
    if paths.is_empty() {
        return fail(format_args!("missing operand after '{mode}'"));
    }
    let mut job = Job {
        mode,
        recursive: given('R'),
        quiet: given('f'),
        trouble: false,
    };
    for path in &paths {
        job.change(Path::new(path), 0);
    }
    i32::from(job.trouble)
}

struct Job {
    mode: String,
    recursive: bool,
    quiet: bool,
    trouble: bool,
}

impl Job {
    fn change(&mut self, path: &Path, depth: usize) {
        if let Err(error) = self.try_change(path, depth) {
            self.trouble = true;
            if !self.quiet {
                fail(format_args!(
                    "cannot access '{}': {}",
                    path.display(),
                    console::reason(&error)
                ));
            }
        }
    }

    fn try_change(&mut self, path: &Path, depth: usize) -> io::Result<()> {
        // Links met on the way are left alone: they have no bits, and may lead out of the tree.
        let status = files::status(path, depth == 0)?;
        if status.kind == Kind::Symlink {
            return Ok(());
        }
        let is_directory = status.kind == Kind::Directory;
        if let Some(bits) = modes::apply(&self.mode, status.mode, is_directory) {
            files::chmod(path, bits)?;
        }
        if self.recursive && is_directory && depth < MOST_DEPTH {
            for entry in std::fs::read_dir(path)? {
                self.change(&entry?.path(), depth + 1);
            }
        }
        Ok(())
    }
}

fn fail(message: impl std::fmt::Display) -> i32 {
    console::complain("chmod", message);
    1
}
