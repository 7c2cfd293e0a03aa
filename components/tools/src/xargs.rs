//! xargs: words of standard input as arguments of a program.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::process::{self, Command};
use std::ffi::OsString;
use std::io::{self, Read, Write};

/// Bytes of arguments of one call.
const MOST_ARGUMENT_BYTES: usize = 128 * 1024;
/// A longer input is refused: it is read before anything runs.
const MOST_INPUT: u64 = 64 << 20;
const SOME_FAILED: i32 = 123;
const SAID_255: i32 = 124;
const KILLED: i32 = 125;
const TROUBLE: i32 = 1;

const TABLE: &[Opt] = &[
    opt('0', "null", Takes::Nothing),
    opt('d', "delimiter", Takes::Value),
    opt('n', "max-args", Takes::Value),
    opt('L', "max-lines", Takes::Value),
    opt('I', "replace", Takes::Value),
    opt('P', "max-procs", Takes::Value),
    opt('s', "max-chars", Takes::Value),
    opt('r', "no-run-if-empty", Takes::Nothing),
    opt('t', "verbose", Takes::Nothing),
    opt('a', "arg-file", Takes::Value),
];

/// Runs xargs. 0 if every call succeeded, 123 if one failed, 124 if one said 255, 125 if one was killed, 126 or
/// 127 if the program cannot be run or found. Calls run one after another, whatever `-P` says.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(TABLE, arguments.into_iter().skip(1), false) {
        Ok(parsed) => parsed,
        Err(message) => return fail(message),
    };
    let mut job = Job {
        words: parsed.operands,
        ..Job::default()
    };
    let mut file = None;
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            '0' => job.delimiter = Some(0),
            'd' => job.delimiter = Some(delimiter(&text)),
            'n' | 'L' | 's' | 'P' => {
                let Ok(number) = text.parse::<usize>() else {
                    return fail(format_args!("invalid number \"{text}\" for -{option} option"));
                };
                match option {
                    'n' => job.most = Some(number.max(1)),
                    'L' => job.most_lines = Some(number.max(1)),
                    's' => job.most_bytes = number.clamp(1, MOST_ARGUMENT_BYTES),
                    _ => {}
                }
            }
            'I' => job.replace = Some(text),
            'r' => job.skip_empty = true,
            't' => job.verbose = true,
            _ => file = Some(text),
        }
    }
    if job.words.is_empty() {
        job.words.push("echo".into());
    }
    let mut input = Vec::new();
    let read = match file {
        Some(path) => std::fs::File::open(path).and_then(|file| file.take(MOST_INPUT).read_to_end(&mut input)),
        None => console::input().take(MOST_INPUT).read_to_end(&mut input),
    };
    match read {
        Ok(bytes) if bytes as u64 == MOST_INPUT => fail("input is longer than 64 MiB"),
        Ok(_) => job.run(&input),
        Err(error) => fail(console::reason(&error)),
    }
}

fn delimiter(text: &str) -> u8 {
    match text {
        "\\n" => b'\n',
        "\\t" => b'\t',
        "\\0" => 0,
        other => other.bytes().next().unwrap_or(b'\n'),
    }
}

fn fail(message: impl std::fmt::Display) -> i32 {
    console::complain("xargs", message);
    TROUBLE
}

struct Job {
    words: Vec<OsString>,
    delimiter: Option<u8>,
    most: Option<usize>,
    most_lines: Option<usize>,
    most_bytes: usize,
    replace: Option<String>,
    skip_empty: bool,
    verbose: bool,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            delimiter: None,
            most: None,
            most_lines: None,
            most_bytes: MOST_ARGUMENT_BYTES,
            replace: None,
            skip_empty: false,
            verbose: false,
        }
    }
}

impl Job {
    fn run(&self, input: &[u8]) -> i32 {
        let items = match self.items(input) {
            Ok(items) => items,
            Err(message) => return fail(message),
        };
        let mut worst = 0;
        for words in self.calls(items) {
            if self.verbose {
                let line: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
                let _ = writeln!(io::stderr(), "{}", line.join(" "));
            }
            let name = words[0].clone();
            match process::run(&Command::new(words)) {
                Ok(process::Ended::Exited(0)) => {}
                Ok(process::Ended::Exited(255)) => {
                    console::complain(
                        "xargs",
                        format_args!("{}: exited with status 255; aborting", name.display()),
                    );
                    return SAID_255;
                }
                Ok(process::Ended::Exited(_)) => worst = SOME_FAILED,
                Ok(process::Ended::Signaled(signal)) => {
                    console::complain(
                        "xargs",
                        format_args!("{}: terminated by signal {signal}", name.display()),
                    );
                    return KILLED;
                }
                Err(error) => {
                    console::complain("xargs", format_args!("{}: {}", name.display(), console::reason(&error)));
                    return process::start_failure_code(&error);
                }
            }
        }
        worst
    }

