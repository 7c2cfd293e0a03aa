//! diff and cmp.

pub mod cmp;
mod compare;
mod print;

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::glob::Glob;
use print::Text;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::SystemTime;

/// A larger file is refused: it is held in memory whole.
const MOST_FILE: u64 = 512 << 20;
/// Directories nested deeper are not entered.
const MOST_DEPTH: usize = 500;
/// diff itself failed.
const TROUBLE: i32 = 2;

const LABEL: char = '\u{e000}';
const COMMON: char = '\u{e001}';
const CR: char = '\u{e002}';
const COLOR: char = '\u{e003}';
const NORMAL: char = '\u{e004}';
const IGNORED: char = '\u{e005}';
const TABLE: &[Opt] = &[
    opt('u', "", Takes::Nothing),
    opt('U', "unified", Takes::Optional),
    opt('c', "", Takes::Nothing),
    opt('C', "context", Takes::Optional),
    opt('r', "recursive", Takes::Nothing),
    opt('q', "brief", Takes::Nothing),
    opt('N', "new-file", Takes::Nothing),
    opt('y', "side-by-side", Takes::Nothing),
    opt('W', "width", Takes::Value),
    opt('i', "ignore-case", Takes::Nothing),
    opt('w', "ignore-all-space", Takes::Nothing),
    opt('b', "ignore-space-change", Takes::Nothing),
    opt('Z', "ignore-trailing-space", Takes::Nothing),
    opt('B', "ignore-blank-lines", Takes::Nothing),
    opt('a', "text", Takes::Nothing),
    opt('s', "report-identical-files", Takes::Nothing),
    opt('x', "exclude", Takes::Value),
    opt('L', "", Takes::Value),
    opt(LABEL, "label", Takes::Value),
    opt(COMMON, "suppress-common-lines", Takes::Nothing),
    opt(CR, "strip-trailing-cr", Takes::Nothing),
    opt(COLOR, "color", Takes::Optional),
    opt(NORMAL, "normal", Takes::Nothing),
    opt('d', "minimal", Takes::Nothing),
    opt('t', "expand-tabs", Takes::Nothing),
    opt('p', "show-c-function", Takes::Nothing),
    opt(IGNORED, "no-dereference", Takes::Nothing),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Normal,
    Unified(usize),
    Context(usize),
    Columns,
}

struct Job {
    form: Form,
    recursive: bool,
    brief: bool,
    new_file: bool,
    width: usize,
    ignore_case: bool,
    no_space: bool,
    one_space: bool,
    no_trailing: bool,
    no_blank: bool,
    no_cr: bool,
    text: bool,
    identical: bool,
    common: bool,
    labels: Vec<String>,
    exclude: Vec<Glob>,
    /// The options, as lines between files repeat them.
    shown: String,
    out: console::Output,
}

/// Compares files: 0 if they are the same, 1 if not, 2 if something went wrong.
pub fn main(arguments: Vec<OsString>) -> i32 {
    match prepare(arguments) {
        Ok((mut job, old, new)) => {
            let code = job.compare_named(&old, &new);
            if job.out.flush().is_err() { TROUBLE } else { code }
        }
        Err(message) => {
            console::complain("diff", message);
            TROUBLE
        }
    }
}

