//! stat.

use crate::calendar;
use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::modes;
use crate::users::{self, GROUP, PASSWD};
use sandbar_guest_rt::files::{self, Kind, Status};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

const PRINTF: char = '\u{e000}';
const TABLE: &[Opt] = &[
    opt('c', "format", Takes::Value),
    opt(PRINTF, "printf", Takes::Value),
    opt('L', "dereference", Takes::Nothing),
    opt('t', "terse", Takes::Nothing),
    opt('f', "file-system", Takes::Nothing),
];
const BLOCK: u64 = 512;
const DEFAULT: &str = "  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: 0,1\tInode: %-11i Links: %h\n\
    Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: -\n";

/// Tells what is known of files: 0, or 1 if one cannot be told of.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(TABLE, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("stat", message);
            return 1;
        }
    };
    let (mut format, mut escapes, mut follow) = (DEFAULT.to_owned(), false, false);
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            'c' => (format, escapes) = (format!("{text}\n"), false),
            PRINTF => (format, escapes) = (text, true),
            'L' => follow = true,
            't' => format = "%n %s %b %f %u %g 1 %i %h 0 0 %X %Y %Z 0 %o\n".into(),
            'f' => {
                console::complain(
                    "stat",
                    "-f: the file system of a sandbox cannot be asked; `du -s /` tells what is used",
                );
                return 1;
            }
            _ => {}
        }
    }
    if parsed.operands.is_empty() {
        console::complain("stat", "missing operand");
        return 1;
    }
    let (mut out, mut code) = (console::output(), 0);
    for operand in &parsed.operands {
        let path = Path::new(operand);
        match files::status(path, follow) {
            Ok(status) => {
                let text = shown(&format, path, &status, escapes);
                if out.write_all(text.as_bytes()).is_err() {
                    return 1;
                }
            }
            Err(error) => {
                let _ = out.flush();
                console::complain(
                    "stat",
                    format_args!("cannot statx '{}': {}", path.display(), console::reason(&error)),
                );
                code = 1;
            }
        }
    }
    if out.flush().is_err() { 1 } else { code }
}

fn shown(format: &str, path: &Path, status: &Status, escapes: bool) -> String {
    let mut out = String::new();
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\\' && escapes {
            match rest.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('0') => out.push('\0'),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            }
            continue;
        }
        if c != '%' {
            out.push(c);
            continue;
        }
        let (mut left, mut zero, mut width) = (false, false, 0_usize);
        while let Some(flag) = rest.next_if(|c| matches!(c, '-' | '0' | '#' | '+' | ' ')) {
            left |= flag == '-';
            zero |= flag == '0';
        }
        while let Some(digit) = rest.next_if(char::is_ascii_digit) {
            width = (width * 10 + digit.to_digit(10).unwrap_or(0) as usize).min(1000);
        }
        while rest.next_if(|c| matches!(c, 'H' | 'L')).is_some() {}
        let Some(conversion) = rest.next() else {
            out.push('%');
            break;
        };
        let text = one(conversion, path, status);
        let missing = width.saturating_sub(text.chars().count());
        if left {
            out.push_str(&text);
            out.extend(std::iter::repeat_n(' ', missing));
        } else {
            out.extend(std::iter::repeat_n(if zero { '0' } else { ' ' }, missing));
            out.push_str(&text);
        }
    }
    out
}

fn one(conversion: char, path: &Path, status: &Status) -> String {
    let (seconds, nanoseconds) = calendar::unix(status.modified);
    let kind_bits = match status.kind {
        Kind::Directory => 0o040_000,
        Kind::Symlink => 0o120_000,
        Kind::CharacterDevice => 0o020_000,
        _ => 0o100_000,
    };
    match conversion {
        'a' => format!("{:o}", status.mode),
        'A' => modes::in_letters(status),
        'b' => (status.size.div_ceil(4096) * (4096 / BLOCK)).to_string(),
        'B' => BLOCK.to_string(),
        'd' | 'D' => "1".into(),
        'f' => format!("{:x}", kind_bits | status.mode),
        'F' => match status.kind {
            Kind::Directory => "directory",
            Kind::Symlink => "symbolic link",
            Kind::CharacterDevice => "character special file",
            _ if status.size == 0 => "regular empty file",
            _ => "regular file",
        }
        .into(),
        'g' => status.gid.to_string(),
        'G' => users::name_of(GROUP, status.gid),
        'h' => status.links.to_string(),
        'i' => status.inode.to_string(),
        'm' => "/".into(),
        'n' => path.display().to_string(),
        'N' if status.kind == Kind::Symlink => {
            let target = std::fs::read_link(path).unwrap_or_default();
            format!("'{}' -> '{}'", path.display(), target.display())
        }
        'N' => format!("'{}'", path.display()),
        'o' => "4096".into(),
        's' => status.size.to_string(),
        't' | 'T' => "0".into(),
        'u' => status.uid.to_string(),
        'U' => users::name_of(PASSWD, status.uid),
        'w' => "-".into(),
        'W' => "0".into(),
        'x' | 'y' | 'z' => format!(
            "{}.{nanoseconds:09} +0000",
            calendar::strftime("%Y-%m-%d %H:%M:%S", seconds)
        ),
        'X' | 'Y' | 'Z' => seconds.to_string(),
        '%' => "%".into(),
        other => format!("%{other}"),
    }
}
