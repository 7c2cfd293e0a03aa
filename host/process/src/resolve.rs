//! From a name to a program, as execve does it: PATH, the executable bit, `#!` lines.

use std::sync::Arc;

use sandbar_files::{File, Kind, OpenOptions, Tree};

use crate::errno::Errno;
use crate::limits::{DEFAULT_PATH, HEADER_BYTES, MAX_ARGUMENT_BYTES, MAX_INTERPRETERS, MAX_PATH_DIRECTORIES};

/// A program about to be started: what it is called with, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// argv; never empty.
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    /// Absolute working directory.
    pub(crate) directory: String,
}

/// What runs a program.
#[derive(Debug)]
pub(crate) enum Found {
    /// A program of the userland, by name.
    Userland(String),
    /// A program of a user's: its bytes.
    Own(Arc<File>),
    /// `serve`, which is the host's.
    Serve,
}

/// What the first bytes of an executable file say.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Header {
    /// `#!wasm:NAME`: a program of the userland.
    Program(String),
    /// `#!PATH [ARGUMENT]`.
    Interpreter(String, Option<String>),
    /// `#!host:serve`.
    Serve,
    /// WebAssembly.
    Own,
}

/// What WebAssembly begins with.
const WASM: &[u8] = b"\0asm";

/// Finds what runs `program` and where that lies, and rewrites the arguments as interpreters ask for it.
pub(crate) fn resolve(tree: &Arc<Tree>, program: &str, image: &mut Image) -> Result<(Found, String), Errno> {
    check(program, image)?;
    image.environment.retain(|(name, _)| name != "PWD");
    image.environment.push(("PWD".into(), image.directory.clone()));
    let mut path = find(tree, program, image)?;
    for _ in 0..=MAX_INTERPRETERS {
        let (header, file) = header(tree, &path)?;
        match header {
            Header::Program(name) => return Ok((Found::Userland(name), path)),
            Header::Serve => return Ok((Found::Serve, path)),
            Header::Own => return Ok((Found::Own(file), path)),
            Header::Interpreter(interpreter, argument) => {
                let mut arguments = vec![interpreter.clone()];
                arguments.extend(argument);
                arguments.push(path);
                arguments.extend(image.arguments.drain(1..));
                image.arguments = arguments;
                path = absolute(&image.directory, &interpreter);
                executable(tree, &path)?;
            }
        }
    }
    Err(Errno::Invalid)
}

/// Refuses what no program may be started with.
fn check(program: &str, image: &Image) -> Result<(), Errno> {
    if image.arguments.is_empty() || program.contains('\0') || !image.directory.starts_with('/') {
        return Err(Errno::Invalid);
    }
    if program.is_empty() {
        return Err(Errno::NotFound);
    }
    // As execve counts: each string with its end and its pointer.
    const EACH: usize = 9;
    let arguments = image
        .arguments
        .iter()
        .map(|argument| argument.len() + EACH)
        .sum::<usize>();
    let environment = image
        .environment
        .iter()
        .map(|(name, value)| name.len() + value.len() + 1 + EACH)
        .sum::<usize>();
    if arguments + environment > MAX_ARGUMENT_BYTES {
        return Err(Errno::TooBig);
    }
    let nul = image.arguments.iter().any(|argument| argument.contains('\0'))
        || image
            .environment
            .iter()
            .any(|(name, value)| name.is_empty() || name.contains(['\0', '=']) || value.contains('\0'));
    if nul { Err(Errno::Invalid) } else { Ok(()) }
}

/// The absolute path of an executable file.
fn find(tree: &Tree, program: &str, image: &Image) -> Result<String, Errno> {
    if program.contains('/') {
        let path = absolute(&image.directory, program);
        executable(tree, &path)?;
        return Ok(path);
    }
    let path = image
        .environment
        .iter()
        .rev()
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| value.as_str());
    let mut refused = Errno::NotFound;
    for directory in path.unwrap_or(DEFAULT_PATH).split(':').take(MAX_PATH_DIRECTORIES) {
        let candidate = absolute(
            &image.directory,
            &format!("{}/{program}", if directory.is_empty() { "." } else { directory }),
        );
        match executable(tree, &candidate) {
            Ok(()) => return Ok(candidate),
            // Goes on looking, but remembers that something was there.
            Err(Errno::Access) => refused = Errno::Access,
            Err(_) => {}
        }
    }
    Err(refused)
}