/// As a shell would want it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn prepare(arguments: Vec<OsString>) -> Result<(Job, String, String), String> {
    // `-U3`, `-U 3`: the number may be a word of its own, but is none of `--unified`'s.
    let mut words: Vec<OsString> = Vec::new();
    let mut given = arguments.into_iter().skip(1);
    let mut shown = String::new();
    while let Some(word) = given.next() {
        let is_option = word.as_encoded_bytes().starts_with(b"-") && word.len() > 1;
        if is_option {
            shown.push(' ');
            shown.push_str(&quoted(&word.to_string_lossy()));
        }
        // These have their value in the next word.
        let takes_next = matches!(
            word.to_str(),
            Some("-x" | "-W" | "-L" | "--label" | "--exclude" | "--width")
        );
        if takes_next && let Some(value) = given.next() {
            shown.push(' ');
            shown.push_str(&quoted(&value.to_string_lossy()));
            words.push(word);
            words.push(value);
            continue;
        }
        let cluster = word
            .to_str()
            .filter(|text| text.starts_with('-') && !text.starts_with("--") && text.ends_with(['U', 'C']));
        if let Some(cluster) = cluster
            && let Some(number) = given.next()
        {
            shown.push_str(&format!(" {}", number.to_string_lossy()));
            words.push(format!("{cluster}{}", number.to_string_lossy()).into());
        } else {
            words.push(word);
        }
    }
    let parsed = getopt::parse(TABLE, words, true)?;
    let mut job = Job {
        form: Form::Normal,
        recursive: false,
        brief: false,
        new_file: false,
        width: 130,
        ignore_case: false,
        no_space: false,
        one_space: false,
        no_trailing: false,
        no_blank: false,
        no_cr: false,
        text: false,
        identical: false,
        common: true,
        labels: Vec::new(),
        exclude: Vec::new(),
        shown,
        out: console::output(),
    };
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        let lines = || {
            if text.is_empty() {
                return Ok(3);
            }
            text.parse().map_err(|_| format!("invalid context length '{text}'"))
        };
        match option {
            'u' => job.form = Form::Unified(3),
            'U' => job.form = Form::Unified(lines()?),
            'c' => job.form = Form::Context(3),
            'C' => job.form = Form::Context(lines()?),
            NORMAL => job.form = Form::Normal,
            'y' => job.form = Form::Columns,
            'W' => job.width = text.parse().map_err(|_| format!("invalid width '{text}'"))?,
            'r' => job.recursive = true,
            'q' => job.brief = true,
            'N' => job.new_file = true,
            'i' => job.ignore_case = true,
            'w' => job.no_space = true,
            'b' => job.one_space = true,
            'Z' => job.no_trailing = true,
            'B' => job.no_blank = true,
            CR => job.no_cr = true,
            'a' => job.text = true,
            's' => job.identical = true,
            COMMON => job.common = false,
            'x' => job
                .exclude
                .push(Glob::new(&text, false).map_err(|error| format!("{text}: {error}"))?),
            'L' | LABEL => job.labels.push(text),
            _ => {}
        }
    }
    let names: Vec<String> = parsed
        .operands
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    match <[String; 2]>::try_from(names) {
        Ok([old, new]) => Ok((job, old, new)),
        Err(names) if names.len() < 2 => Err("missing operand: diff compares two files".into()),
        Err(names) => Err(format!("extra operand '{}'", names[2])),
    }
}

/// A file to compare: its bytes, and when it was changed.
struct Side {
    bytes: Vec<u8>,
    modified: SystemTime,
}

fn read(name: &str) -> io::Result<Side> {
    let mut bytes = Vec::new();
    let modified = if name == "-" {
        console::input().take(MOST_FILE + 1).read_to_end(&mut bytes)?;
        SystemTime::now()
    } else {
        let file = std::fs::File::open(name)?;
        let modified = file.metadata()?.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        file.take(MOST_FILE + 1).read_to_end(&mut bytes)?;
        modified
    };
    if bytes.len() as u64 > MOST_FILE {
        return Err(io::Error::other("it is larger than 512 MiB"));
    }
    Ok(Side { bytes, modified })
}

impl Job {
    fn fail(&mut self, name: &str, error: &io::Error) -> i32 {
        let _ = self.out.flush();
        console::complain("diff", format_args!("{name}: {}", console::reason(error)));
        TROUBLE
    }

    fn compare_named(&mut self, old: &str, new: &str) -> i32 {
        let is_directory = |name: &str| name != "-" && Path::new(name).is_dir();
        match (is_directory(old), is_directory(new)) {
            (true, true) => self.directories(old, new, 0),
            (true, false) if self.new_file && !Path::new(new).exists() => self.only(old, new, 0),
            (false, true) if self.new_file && !Path::new(old).exists() => self.only(old, new, 0),
            (false, false) => self.files(old, new, false),
            // A file, and the one of the same name in the directory.
            (true, false) => {
                let name = Path::new(new)
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                self.files(&format!("{}/{name}", old.trim_end_matches('/')), new, false)
            }
            (false, true) => {
                let name = Path::new(old)
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                self.files(old, &format!("{}/{name}", new.trim_end_matches('/')), false)
            }
        }
    }

