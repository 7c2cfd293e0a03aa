//! Tab: what the word before the cursor may become.

use crate::builtins;
use crate::edit::{Editor, width};
use crate::os::FileKind;
use crate::shell::Shell;

/// Most candidates that are looked at: a directory with a million names must not stall the prompt.
const MAX_CANDIDATES: usize = 10_000;

/// Most candidates that are shown.
const MAX_SHOWN: usize = 500;

/// Characters that a completed file name needs a backslash before.
const SPECIAL: &str = " \t\n\\'\"`$&|;<>()[]{}*?!#~";

/// The word before the cursor.
struct Target {
    /// Characters of it as typed, to be replaced.
    typed: usize,
    /// Its text, quotes removed.
    text: String,
    /// The quote it stands in.
    quote: Option<char>,
    /// It stands where a command does.
    command: bool,
}

struct Candidate {
    /// What replaces the word.
    full: String,
    /// What is shown in the list.
    shown: String,
    /// It leads on (a directory): no blank follows.
    open: bool,
}

impl Shell {
    /// Completes the word before the cursor, or shows what it could become.
    pub(super) fn complete(&mut self, editor: &mut Editor, again: bool) {
        let before = editor.before();
        let target = target(&before);
        let mut candidates = self.candidates(&target);
        candidates.sort_by(|a, b| a.full.cmp(&b.full));
        candidates.dedup_by(|a, b| a.full == b.full);
        match candidates.as_slice() {
            [] => {}
            [one] => {
                let mut text = quote(&one.full, target.quote);
                if !one.open {
                    text.extend(target.quote);
                    text.push(' ');
                }
                editor.replace_before(target.typed, &text);
            }
            many => {
                let common = common_prefix(many);
                if common.chars().count() > target.text.chars().count() {
                    editor.replace_before(target.typed, &quote(&common, target.quote));
                } else if again {
                    let columns = self.terminal.as_ref().and_then(|t| t.terminal_size().ok());
                    let list = columns_of(many, columns.map_or(80, |s| s.columns.into()));
                    editor.aside(&list);
                }
            }
        }
    }

    /// Commands (`c`), files (`f`) or directories (`d`) that begin with a prefix.
    pub(crate) fn names_for_completion(&self, kind: char, prefix: &str) -> Vec<String> {
        let found = if kind == 'c' {
            self.commands(prefix)
        } else {
            self.files(prefix, false)
        };
        found
            .into_iter()
            .filter(|c| kind != 'd' || c.open)
            .map(|c| c.full.strip_suffix('/').unwrap_or(&c.full).to_owned())
            .collect()
    }

    fn candidates(&self, target: &Target) -> Vec<Candidate> {
        let text = target.text.as_str();
        if let Some(prefix) = text.strip_prefix('$').filter(|_| target.quote != Some('\'')) {
            let (open, prefix) = match prefix.strip_prefix('{') {
                Some(prefix) => ("${", prefix),
                None => ("$", prefix),
            };
            let close = if open == "${" { "}" } else { "" };
            return self
                .vars
                .names()
                .into_iter()
                .filter(|n| n.starts_with(prefix))
                .map(|n| Candidate {
                    full: format!("{open}{n}{close}"),
                    shown: n,
                    open: false,
                })
                .collect();
        }
        if target.command && !text.contains('/') {
            return self.commands(text);
        }
        self.files(text, target.command)
    }

    fn commands(&self, prefix: &str) -> Vec<Candidate> {
        let mut names: Vec<String> = builtins::NAMES
            .iter()
            .chain(&builtins::KEYWORDS)
            .map(|n| (*n).to_owned())
            .chain(self.functions.keys().cloned())
            .chain(self.aliases.keys().cloned())
            .filter(|n| n.starts_with(prefix))
            .collect();
        for directory in self.vars.scalar("PATH").unwrap_or_default().split(':') {
            let directory = self.absolute(directory);
            for name in self.os().read_dir(&directory).unwrap_or_default() {
                if names.len() >= MAX_CANDIDATES {
                    break;
                }
                if name.starts_with(prefix) && self.find_program(&name, &directory).is_ok() {
                    names.push(name);
                }
            }
        }
        names
            .into_iter()
            .map(|n| Candidate {
                full: n.clone(),
                shown: n,
                open: false,
            })
            .collect()
    }