fn executable(tree: &Tree, path: &str) -> Result<(), Errno> {
    let status = tree.stat(path, true)?;
    if status.kind == Kind::Regular && status.mode & 0o111 != 0 {
        Ok(())
    } else {
        Err(Errno::Access)
    }
}

fn header(tree: &Arc<Tree>, path: &str) -> Result<(Header, Arc<File>), Errno> {
    let file = tree.open_file(path, &OpenOptions::read_only())?;
    let mut bytes = [0; HEADER_BYTES];
    let mut length = 0;
    while length < bytes.len() {
        match file.read_at(&mut bytes[length..], length as u64)? {
            0 => break,
            count => length += count,
        }
    }
    let header = parse(&bytes[..length]).ok_or(Errno::NotExecutable)?;
    Ok((header, file))
}

fn parse(bytes: &[u8]) -> Option<Header> {
    if bytes.starts_with(WASM) {
        return Some(Header::Own);
    }
    let line = bytes.strip_prefix(b"#!")?;
    let end = line.iter().position(|byte| *byte == b'\n');
    // A line that does not end within the header is cut off: running half a name would be wrong.
    let end = if bytes.len() < HEADER_BYTES {
        end.unwrap_or(line.len())
    } else {
        end?
    };
    let line = std::str::from_utf8(&line[..end]).ok()?.trim_matches([' ', '\t', '\r']);
    if let Some(name) = line.strip_prefix("wasm:") {
        return (!name.is_empty()).then(|| Header::Program(name.to_owned()));
    }
    if let Some(name) = line.strip_prefix("host:") {
        return (name == "serve").then_some(Header::Serve);
    }
    let (interpreter, argument) = match line.split_once([' ', '\t']) {
        Some((interpreter, argument)) => (interpreter, Some(argument.trim_start_matches([' ', '\t']).to_owned())),
        None => (line, None),
    };
    (!interpreter.is_empty()).then(|| Header::Interpreter(interpreter.to_owned(), argument))
}

/// `path` as an absolute one. The file layer resolves `.` and `..`.
pub(crate) fn absolute(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", directory.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let program = |name: &str| Some(Header::Program(name.into()));
        assert_eq!(parse(b"#!wasm:tools\n"), program("tools"));
        assert_eq!(parse(b"#!wasm:tools"), program("tools"));
        assert_eq!(
            parse(b"#! /bin/sh\n"),
            Some(Header::Interpreter("/bin/sh".into(), None))
        );
        assert_eq!(
            parse(b"#!/usr/bin/env python3 -u \nprint(1)"),
            Some(Header::Interpreter("/usr/bin/env".into(), Some("python3 -u".into())))
        );
        assert_eq!(parse(b"\0asm\x01\0\0\0"), Some(Header::Own));
        assert_eq!(parse(b"#!host:serve\n"), Some(Header::Serve));
        for other in [
            &b"\x7fELF"[..],
            b"#!host:sh\n",
            b"\0as",
            b"",
            b"#!",
            b"#!\n",
            b"#!wasm:\n",
            b"echo hi\n",
            b"#!\xff\n",
        ] {
            assert_eq!(parse(other), None, "{other:?}");
        }
        let long = [b"#!/".as_slice(), &[b'a'; 300]].concat();
        assert_eq!(parse(&long[..HEADER_BYTES]), None);
    }

    #[test]
    fn arguments_are_checked() {
        let image = |arguments: &[&str], environment: &[(&str, &str)]| Image {
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            directory: "/".into(),
        };
        assert_eq!(check("a", &image(&["a"], &[("A", "=b")])), Ok(()));
        assert_eq!(check("a", &image(&[], &[])), Err(Errno::Invalid));
        assert_eq!(check("a", &image(&["a\0"], &[])), Err(Errno::Invalid));
        assert_eq!(check("a", &image(&["a"], &[("A=", "")])), Err(Errno::Invalid));
        assert_eq!(check("", &image(&["a"], &[])), Err(Errno::NotFound));
        let big = "x".repeat(MAX_ARGUMENT_BYTES);
        assert_eq!(check("a", &image(&[&big], &[])), Err(Errno::TooBig));
    }

    #[test]
    fn absolute_paths() {
        assert_eq!(absolute("/", "a"), "/a");
        assert_eq!(absolute("/b", "a/../c"), "/b/a/../c");
        assert_eq!(absolute("/b", "/c"), "/c");
    }
}