    fn directories(&mut self, old: &str, new: &str, depth: usize) -> i32 {
        let mut names = BTreeSet::new();
        for directory in [old, new] {
            match std::fs::read_dir(directory) {
                Ok(entries) => names.extend(
                    entries
                        .flatten()
                        .map(|one| one.file_name().to_string_lossy().into_owned()),
                ),
                Err(error) => return self.fail(directory, &error),
            }
        }
        let mut worst = 0;
        for name in names {
            if self.exclude.iter().any(|glob| glob.matches(name.as_bytes())) {
                continue;
            }
            let join = |directory: &str| format!("{}/{name}", directory.trim_end_matches('/'));
            let (a, b) = (join(old), join(new));
            let kind = |path: &str| std::fs::metadata(path).ok().map(|found| found.is_dir());
            let code = match (kind(&a), kind(&b)) {
                (Some(true), Some(true)) if self.recursive && depth < MOST_DEPTH => self.directories(&a, &b, depth + 1),
                (Some(true), Some(true)) => {
                    let _ = writeln!(self.out, "Common subdirectories: {a} and {b}");
                    0
                }
                (Some(false), Some(false)) => self.files(&a, &b, true),
                (Some(is_directory), None) | (None, Some(is_directory))
                    if !self.new_file || is_directory && !self.recursive =>
                {
                    let directory = if kind(&a).is_some() { old } else { new };
                    let _ = writeln!(self.out, "Only in {}: {name}", directory.trim_end_matches('/'));
                    1
                }
                (Some(true), None) | (None, Some(true)) => self.only(&a, &b, depth + 1),
                (Some(_), None) | (None, Some(_)) => self.files(&a, &b, true),
                (Some(x), Some(_)) => {
                    let what = |is_directory| if is_directory { "directory" } else { "regular file" };
                    let _ = writeln!(self.out, "File {a} is a {} while file {b} is a {}", what(x), what(!x));
                    1
                }
                (None, None) => 0,
            };
            worst = worst.max(code);
        }
        worst
    }

