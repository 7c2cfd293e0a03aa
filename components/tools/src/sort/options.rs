//! The command line of sort.

use super::key::{Key, Kind, Manner, Order};
use crate::getopt::{self, Opt, Takes, opt};
use std::ffi::OsString;
use std::hash::RandomState;
use std::path::PathBuf;

const SORT: char = '\u{e000}';
const PARALLEL: char = '\u{e001}';
const FILES_FROM: char = '\u{e002}';
const IGNORED: char = '\u{e003}';
const IGNORED_FLAG: char = '\u{e004}';
const CHECK: char = '\u{e005}';

const TABLE: &[Opt] = &[
    opt('b', "ignore-leading-blanks", Takes::Nothing),
    opt('d', "dictionary-order", Takes::Nothing),
    opt('f', "ignore-case", Takes::Nothing),
    opt('g', "general-numeric-sort", Takes::Nothing),
    opt('i', "ignore-nonprinting", Takes::Nothing),
    opt('M', "month-sort", Takes::Nothing),
    opt('h', "human-numeric-sort", Takes::Nothing),
    opt('n', "numeric-sort", Takes::Nothing),
    opt('R', "random-sort", Takes::Nothing),
    opt('r', "reverse", Takes::Nothing),
    opt('V', "version-sort", Takes::Nothing),
    opt(SORT, "sort", Takes::Value),
    opt('c', "", Takes::Nothing),
    opt('C', "", Takes::Nothing),
    opt(CHECK, "check", Takes::Optional),
    opt('k', "key", Takes::Value),
    opt('m', "merge", Takes::Nothing),
    opt('o', "output", Takes::Value),
    opt('s', "stable", Takes::Nothing),
    opt('S', "buffer-size", Takes::Value),
    opt('t', "field-separator", Takes::Value),
    opt('T', "temporary-directory", Takes::Value),
    opt(PARALLEL, "parallel", Takes::Value),
    opt('u', "unique", Takes::Nothing),
    opt('z', "zero-terminated", Takes::Nothing),
    opt(FILES_FROM, "files0-from", Takes::Value),
    opt(IGNORED, "batch-size", Takes::Value),
    opt(IGNORED, "compress-program", Takes::Value),
    opt(IGNORED, "random-source", Takes::Value),
    opt(IGNORED_FLAG, "debug", Takes::Nothing),
];

/// What to do with the lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// Bring them in order.
    Sort,
    /// Files are in order: join them.
    Merge,
    /// Tell whether they are in order; `true`: say where not.
    Check(bool),
}

/// A command line.
pub struct Options {
    /// What to do.
    pub task: Task,
    /// The order.
    pub order: Order,
    /// `-u`.
    pub unique: bool,
    /// What ends a line.
    pub end: u8,
    /// `-o`.
    pub output: Option<PathBuf>,
    /// Where temporary files go.
    pub temporary: PathBuf,
    /// What to read; `-` is standard input.
    pub files: Vec<OsString>,
}

/// Reads the arguments, the first of which is the program's name.
///
/// # Errors
/// A sentence, as GNU sort puts it.
pub fn parse(arguments: Vec<OsString>) -> Result<Options, String> {
    let parsed = getopt::parse(TABLE, arguments.into_iter().skip(1), true)?;
    let mut manner = Manner::default();
    let (mut task, mut unique, mut stable, mut end, mut separator) = (Task::Sort, false, false, b'\n', None);
    let (mut keys, mut output, mut temporary, mut list) = (Vec::new(), None, None, None);
    for (option, value) in parsed.options {
        let value = value.unwrap_or_default();
        let text = value.to_string_lossy().into_owned();
        match option {
            'c' => task = Task::Check(true),
            'C' => task = Task::Check(false),
            CHECK => {
                task = match text.as_str() {
                    "" | "diagnose-first" => Task::Check(true),
                    "quiet" | "silent" => Task::Check(false),
                    _ => return Err(format!("invalid argument '{text}' for '--check'")),
                }
            }
            'm' => task = Task::Merge,
            'u' => unique = true,
            's' => stable = true,
            'z' => end = 0,
            'o' => output = Some(PathBuf::from(value)),
            'T' => temporary = Some(PathBuf::from(value)),
            't' => separator = Some(one_byte(&text)?),
            'k' => keys.push(key(&text)?),
            SORT => {
                let letter = match text.as_str() {
                    "general-numeric" => 'g',
                    "human-numeric" => 'h',
                    "month" => 'M',
                    "numeric" => 'n',
                    "random" => 'R',
                    "version" => 'V',
                    _ => return Err(format!("invalid argument '{text}' for '--sort'")),
                };
                letter_of(letter, &mut manner, true, true);
            }
            FILES_FROM => list = Some(value),
            'S' | PARALLEL | IGNORED | IGNORED_FLAG => {}
            letter => {
                letter_of(letter, &mut manner, true, true);
            }
        }
    }
    let mut files = parsed.operands;
    if let Some(list) = list {
        if let Some(extra) = files.first() {
            return Err(format!("extra operand '{}'", extra.display()));
        }
        files = names(&list)?;
    }
    if files.is_empty() {
        files.push("-".into());
    }
    if let (Task::Check(_), Some(extra)) = (task, files.get(1)) {
        return Err(format!("extra operand '{}' not allowed with -c", extra.display()));
    }
    let plain = Manner {
        reverse: false,
        ..manner
    } == Manner::default();
    for key in &mut keys {
        // A key without letters of its own has those of the command line.
        if key.manner == Manner::default() {
            key.manner = manner;
        }
    }
    if keys.is_empty() && !plain {
        keys.push(Key {
            manner,
            ..Key::default()
        });
    }
    Ok(Options {
        task,
        order: Order {
            keys,
            separator,
            reverse: manner.reverse,
            last_resort: !stable && !unique,
            seed: RandomState::new(),
        },
        unique,
        end,
        output,
        temporary: temporary
            .or_else(|| {
                std::env::var_os("TMPDIR")
                    .filter(|name| !name.is_empty())
                    .map(PathBuf::from)
            })
            .unwrap_or_else(|| "/tmp".into()),
        files,
    })
}

