//! The command line of tar.

use crate::data::codec::Codec;
use crate::getopt::{self, Opt, Takes, opt};
use crate::glob::Glob;
use std::ffi::OsString;
use std::io::BufRead;
use std::path::PathBuf;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Create,
    Extract,
    List,
    Append,
}

/// Everything that the command line says.
pub struct Options {
    pub action: Action,
    /// `-` is standard input or output.
    pub archive: PathBuf,
    /// As asked for; when reading, the archive tells by itself.
    pub codec: Option<Codec>,
    pub verbose: u8,
    /// Files, each with the directory it is in.
    pub names: Vec<(PathBuf, OsString)>,
    /// Where to extract.
    pub directory: PathBuf,
    pub strip: usize,
    pub exclude: Vec<Glob>,
    pub wildcards: bool,
    pub to_stdout: bool,
    pub keep: bool,
    pub absolute: bool,
    pub exact_modes: bool,
    pub touch: bool,
    pub dereference: bool,
    pub recurse: bool,
    pub sorted: bool,
    pub modified: Option<i64>,
    pub numeric: bool,
    /// Owner and group, as `--owner` and `--group` say.
    pub owner: Option<String>,
    pub group: Option<String>,
    pub remove: bool,
}

const STRIP: char = '\u{e000}';
const EXCLUDE: char = '\u{e001}';
const ZSTD: char = '\u{e002}';
const WILDCARDS: char = '\u{e003}';
const RECURSION: char = '\u{e004}';
const SORT: char = '\u{e005}';
const MTIME: char = '\u{e006}';
const OWNER: char = '\u{e007}';
const GROUP: char = '\u{e008}';
const NUMERIC: char = '\u{e009}';
const IGNORED: char = '\u{e00a}';
const IGNORED_VALUE: char = '\u{e00b}';
const REMOVE: char = '\u{e00c}';
const VERSION: char = '\u{e00d}';
const TABLE: &[Opt] = &[
    opt('c', "create", Takes::Nothing),
    opt('x', "extract", Takes::Nothing),
    opt('x', "get", Takes::Nothing),
    opt('t', "list", Takes::Nothing),
    opt('r', "append", Takes::Nothing),
    opt('f', "file", Takes::Value),
    opt('v', "verbose", Takes::Nothing),
    opt('z', "gzip", Takes::Nothing),
    opt('z', "gunzip", Takes::Nothing),
    opt('j', "bzip2", Takes::Nothing),
    opt('J', "xz", Takes::Nothing),
    opt('a', "auto-compress", Takes::Nothing),
    opt('C', "directory", Takes::Value),
    opt('X', "exclude-from", Takes::Value),
    opt('T', "files-from", Takes::Value),
    opt('O', "to-stdout", Takes::Nothing),
    opt('k', "keep-old-files", Takes::Nothing),
    opt('P', "absolute-names", Takes::Nothing),
    opt('p', "preserve-permissions", Takes::Nothing),
    opt('m', "touch", Takes::Nothing),
    opt('h', "dereference", Takes::Nothing),
    opt(STRIP, "strip-components", Takes::Value),
    opt(EXCLUDE, "exclude", Takes::Value),
    opt(ZSTD, "zstd", Takes::Nothing),
    opt(WILDCARDS, "wildcards", Takes::Nothing),
    opt(RECURSION, "no-recursion", Takes::Nothing),
    opt(SORT, "sort", Takes::Value),
    opt(MTIME, "mtime", Takes::Value),
    opt(OWNER, "owner", Takes::Value),
    opt(GROUP, "group", Takes::Value),
    opt(NUMERIC, "numeric-owner", Takes::Nothing),
    opt(REMOVE, "remove-files", Takes::Nothing),
    opt(VERSION, "version", Takes::Nothing),
    opt('o', "no-same-owner", Takes::Nothing),
    opt(IGNORED, "same-owner", Takes::Nothing),
    opt(IGNORED, "no-same-permissions", Takes::Nothing),
    opt(IGNORED, "overwrite", Takes::Nothing),
    opt(IGNORED, "unlink-first", Takes::Nothing),
    opt(IGNORED, "posix", Takes::Nothing),
    opt(IGNORED_VALUE, "format", Takes::Value),
    opt(IGNORED_VALUE, "warning", Takes::Value),
    opt('H', "", Takes::Value),
    opt('b', "blocking-factor", Takes::Value),
    opt('B', "read-full-records", Takes::Nothing),
    opt('S', "sparse", Takes::Nothing),
];