    /// The arguments in the input, each with the number of its line.
    fn items(&self, input: &[u8]) -> Result<Vec<(String, usize)>, String> {
        let text = String::from_utf8_lossy(input);
        if let Some(delimiter) = self.delimiter {
            let text = text.strip_suffix(char::from(delimiter)).unwrap_or(&text);
            let none = text.is_empty();
            return Ok(text
                .split(char::from(delimiter))
                .filter(|_| !none)
                .map(str::to_owned)
                .zip(0..)
                .collect());
        }
        if self.replace.is_some() {
            let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty());
            return Ok(lines.map(str::to_owned).zip(0..).collect());
        }
        words(&text)
    }

    fn calls(&self, items: Vec<(String, usize)>) -> Vec<Vec<OsString>> {
        if let Some(mark) = self.replace.as_deref().filter(|mark| !mark.is_empty()) {
            let fill = |word: &OsString, item: &str| OsString::from(word.to_string_lossy().replace(mark, item));
            return items
                .iter()
                .map(|(item, _)| self.words.iter().map(|word| fill(word, item)).collect())
                .collect();
        }
        if items.is_empty() {
            return if self.skip_empty {
                Vec::new()
            } else {
                vec![self.words.clone()]
            };
        }
        let mut calls: Vec<Vec<OsString>> = Vec::new();
        let (mut taken, mut bytes, mut first_line) = (usize::MAX, 0, 0);
        for (item, line) in items {
            let full = taken >= self.most.unwrap_or(usize::MAX)
                || bytes + item.len() + 1 > self.most_bytes
                || self.most_lines.is_some_and(|most| line >= first_line + most);
            if full || calls.is_empty() {
                calls.push(self.words.clone());
                (taken, bytes, first_line) = (0, 0, line);
            }
            (taken, bytes) = (taken + 1, bytes + item.len() + 1);
            if let Some(call) = calls.last_mut() {
                call.push(item.into());
            }
        }
        calls
    }
}

/// Words split at blanks, with quotes and backslashes as xargs has them.
fn words(text: &str) -> Result<Vec<(String, usize)>, String> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut line = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\n', Some(quote)) => {
                let kind = if quote == '"' { "double" } else { "single" };
                return Err(format!(
                    "unmatched {kind} quote; by default quotes are special to xargs unless you use the -0 option"
                ));
            }
            (_, Some(open)) if c == open => quote = None,
            (_, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\\', None) => word.get_or_insert_default().extend(rest.next()),
            (' ' | '\t' | '\n', None) => {
                found.extend(word.take().map(|word| (word, line)));
                line += usize::from(c == '\n');
            }
            (_, None) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(quote) = quote {
        let kind = if quote == '"' { "double" } else { "single" };
        return Err(format!(
            "unmatched {kind} quote; by default quotes are special to xargs unless you use the -0 option"
        ));
    }
    found.extend(word.map(|word| (word, line)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(job: &Job, input: &str) -> Vec<String> {
        let line = |words: Vec<OsString>| words.join(std::ffi::OsStr::new(" ")).into_string().unwrap();
        job.calls(job.items(input.as_bytes()).unwrap())
            .into_iter()
            .map(line)
            .collect()
    }

    #[test]
    fn splits_into_calls() {
        let job = |change: fn(&mut Job)| {
            let mut job = Job {
                words: vec!["c".into(), "{}".into()],
                ..Job::default()
            };
            change(&mut job);
            job
        };
        assert_eq!(calls(&job(|_| {}), "a 'b c'\nd\\ e \"f\"\n"), ["c {} a b c d e f"]);
        assert_eq!(calls(&job(|j| j.most = Some(2)), "a b c"), ["c {} a b", "c {} c"]);
        assert_eq!(
            calls(&job(|j| j.most_lines = Some(1)), "a b\nc\n"),
            ["c {} a b", "c {} c"]
        );
        assert_eq!(
            calls(&job(|j| j.replace = Some("{}".into())), "a b\n  c\n"),
            ["c a b", "c c"]
        );
        assert_eq!(calls(&job(|j| j.delimiter = Some(0)), "a b\0c\0"), ["c {} a b c"]);
        assert_eq!(calls(&job(|_| {}), ""), ["c {}"]);
        assert!(calls(&job(|j| j.skip_empty = true), "").is_empty());
        assert!(words("'open").is_err());
    }
}