fn names(list: &OsString) -> Result<Vec<OsString>, String> {
    let failed = |error: std::io::Error| format!("cannot read: {}: {}", list.display(), crate::console::reason(&error));
    let bytes = if list == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut crate::console::input(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(list)
    };
    let bytes = bytes.map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let names: Vec<OsString> = text.split_terminator('\0').map(OsString::from).collect();
    if names.is_empty() {
        return Err(format!("no input from '{}'", list.display()));
    }
    Ok(names)
}

fn one_byte(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [] => Err("empty tab".into()),
        [byte] => Ok(*byte),
        b"\\0" => Ok(0),
        _ => Err(format!("multi-character tab '{text}'")),
    }
}

/// Takes in one letter of an option or a key. False if there is no such letter.
fn letter_of(letter: char, manner: &mut Manner, at_start: bool, at_end: bool) -> bool {
    match letter {
        'b' => {
            manner.blanks_at_start |= at_start;
            manner.blanks_at_end |= at_end;
        }
        'd' => manner.dictionary = true,
        'f' => manner.fold = true,
        'i' => manner.printable = true,
        'r' => manner.reverse = true,
        'g' => manner.kind = Kind::General,
        'h' => manner.kind = Kind::Human,
        'M' => manner.kind = Kind::Month,
        'n' => manner.kind = Kind::Numeric,
        'R' => manner.kind = Kind::Random,
        'V' => manner.kind = Kind::Version,
        _ => return false,
    }
    true
}

/// `FIELD[.BYTE][LETTERS][,FIELD[.BYTE][LETTERS]]`.
fn key(text: &str) -> Result<Key, String> {
    let mut key = Key::default();
    let (start, end) = match text.split_once(',') {
        Some((start, end)) => (start, Some(end)),
        None => (text, None),
    };
    let place = |side: &str, is_start: bool, manner: &mut Manner| -> Result<(usize, usize), String> {
        let wrong = |what: &str| format!("{what}: invalid field specification '{text}'");
        let number = |rest: &mut &str| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = rest.split_at(digits);
            *rest = after;
            // Beyond all lines is beyond all lines.
            (digits > 0).then(|| number.parse::<u32>().unwrap_or(u32::MAX) as usize)
        };
        let mut rest = side;
        let field = number(&mut rest)
            .ok_or_else(|| format!("invalid number at field start: invalid count at start of '{side}'"))?;
        if field == 0 {
            return Err(wrong("field number is zero"));
        }
        let mut byte = None;
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            byte = Some(
                number(&mut rest)
                    .ok_or_else(|| format!("invalid number after '.': invalid count at start of '{rest}'"))?,
            );
        }
        if is_start && byte == Some(0) {
            return Err(wrong("character offset is zero"));
        }
        if rest
            .chars()
            .any(|letter| !letter_of(letter, manner, is_start, !is_start))
        {
            return Err(wrong("stray character in field spec"));
        }
        Ok((field - 1, byte.unwrap_or(0)))
    };
    let (field, byte) = place(start, true, &mut key.manner)?;
    key.start = (field, byte.saturating_sub(1));
    if let Some(end) = end {
        key.end = Some(place(end, false, &mut key.manner)?);
    }
    Ok(key)
}
