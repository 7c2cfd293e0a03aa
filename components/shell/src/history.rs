//! The history of an interactive shell.

use std::collections::VecDeque;

/// Entries kept if HISTSIZE does not say otherwise.
const DEFAULT_SIZE: usize = 1000;

/// Most entries, whatever HISTSIZE says.
const MAX_ENTRIES: usize = 100_000;

/// Most bytes of all entries together; the oldest go first.
const MAX_BYTES: usize = 8 << 20;

/// Lines entered, oldest first, and the text that was cut last.
#[derive(Debug, Default)]
pub(crate) struct History {
    entries: VecDeque<String>,
    bytes: usize,
    size: Option<usize>,
    /// How many entries were dropped at the front: entry 0 has number `dropped + 1`.
    dropped: usize,
    /// Entries that the file has already.
    saved: usize,
    /// What ^Y inserts.
    pub killed: String,
}

impl History {
    /// Sets how many entries to keep (HISTSIZE).
    pub fn limit(&mut self, size: Option<usize>) {
        self.size = size;
        self.shrink();
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn get(&self, at: usize) -> Option<&str> {
        self.entries.get(at).map(String::as_str)
    }

    /// Entries with their numbers.
    pub fn numbered(&self) -> impl DoubleEndedIterator<Item = (usize, &str)> + ExactSizeIterator {
        let first = self.dropped + 1;
        self.entries
            .iter()
            .enumerate()
            .map(move |(i, e)| (first + i, e.as_str()))
    }

    /// The entry of a number.
    pub fn by_number(&self, number: usize) -> Option<&str> {
        self.get(number.checked_sub(self.dropped + 1)?)
    }

    /// The number that the next entry gets.
    pub fn next_number(&self) -> usize {
        self.dropped + self.entries.len() + 1
    }

    /// Adds a line, unless `control` (HISTCONTROL) leaves it out.
    pub fn add(&mut self, line: &str, control: &str) {
        let line = line.trim_end_matches('\n');
        let has = |word: &str| control.split(':').any(|w| w == word);
        let space = (has("ignorespace") || has("ignoreboth")) && line.starts_with(' ');
        let same = (has("ignoredups") || has("ignoreboth")) && self.entries.back().is_some_and(|l| l == line);
        if line.is_empty() || space || same {
            return;
        }
        if has("erasedups") {
            self.entries.retain(|e| e != line);
            self.bytes = self.entries.iter().map(String::len).sum();
        }
        self.bytes += line.len();
        self.entries.push_back(line.to_owned());
        self.shrink();
    }

    /// Adds the lines of a history file.
    pub fn load(&mut self, text: &str) {
        for line in text.lines().filter(|l| !l.is_empty()) {
            self.bytes += line.len();
            self.entries.push_back(line.to_owned());
        }
        self.shrink();
        self.saved = self.entries.len();
    }

    /// The file's new content: at most `size` lines.
    pub fn file(&self, size: usize) -> String {
        let skip = self.entries.len().saturating_sub(size);
        let mut out = String::new();
        for entry in self.entries.iter().skip(skip) {
            out.push_str(entry);
            out.push('\n');
        }
        out
    }

    /// The entries that were not yet appended to the file.
    pub fn unsaved(&mut self) -> String {
        let mut out = String::new();
        for entry in self.entries.iter().skip(self.saved) {
            out.push_str(entry);
            out.push('\n');
        }
        self.saved = self.entries.len();
        out
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
        self.saved = 0;
        self.dropped = 0;
    }

    /// Removes the entry of a number.
    pub fn remove(&mut self, number: usize) -> bool {
        let Some(at) = number.checked_sub(self.dropped + 1) else {
            return false;
        };
        match self.entries.remove(at) {
            Some(entry) => {
                self.bytes -= entry.len();
                if at < self.saved {
                    self.saved -= 1;
                }
                true
            }
            None => false,
        }
    }

    /// The last entry before `before` that contains `pattern`.
    pub fn find_backward(&self, pattern: &str, before: usize) -> Option<usize> {
        (0..before.min(self.entries.len()))
            .rev()
            .find(|i| self.entries.get(*i).is_some_and(|e| e.contains(pattern)))
    }

    /// The first entry from `from` on that contains `pattern`.
    pub fn find_forward(&self, pattern: &str, from: usize) -> Option<usize> {
        (from..self.entries.len()).find(|i| self.entries.get(*i).is_some_and(|e| e.contains(pattern)))
    }

    /// The last word of the last entry.
    pub fn last_word(&self) -> String {
        let last = self.entries.back().map_or("", String::as_str);
        last.split_whitespace().next_back().unwrap_or_default().to_owned()
    }

    /// `!!`, `!n`, `!-n`, `!text`, `!?text`, `!$` and `^old^new`. None: nothing of that is in the line; the error is the event
    /// that was not found.
    pub fn expand(&self, line: &str) -> Result<Option<String>, String> {
        if let Some(rest) = line.strip_prefix('^') {
            let mut parts = rest.trim_end_matches('\n').splitn(3, '^');
            if let (Some(old), Some(new)) = (parts.next(), parts.next()) {
                let last = self.entries.back().map_or("", String::as_str);
                if old.is_empty() || !last.contains(old) {
                    return Err(":s".to_owned() + line.trim_end());
                }
                return Ok(Some(last.replacen(old, new, 1) + parts.next().unwrap_or_default()));
            }
        }
        let mut out = String::new();
        let mut changed = false;
        let mut rest = line;
        let mut single = false;
        while let Some(c) = rest.chars().next() {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            match c {
                '\\' => {
                    out.push(c);
                    if let Some(next) = rest.chars().next() {
                        out.push(next);
                        rest = rest.get(next.len_utf8()..).unwrap_or_default();
                    }
                }
                '\'' => {
                    single = !single;
                    out.push(c);
                }
                '!' if !single => {
                    let (text, used) = self.event(rest)?;
                    match text {
                        Some(text) => {
                            changed = true;
                            out.push_str(&text);
                            rest = rest.get(used..).unwrap_or_default();
                        }
                        None => out.push(c),
                    }
                }
                c => out.push(c),
            }
            if out.len() > crate::edit::MAX_LINE {
                return Err("line too long".to_owned());
            }
        }
        Ok(changed.then_some(out))
    }

    /// The event that `rest`, after a `!`, names, and how many bytes name it.
    fn event(&self, rest: &str) -> Result<(Option<String>, usize), String> {
        let none = Ok((None, 0));
        let Some(first) = rest.chars().next() else {
            return none;
        };
        let missing = |name: &str| Err(format!("!{name}"));
        match first {
            ' ' | '\t' | '\n' | '=' | '(' | '"' | ')' | ';' | '&' | '|' => none,
            '!' => match self.entries.back() {
                Some(entry) => Ok((Some(entry.clone()), 1)),
                None => missing("!"),
            },
            '$' => Ok((Some(self.last_word()), 1)),
            '0'..='9' | '-' => {
                let digits: String = rest
                    .char_indices()
                    .take_while(|(i, c)| c.is_ascii_digit() || *i == 0)
                    .map(|(_, c)| c)
                    .collect();
                let Ok(number) = digits.parse::<i64>() else {
                    return none;
                };
                let entry = if number < 0 {
                    let back = usize::try_from(-number).unwrap_or(usize::MAX);
                    self.len().checked_sub(back).and_then(|i| self.get(i))
                } else {
                    self.by_number(usize::try_from(number).unwrap_or(0))
                };
                match entry {
                    Some(entry) => Ok((Some(entry.to_owned()), digits.len())),
                    None => missing(&digits),
                }
            }
            _ => {
                let anywhere = first == '?';
                let text: String = rest
                    .chars()
                    .skip(usize::from(anywhere))
                    .take_while(|c| !c.is_whitespace() && !matches!(c, ';' | '&' | '|' | '"' | '?'))
                    .collect();
                let hit = self.entries.iter().rev().find(|e| {
                    if anywhere {
                        e.contains(&text)
                    } else {
                        e.starts_with(&text)
                    }
                });
                match hit {
                    Some(entry) => Ok((Some(entry.clone()), text.len() + usize::from(anywhere))),
                    None => missing(&text),
                }
            }
        }
    }

    fn shrink(&mut self) {
        let size = self.size.unwrap_or(DEFAULT_SIZE).min(MAX_ENTRIES);
        while self.entries.len() > size || self.bytes > MAX_BYTES && !self.entries.is_empty() {
            if let Some(entry) = self.entries.pop_front() {
                self.bytes -= entry.len();
                self.dropped += 1;
                self.saved = self.saved.saturating_sub(1);
            }
        }
    }
}
