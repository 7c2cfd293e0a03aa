//! file and install.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::modes;
use sandbar_guest_rt::files::{self, Kind};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Looked at of a file.
const START: u64 = 64 * 1024;
const MIME_TYPE: char = '\u{e000}';
const FILE: &[Opt] = &[
    opt('b', "brief", Takes::Nothing),
    opt('i', "mime", Takes::Nothing),
    opt('L', "dereference", Takes::Nothing),
    opt('h', "no-dereference", Takes::Nothing),
    opt(MIME_TYPE, "mime-type", Takes::Nothing),
];

/// What files start with, what that is, and its MIME type.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "gzip compressed data", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "Zstandard compressed data", "application/zstd"),
    (b"BZh", "bzip2 compressed data", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "XZ compressed data", "application/x-xz"),
    (b"PK\x03\x04", "Zip archive data", "application/zip"),
    (b"PK\x05\x06", "Zip archive data (empty)", "application/zip"),
    (b"\x89PNG\r\n\x1a\n", "PNG image data", "image/png"),
    (b"\xff\xd8\xff", "JPEG image data", "image/jpeg"),
    (b"GIF87a", "GIF image data, version 87a", "image/gif"),
    (b"GIF89a", "GIF image data, version 89a", "image/gif"),
    (b"%PDF-", "PDF document", "application/pdf"),
    (
        b"\x7fELF",
        "ELF executable (a native program, which a sandbox cannot run)",
        "application/x-executable",
    ),
    (
        b"\0asm\x01\0\0\0",
        "WebAssembly (wasm) binary module version 0x1 (MVP)",
        "application/wasm",
    ),
    (b"\0asm\x0d\0\x01\0", "WebAssembly (wasm) component", "application/wasm"),
    (b"SQLite format 3\0", "SQLite 3.x database", "application/vnd.sqlite3"),
    (b"#!wasm:", "program of the sandbox", "application/x-executable"),
    (b"RIFF", "RIFF (little-endian) data", "application/octet-stream"),
    (b"OggS", "Ogg data", "audio/ogg"),
    (b"ID3", "Audio file with ID3", "audio/mpeg"),
];

fn guess(path: &Path, follow: bool) -> io::Result<(String, String)> {
    let status = files::status(path, follow)?;
    let told = |text: &str, mime: &str| Ok((text.to_owned(), mime.to_owned()));
    match status.kind {
        Kind::Directory => return told("directory", "inode/directory"),
        Kind::Symlink => {
            let target = std::fs::read_link(path)?;
            return told(&format!("symbolic link to {}", target.display()), "inode/symlink");
        }
        Kind::CharacterDevice => return told("character special", "inode/chardevice"),
        _ => {}
    }
    let mut start = Vec::new();
    std::fs::File::open(path)?.take(START).read_to_end(&mut start)?;
    if start.is_empty() {
        return told("empty", "inode/x-empty");
    }
    if let Some((_, text, mime)) = MAGIC.iter().find(|(magic, _, _)| start.starts_with(magic)) {
        return told(text, mime);
    }
    if start.get(257..262) == Some(b"ustar") {
        let gnu = start.get(262) == Some(&b' ');
        return told(
            if gnu {
                "POSIX tar archive (GNU)"
            } else {
                "POSIX tar archive"
            },
            "application/x-tar",
        );
    }
    if start.contains(&0) {
        return told("data", "application/octet-stream");
    }
    // A character that is cut by the end of what was read is none the less text.
    let is_utf8 = match std::str::from_utf8(&start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let encoding = match (start.is_ascii(), is_utf8) {
        (true, _) => "ASCII text",
        (_, true) => "Unicode text, UTF-8 text",
        _ => "ISO-8859 text",
    };
    if let Some(line) = start.strip_prefix(b"#!") {
        let line = String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
        let (what, mime) = if line.contains("python") {
            ("Python script", "text/x-script.python")
        } else if line.contains("bash") {
            ("Bourne-Again shell script", "text/x-shellscript")
        } else if line.contains("sh") {
            ("POSIX shell script", "text/x-shellscript")
        } else {
            ("script", "text/plain")
        };
        return told(&format!("{what}, {encoding} executable"), mime);
    }
    let trimmed = start.trim_ascii_start();
    if trimmed.starts_with(b"<!DOCTYPE html") || trimmed.starts_with(b"<html") {
        return told(&format!("HTML document, {encoding}"), "text/html");
    }
    if trimmed.starts_with(b"<?xml") {
        return told(&format!("XML 1.0 document, {encoding}"), "text/xml");
    }
    if matches!(trimmed.first(), Some(b'{' | b'[')) && jaq_json::read::parse_single(&start).is_ok() {
        return told("JSON text data", "application/json");
    }
    let crlf = memchr::memmem::find(&start, b"\r\n").is_some();
    told(
        &format!("{encoding}{}", if crlf { ", with CRLF line terminators" } else { "" }),
        "text/plain",
    )
}

/// file: guesses what files are.
pub fn file(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(FILE, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("file", message);
            return 1;
        }
    };
    let has = |option| parsed.options.iter().any(|(given, _)| *given == option);
    let mut out = console::output();
    let width = parsed
        .operands
        .iter()
        .map(|name| name.to_string_lossy().chars().count())
        .max()
        .unwrap_or(0);
    for name in &parsed.operands {
        let text = match guess(Path::new(name), has('L')) {
            Ok((_, mime)) if has(MIME_TYPE) => mime,
            Ok((text, mime)) if has('i') => {
                let charset = if text.contains("ASCII") {
                    "us-ascii"
                } else if text.contains("UTF-8") {
                    "utf-8"
                } else {
                    "binary"
                };
                format!("{mime}; charset={charset}")
            }
            Ok((text, _)) => text,
            Err(error) => format!("cannot open `{}' ({})", name.display(), console::reason(&error)),
        };
        let _ = if has('b') {
            writeln!(out, "{text}")
        } else {
            writeln!(out, "{:<1$} {text}", format!("{}:", name.display()), width + 1)
        };
    }
    i32::from(out.flush().is_err())
}