    fn files(&self, text: &str, only_programs: bool) -> Vec<Candidate> {
        let (typed, prefix) = match text.rfind('/') {
            Some(at) => text.split_at(at + 1),
            None => ("", text),
        };
        let home = self.vars.scalar("HOME").unwrap_or_default();
        let directory = match typed.strip_prefix("~/") {
            Some(rest) => format!("{home}/{rest}"),
            None => typed.to_owned(),
        };
        let directory = self.absolute(if directory.is_empty() { "." } else { &directory });
        let mut out = Vec::new();
        for name in self.os().read_dir(&directory).unwrap_or_default() {
            let hidden = name.starts_with('.') && !prefix.starts_with('.');
            if hidden || !name.starts_with(prefix) || out.len() >= MAX_CANDIDATES {
                continue;
            }
            let path = format!("{}/{name}", directory.trim_end_matches('/'));
            let stat = self.os().stat(&path, true).ok();
            let is_directory = stat.is_some_and(|s| s.kind == FileKind::Directory);
            if only_programs && !is_directory && stat.is_none_or(|s| s.mode & 0o111 == 0) {
                continue;
            }
            let slash = if is_directory { "/" } else { "" };
            out.push(Candidate {
                full: format!("{typed}{name}{slash}"),
                shown: format!("{name}{slash}"),
                open: is_directory,
            });
        }
        out
    }
}

/// Words after which a command comes again.
const BEFORE_COMMAND: [&str; 13] = [
    "then", "do", "else", "elif", "if", "while", "until", "!", "time", "{", "exec", "command", "sudo",
];

/// Finds the word before the cursor.
fn target(before: &str) -> Target {
    let mut text = String::new();
    let mut start = 0;
    let mut quote = None;
    let mut command = true;
    let mut in_word = false;
    let mut chars = before.chars().enumerate();
    while let Some((i, c)) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => text.push(c),
            (None, '\'' | '"') => {
                if !in_word {
                    start = i;
                    in_word = true;
                }
                quote = Some(c);
            }
            (None, '\\') => {
                if !in_word {
                    start = i;
                    in_word = true;
                }
                text.extend(chars.next().map(|(_, c)| c));
            }
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' | '`') => {
                if in_word {
                    let assignment = text.split_once('=').is_some_and(|(n, _)| crate::text::is_name(n));
                    command = command && assignment || BEFORE_COMMAND.contains(&text.as_str());
                }
                in_word = false;
                text.clear();
                match c {
                    '\n' | ';' | '&' | '|' | '(' | '`' => command = true,
                    '<' | '>' => command = false,
                    _ => {}
                }
            }
            (None, '=') if in_word => {
                // The value of an assignment, or of `--option=file`.
                start = i + 1;
                text.clear();
                command = false;
            }
            (None, c) => {
                if !in_word {
                    start = i;
                    in_word = true;
                }
                text.push(c);
            }
        }
    }
    let total = before.chars().count();
    Target {
        typed: if in_word { total - start } else { 0 },
        text: if in_word { text } else { String::new() },
        quote,
        command,
    }
}

/// A name as it must be typed.
fn quote(text: &str, quote: Option<char>) -> String {
    if let Some(quote) = quote {
        return format!("{quote}{text}");
    }
    // A variable is completed with its `$`, a home directory with its `~`.
    if text.starts_with('$') {
        return text.to_owned();
    }
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if SPECIAL.contains(c) && !(c == '~' && i == 0) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn common_prefix(candidates: &[Candidate]) -> String {
    let Some(first) = candidates.first() else {
        return String::new();
    };
    let mut prefix: Vec<char> = first.full.chars().collect();
    for other in candidates {
        let same = prefix
            .iter()
            .zip(other.full.chars())
            .take_while(|(a, b)| **a == *b)
            .count();
        prefix.truncate(same);
    }
    prefix.into_iter().collect()
}

/// The candidates in columns, down and then across as `ls` has them.
fn columns_of(candidates: &[Candidate], columns: usize) -> String {
    let shown = candidates.get(..MAX_SHOWN).unwrap_or(candidates);
    let clean = |text: &str| -> String { text.chars().map(|c| if c.is_control() { '?' } else { c }).collect() };
    let names: Vec<String> = shown.iter().map(|c| clean(&c.shown)).collect();
    let width_of = |name: &str| name.chars().map(width).sum::<usize>();
    let widest = names.iter().map(|n| width_of(n)).max().unwrap_or(1) + 2;
    let across = (columns / widest).max(1);
    let rows = names.len().div_ceil(across);
    let mut out = String::new();
    for row in 0..rows {
        let line: Vec<&String> = (0..across)
            .filter_map(|column| names.get(column * rows + row))
            .collect();
        for (i, name) in line.iter().enumerate() {
            out.push_str(name);
            if i + 1 < line.len() {
                out.push_str(&" ".repeat(widest - width_of(name)));
            }
        }
        out.push('\n');
    }
    if candidates.len() > shown.len() {
        out.push_str(&format!("… and {} more\n", candidates.len() - shown.len()));
    }
    out
}