    /// With `-N`, a directory that is on one side only.
    fn only(&mut self, old: &str, new: &str, depth: usize) -> i32 {
        let there = if Path::new(old).is_dir() { old } else { new };
        let Ok(entries) = std::fs::read_dir(there) else {
            return TROUBLE;
        };
        let mut names: Vec<String> = entries
            .flatten()
            .map(|one| one.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        let mut worst = 0;
        for name in names {
            let (a, b) = (format!("{old}/{name}"), format!("{new}/{name}"));
            let is_directory = Path::new(&a).is_dir() || Path::new(&b).is_dir();
            let code = if is_directory && depth < MOST_DEPTH {
                self.only(&a, &b, depth + 1)
            } else {
                self.files(&a, &b, true)
            };
            worst = worst.max(code);
        }
        worst
    }

    fn files(&mut self, old_name: &str, new_name: &str, in_directories: bool) -> i32 {
        let empty = |error: io::Error, allowed: bool| {
            if allowed && error.kind() == io::ErrorKind::NotFound {
                Ok(Side {
                    bytes: Vec::new(),
                    modified: SystemTime::UNIX_EPOCH,
                })
            } else {
                Err(error)
            }
        };
        let old = match read(old_name).or_else(|error| empty(error, self.new_file)) {
            Ok(old) => old,
            Err(error) => return self.fail(old_name, &error),
        };
        let new = match read(new_name).or_else(|error| empty(error, self.new_file)) {
            Ok(new) => new,
            Err(error) => return self.fail(new_name, &error),
        };
        let code = self.sides(old_name, &old, new_name, &new, in_directories);
        match code {
            Ok(false) => {
                if self.identical {
                    let _ = writeln!(self.out, "Files {old_name} and {new_name} are identical");
                }
                0
            }
            Ok(true) => 1,
            Err(error) => self.fail("standard output", &error),
        }
    }

    /// True if they differ.
    fn sides(
        &mut self,
        old_name: &str,
        old: &Side,
        new_name: &str,
        new: &Side,
        in_directories: bool,
    ) -> io::Result<bool> {
        if old.bytes == new.bytes {
            if self.form == Form::Columns && self.common {
                let text = |bytes| Text {
                    label: String::new(),
                    lines: print::lines(bytes),
                };
                print::side_by_side(
                    &text(&old.bytes),
                    &text(&new.bytes),
                    &[],
                    self.width,
                    true,
                    &mut self.out,
                )?;
            }
            return Ok(false);
        }
        let is_binary = |bytes: &[u8]| memchr::memchr(0, &bytes[..bytes.len().min(32 * 1024)]).is_some();
        if !self.text && (is_binary(&old.bytes) || is_binary(&new.bytes)) {
            let what = if self.brief { "Files" } else { "Binary files" };
            writeln!(self.out, "{what} {old_name} and {new_name} differ")?;
            return Ok(true);
        }
        let (old_text, new_text) = (print::lines(&old.bytes), print::lines(&new.bytes));
        let changes = {
            let old_keys: Vec<Vec<u8>> = old_text.iter().map(|line| self.key(line)).collect();
            let new_keys: Vec<Vec<u8>> = new_text.iter().map(|line| self.key(line)).collect();
            compare::compare(&old_keys, &new_keys)
        };
        let mut runs = compare::runs(&changes);
        if self.no_blank {
            let blank = |lines: &[&[u8]]| lines.iter().all(|line| line.trim_ascii().is_empty());
            runs.retain(|run| !(blank(&old_text[run.old.0..run.old.1]) && blank(&new_text[run.new.0..run.new.1])));
        }
        if runs.is_empty() {
            return Ok(false);
        }
        if self.brief {
            writeln!(self.out, "Files {old_name} and {new_name} differ")?;
            return Ok(true);
        }
        if in_directories {
            writeln!(self.out, "diff{} {old_name} {new_name}", self.shown)?;
        }
        let label = |number: usize, name: &str, side: &Side| match self.labels.get(number) {
            Some(label) => label.clone(),
            None => {
                let (seconds, nanoseconds) = crate::calendar::unix(side.modified);
                let time = crate::calendar::strftime("%Y-%m-%d %H:%M:%S", seconds);
                if matches!(self.form, Form::Context(_)) {
                    format!("{name}\t{}", crate::calendar::strftime("%a %b %e %H:%M:%S %Y", seconds))
                } else {
                    format!("{name}\t{time}.{nanoseconds:09} +0000")
                }
            }
        };
        let (old_label, new_label) = (label(0, old_name, old), label(1, new_name, new));
        let old = Text {
            label: old_label,
            lines: old_text,
        };
        let new = Text {
            label: new_label,
            lines: new_text,
        };
        match self.form {
            Form::Normal => print::normal(&old, &new, &runs, &mut self.out)?,
            Form::Unified(context) => print::unified(&old, &new, &runs, context, &mut self.out)?,
            Form::Context(context) => print::context(&old, &new, &runs, context, &mut self.out)?,
            Form::Columns => print::side_by_side(&old, &new, &runs, self.width, self.common, &mut self.out)?,
        }
        Ok(true)
    }

    /// What of a line counts.
    fn key(&self, line: &[u8]) -> Vec<u8> {
        let mut line = line;
        let mut key;
        if self.no_cr && line.ends_with(b"\r\n") {
            key = line[..line.len() - 2].to_vec();
            key.push(b'\n');
        } else {
            if self.no_space || self.one_space || self.no_trailing {
                // A missing newline at the end is white space, too.
                line = line.strip_suffix(b"\n").unwrap_or(line);
            }
            key = line.to_vec();
        }
        if self.no_space {
            key.retain(|byte| !byte.is_ascii_whitespace());
        } else if self.one_space {
            let mut out = Vec::with_capacity(key.len());
            for byte in key.trim_ascii_end() {
                if byte.is_ascii_whitespace() {
                    if out.last() != Some(&b' ') {
                        out.push(b' ');
                    }
                } else {
                    out.push(*byte);
                }
            }
            key = out;
        } else if self.no_trailing {
            key.truncate(key.trim_ascii_end().len());
        }
        if self.ignore_case {
            key = String::from_utf8_lossy(&key).to_lowercase().into_bytes();
        }
        key
    }
}