const INSTALL: &[Opt] = &[
    opt('d', "directory", Takes::Nothing),
    opt('D', "", Takes::Nothing),
    opt('m', "mode", Takes::Value),
    opt('o', "owner", Takes::Value),
    opt('g', "group", Takes::Value),
    opt('t', "target-directory", Takes::Value),
    opt('v', "verbose", Takes::Nothing),
    opt('p', "preserve-timestamps", Takes::Nothing),
    opt('C', "compare", Takes::Nothing),
    opt('c', "", Takes::Nothing),
    opt('s', "strip", Takes::Nothing),
    opt('T', "no-target-directory", Takes::Nothing),
];

/// install: copies files and sets their modes, or makes directories.
pub fn install(arguments: Vec<OsString>) -> i32 {
    match install_all(arguments) {
        Ok(()) => 0,
        Err(message) => {
            console::complain("install", message);
            1
        }
    }
}

fn install_all(arguments: Vec<OsString>) -> Result<(), String> {
    let parsed = getopt::parse(INSTALL, arguments.into_iter().skip(1), true)?;
    let (mut directories, mut parents, mut preserve, mut mode, mut target) = (false, false, false, 0o755, None);
    for (option, value) in parsed.options {
        match option {
            'd' => directories = true,
            'D' => parents = true,
            'p' => preserve = true,
            't' => target = value.map(PathBuf::from),
            'm' => {
                let text = value.unwrap_or_default().to_string_lossy().into_owned();
                mode = modes::apply(&text, 0, false).ok_or_else(|| format!("invalid mode '{text}'"))?;
            }
            _ => {}
        }
    }
    let failed =
        |path: &Path, error: io::Error| format!("cannot create '{}': {}", path.display(), console::reason(&error));
    let mut operands: Vec<PathBuf> = parsed.operands.into_iter().map(PathBuf::from).collect();
    if operands.is_empty() {
        return Err("missing file operand".into());
    }
    if directories {
        for path in &operands {
            std::fs::create_dir_all(path)
                .and_then(|()| files::chmod(path, mode))
                .map_err(|error| failed(path, error))?;
        }
        return Ok(());
    }
    let target = match target {
        Some(target) => target,
        None if operands.len() < 2 => {
            return Err(format!(
                "missing destination file operand after '{}'",
                operands[0].display()
            ));
        }
        None => operands.pop().unwrap_or_default(),
    };
    if parents {
        let directory = if operands.len() > 1 {
            Some(target.as_path())
        } else {
            target.parent()
        };
        if let Some(directory) = directory {
            std::fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
        }
    }
    for source in &operands {
        let place = if target.is_dir() {
            target.join(source.file_name().unwrap_or_default())
        } else {
            target.clone()
        };
        // A link in its place is replaced, never written through.
        if place.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            std::fs::remove_file(&place).map_err(|error| failed(&place, error))?;
        }
        std::fs::copy(source, &place)
            .map_err(|error| format!("cannot install '{}': {}", source.display(), console::reason(&error)))?;
        files::chmod(&place, mode).map_err(|error| failed(&place, error))?;
        if preserve && let Ok(status) = files::status(source, true) {
            let _ = std::fs::File::options()
                .write(true)
                .open(&place)
                .and_then(|file| file.set_modified(status.modified));
        }
    }
    Ok(())
}