/// Reads the command line; none if everything is said already.
///
/// # Errors
/// A sentence on what is wrong.
pub fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, String> {
    let mut words: Vec<OsString> = arguments.into_iter().skip(1).collect();
    old_style(&mut words);
    let mut options = Options {
        action: Action::List,
        archive: "-".into(),
        codec: None,
        verbose: 0,
        names: Vec::new(),
        directory: ".".into(),
        strip: 0,
        exclude: Vec::new(),
        wildcards: false,
        to_stdout: false,
        keep: false,
        absolute: false,
        exact_modes: false,
        touch: false,
        dereference: false,
        recurse: true,
        sorted: false,
        modified: None,
        numeric: false,
        owner: None,
        group: None,
        remove: false,
    };
    let (mut action, mut by_name) = (None, false);
    // `-C` holds for the names after it, so options and names are read in turn.
    let mut directory = PathBuf::from(".");
    let mut rest = words;
    loop {
        let parsed = getopt::parse(TABLE, rest, false)?;
        for (option, value) in parsed.options {
            let value = value.unwrap_or_default();
            let text = value.to_string_lossy().into_owned();
            match option {
                'c' | 'x' | 't' | 'r' => {
                    let wanted = match option {
                        'c' => Action::Create,
                        'x' => Action::Extract,
                        't' => Action::List,
                        _ => Action::Append,
                    };
                    if action.is_some_and(|known| known != wanted) {
                        return Err("You may not specify more than one '-Acdtrux' option".into());
                    }
                    action = Some(wanted);
                }
                'f' => options.archive = value.into(),
                'v' => options.verbose += 1,
                'z' => options.codec = Some(Codec::Gzip),
                'j' => options.codec = Some(Codec::Bzip2),
                'J' => options.codec = Some(Codec::Xz),
                ZSTD => options.codec = Some(Codec::Zstd),
                'a' => by_name = true,
                'C' => {
                    directory = directory.join(value);
                    options.directory.clone_from(&directory);
                }
                'X' => {
                    for line in lines(&text)? {
                        options.exclude.push(glob(&line)?);
                    }
                }
                'T' => options
                    .names
                    .extend(lines(&text)?.into_iter().map(|line| (directory.clone(), line.into()))),
                'O' => options.to_stdout = true,
                'k' => options.keep = true,
                'P' => options.absolute = true,
                'p' => options.exact_modes = true,
                'm' => options.touch = true,
                'h' => options.dereference = true,
                STRIP => {
                    options.strip = text
                        .parse()
                        .map_err(|_| format!("{text}: Invalid number of elements"))?
                }
                EXCLUDE => options.exclude.push(glob(&text)?),
                WILDCARDS => options.wildcards = true,
                RECURSION => options.recurse = false,
                SORT => options.sorted = text == "name",
                MTIME => options.modified = Some(moment(&text)?),
                OWNER => options.owner = Some(text),
                GROUP => options.group = Some(text),
                NUMERIC => options.numeric = true,
                REMOVE => options.remove = true,
                VERSION => {
                    use std::io::Write;
                    let mut out = crate::console::output();
                    let _ = writeln!(out, "tar (Sandbar, as GNU tar) {}", env!("CARGO_PKG_VERSION"))
                        .and_then(|()| out.flush());
                    return Ok(None);
                }
                _ => {}
            }
        }
        let mut operands = parsed.operands.into_iter();
        let Some(first) = operands.next() else { break };
        options.names.push((directory.clone(), first));
        rest = operands.collect();
    }
    options.action = action.ok_or("You must specify one of the '-Acdtrux' options")?;
    if by_name && options.codec.is_none() {
        let name = options.archive.to_string_lossy().into_owned();
        options.codec = [
            (".gz", Codec::Gzip),
            (".tgz", Codec::Gzip),
            (".zst", Codec::Zstd),
            (".bz2", Codec::Bzip2),
            (".xz", Codec::Xz),
        ]
        .into_iter()
        .find_map(|(suffix, codec)| name.ends_with(suffix).then_some(codec));
    }
    Ok(Some(options))
}

/// `tar xzf file` is `tar -x -z -f file`: letters take their values from the words after, in order.
fn old_style(words: &mut Vec<OsString>) {
    let Some(first) = words.first().and_then(|word| word.to_str()).map(str::to_owned) else {
        return;
    };
    if first.starts_with('-') || first.is_empty() {
        return;
    }
    let mut rest: Vec<OsString> = words.drain(..).skip(1).collect();
    for letter in first.chars() {
        words.push(format!("-{letter}").into());
        if matches!(letter, 'f' | 'C' | 'X' | 'T' | 'b' | 'H') && !rest.is_empty() {
            words.push(rest.remove(0));
        }
    }
    words.append(&mut rest);
}

fn glob(text: &str) -> Result<Glob, String> {
    Glob::new(text.trim_end_matches('/'), false).map_err(|error| format!("{text}: {error}"))
}

fn lines(path: &str) -> Result<Vec<String>, String> {
    let reader: Box<dyn BufRead> = if path == "-" {
        Box::new(std::io::BufReader::new(crate::console::input()))
    } else {
        let file = std::fs::File::open(path)
            .map_err(|error| format!("{path}: Cannot open: {}", crate::console::reason(&error)))?;
        Box::new(std::io::BufReader::new(file))
    };
    reader
        .lines()
        .filter(|line| !line.as_ref().is_ok_and(String::is_empty))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{path}: {error}"))
}

/// `@seconds`, or `2026-01-31` with an optional time.
fn moment(text: &str) -> Result<i64, String> {
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds.parse().map_err(|_| format!("{text}: Unknown date format"));
    }
    let numbers: Vec<i64> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .filter_map(|part| part.parse().ok())
        .collect();
    let at = |position: usize| numbers.get(position).copied().unwrap_or(0);
    let days = (numbers.len() >= 3)
        .then(|| crate::calendar::days_from_civil(at(0), at(1), at(2)))
        .flatten();
    days.map(|days| days * 86_400 + at(3) * 3600 + at(4) * 60 + at(5))
        .ok_or_else(|| format!("{text}: Unknown date format; use 2026-01-31 or @SECONDS"))
}
