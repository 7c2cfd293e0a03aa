//! mkdir and mktemp: our own, since what they make has modes.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::modes;
use sandbar_guest_rt::files;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const MKDIR: &[Opt] = &[
    opt('m', "mode", Takes::Value),
    opt('p', "parents", Takes::Nothing),
    opt('v', "verbose", Takes::Nothing),
    opt('Z', "context", Takes::Optional),
];

/// mkdir: 0, or 1 if a directory could not be made.
pub fn mkdir(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(MKDIR, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("mkdir", message);
            return 1;
        }
    };
    let (mut mode, mut parents, mut verbose) = (None, false, false);
    for (option, value) in parsed.options {
        match option {
            'm' => {
                let text = value.unwrap_or_default().to_string_lossy().into_owned();
                mode = modes::apply(&text, 0o777, true);
                if mode.is_none() {
                    console::complain("mkdir", format_args!("invalid mode '{text}'"));
                    return 1;
                }
            }
            'p' => parents = true,
            'v' => verbose = true,
            _ => {}
        }
    }
    if parsed.operands.is_empty() {
        console::complain("mkdir", "missing operand");
        return 1;
    }
    let mut code = 0;
    for operand in &parsed.operands {
        let path = Path::new(operand);
        let made = if parents {
            make_all(path, mode, verbose)
        } else {
            make(path, mode, verbose)
        };
        if let Err((path, error)) = made {
            console::complain(
                "mkdir",
                format_args!(
                    "cannot create directory '{}': {}",
                    path.display(),
                    console::reason(&error)
                ),
            );
            code = 1;
        }
    }
    code
}

type Made = Result<(), (PathBuf, io::Error)>;

fn make(path: &Path, mode: Option<u32>, verbose: bool) -> Made {
    let done = fs::create_dir(path).and_then(|()| mode.map_or(Ok(()), |mode| files::chmod(path, mode)));
    done.map_err(|error| (path.to_owned(), error))?;
    if verbose {
        let mut out = console::output();
        // What cannot be told has been done all the same.
        let _ = writeln!(out, "mkdir: created directory '{}'", path.display()).and_then(|()| out.flush());
    }
    Ok(())
}

/// With all that lead to it. The mode is the last one's only.
fn make_all(path: &Path, mode: Option<u32>, verbose: bool) -> Made {
    let mut missing: Vec<&Path> = Vec::new();
    for ancestor in path.ancestors().filter(|path| !path.as_os_str().is_empty()) {
        match fs::metadata(ancestor) {
            Ok(found) if found.is_dir() => break,
            Ok(_) => {
                let kind = if ancestor == path {
                    io::Error::new(io::ErrorKind::AlreadyExists, "File exists")
                } else {
                    io::Error::new(io::ErrorKind::NotADirectory, "Not a directory")
                };
                return Err((ancestor.to_owned(), kind));
            }
            Err(_) => missing.push(ancestor),
        }
    }
    for directory in missing.into_iter().rev() {
        let mode = mode.filter(|_| directory == path);
        match make(directory, mode, verbose) {
            // Somebody else was faster.
            Err((_, error)) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => {}
            other => other?,
        }
    }
    Ok(())
}

const SUFFIX: char = '\u{e000}';
const MKTEMP: &[Opt] = &[
    opt('d', "directory", Takes::Nothing),
    opt('u', "dry-run", Takes::Nothing),
    opt('q', "quiet", Takes::Nothing),
    opt('t', "", Takes::Nothing),
    opt('p', "", Takes::Value),
    opt(TMPDIR, "tmpdir", Takes::Optional),
    opt(SUFFIX, "suffix", Takes::Value),
];
const TMPDIR: char = '\u{e001}';
/// Tries to find a name that is free.
const TRIES: u64 = 200;
const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// mktemp: prints the name of a new file (mode 600) or directory (mode 700); 0, or 1 with a message.
pub fn mktemp(arguments: Vec<OsString>) -> i32 {
    let quiet = arguments.iter().any(|word| word == "-q" || word == "--quiet");
    match temporary(arguments) {
        Ok(path) => {
            let mut out = console::output();
            i32::from(writeln!(out, "{}", path.display()).and_then(|()| out.flush()).is_err())
        }
        Err(message) => {
            if !quiet {
                console::complain("mktemp", message);
            }
            1
        }
    }
}

fn temporary(arguments: Vec<OsString>) -> Result<PathBuf, String> {
    let parsed = getopt::parse(MKTEMP, arguments.into_iter().skip(1), true)?;
    let (mut is_directory, mut dry, mut in_tmp, mut below, mut suffix) = (false, false, false, None, String::new());
    for (option, value) in parsed.options {
        let value = value.unwrap_or_default();
        match option {
            'd' => is_directory = true,
            'u' => dry = true,
            't' => in_tmp = true,
            'p' | TMPDIR => below = Some(value),
            SUFFIX => suffix = value.to_string_lossy().into_owned(),
            _ => {}
        }
    }
    if let Some(extra) = parsed.operands.get(1) {
        return Err(format!("too many templates: '{}'", extra.display()));
    }
    let template = parsed.operands.first().map(|word| word.to_string_lossy().into_owned());
    let tmpdir = || {
        let named = std::env::var_os("TMPDIR").filter(|name| !name.is_empty());
        named.unwrap_or_else(|| "/tmp".into())
    };
    let directory = match below {
        Some(named) if !named.is_empty() => Some(named),
        Some(_) => Some(tmpdir()),
        None if in_tmp || template.is_none() => Some(tmpdir()),
        None => None,
    };
    let template = template.unwrap_or_else(|| "tmp.XXXXXXXXXX".into());
    if directory.is_some() && template.starts_with('/') {
        return Err(format!(
            "invalid template, '{template}'; with --tmpdir, it may not be absolute"
        ));
    }
    let (head, tail) = match template.rfind('X') {
        Some(last) if suffix.is_empty() => template.split_at(last + 1),
        _ => (template.as_str(), ""),
    };
    let suffix = format!("{tail}{suffix}");
    if suffix.contains('/') {
        return Err(format!("invalid suffix '{suffix}', contains directory separator"));
    }
    let stem = head.trim_end_matches('X');
    let count = head.len() - stem.len();
    if count < 3 {
        return Err(format!("too few X's in template '{template}'"));
    }
    let kind = if is_directory { "directory" } else { "file" };
    for attempt in 0..TRIES {
        let name = format!("{stem}{}{suffix}", letters(count, attempt));
        let path = directory
            .as_ref()
            .map_or_else(|| PathBuf::from(&name), |dir| Path::new(dir).join(&name));
        let made = if dry {
            match fs::symlink_metadata(&path) {
                Ok(_) => continue,
                Err(_) => Ok(()),
            }
        } else if is_directory {
            fs::create_dir(&path).and_then(|()| files::chmod(&path, 0o700))
        } else {
            let opened = OpenOptions::new().write(true).create_new(true).open(&path);
            opened.and_then(|_| files::chmod(&path, 0o600))
        };
        match made {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let shown = directory.map_or_else(|| template.clone(), |dir| format!("{}/{template}", dir.display()));
                return Err(format!(
                    "failed to create {kind} via template '{shown}': {}",
                    console::reason(&error)
                ));
            }
        }
    }
    Err(format!(
        "failed to create {kind} via template '{template}': File exists"
    ))
}

fn letters(count: usize, attempt: u64) -> String {
    // Its keys are of the system's random numbers.
    let seed = RandomState::new();
    (0..count)
        .map(|at| char::from(LETTERS[(seed.hash_one((attempt, at)) % LETTERS.len() as u64) as usize]))
        .collect()
}
