//! The line editor: keys in, screen bytes out. It touches neither terminal nor files.

mod keys;
mod screen;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;

use crate::history::History;
pub(crate) use keys::{Decoder, Key};
pub(crate) use screen::{HIDDEN, Screen, width};

/// Longest line, in bytes; more rings the bell.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// Most states that undo remembers.
const MAX_UNDO: usize = 100;

/// Longer lines are not remembered for undo: a hundred of them would be much memory.
const MAX_UNDO_LINE: usize = 4096;

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The line is complete.
    Line(String),
    /// ^D on an empty line.
    End,
    /// ^C: the line is dropped.
    Interrupt,
    /// Tab: complete the word before the cursor; true if it was pressed twice.
    Complete(bool),
}

/// A search through the history (^R, ^S).
#[derive(Debug, Default)]
struct Search {
    pattern: String,
    /// Where the match is in the history.
    at: usize,
    failed: bool,
    /// What was on the line before.
    saved: (Vec<char>, usize),
}

/// An editor for one line.
pub(crate) struct Editor {
    prompt: String,
    line: Vec<char>,
    bytes: usize,
    cursor: usize,
    decoder: Decoder,
    screen: Screen,
    history: Rc<RefCell<History>>,
    /// The entry shown; the length of the history for the new line.
    at: usize,
    /// The new line, while an old one is shown.
    draft: Vec<char>,
    search: Option<Search>,
    undo: Vec<(Vec<char>, usize)>,
    last: Option<Key>,
    dirty: bool,
    output: String,
}

impl Editor {
    pub fn new(prompt: &str, history: Rc<RefCell<History>>, columns: usize, lines: usize) -> Self {
        let at = history.borrow().len();
        Self {
            prompt: prompt.to_owned(),
            line: Vec::new(),
            bytes: 0,
            cursor: 0,
            decoder: Decoder::default(),
            screen: Screen::new(columns, lines),
            history,
            at,
            draft: Vec::new(),
            search: None,
            undo: Vec::new(),
            last: None,
            dirty: true,
            output: String::new(),
        }
    }

    /// Takes a byte of input.
    pub fn feed(&mut self, byte: u8) -> Option<Event> {
        let key = self.decoder.feed(byte)?;
        let event = self.key(&key);
        self.last = Some(key);
        if matches!(event, Some(Event::Line(_) | Event::End | Event::Interrupt)) {
            self.close(&event);
        }
        event
    }

    /// What must be written to the terminal now.
    pub fn output(&mut self) -> String {
        if self.dirty {
            self.draw();
        }
        std::mem::take(&mut self.output)
    }

    /// The window has a new size.
    pub fn resize(&mut self, columns: usize, lines: usize) {
        self.screen.columns = columns;
        self.screen.lines = lines;
        self.dirty = true;
    }

    /// Something else was written, or is about to be: the line is drawn again below it.
    pub fn aside(&mut self, text: &str) {
        if self.dirty {
            self.draw();
        }
        self.screen.leave(&mut self.output);
        self.output.push_str(text);
        self.dirty = true;
    }

    /// The text before the cursor.
    pub fn before(&self) -> String {
        self.line.get(..self.cursor).unwrap_or_default().iter().collect()
    }

    /// Replaces the last `count` characters before the cursor.
    pub fn replace_before(&mut self, count: usize, text: &str) {
        self.remember();
        let from = self.cursor.saturating_sub(count);
        self.remove(from, self.cursor);
        self.insert(text);
    }

    fn draw(&mut self) {
        self.dirty = false;
        match &self.search {
            Some(search) => {
                let failed = if search.failed { "failed " } else { "" };
                let prompt = format!("({failed}reverse-i-search)`{}': ", search.pattern);
                self.screen.draw(&prompt, &self.line, self.cursor, &mut self.output);
            }
            None => self
                .screen
                .draw(&self.prompt, &self.line, self.cursor, &mut self.output),
        }
    }

    /// Ends the picture of the line: the cursor goes below it.
    fn close(&mut self, event: &Option<Event>) {
        self.search = None;
        if self.dirty || self.cursor != self.line.len() {
            self.cursor = self.line.len();
            self.draw();
        }
        if *event == Some(Event::Interrupt) {
            self.output.push_str("^C");
        }
        self.screen.leave(&mut self.output);
        self.dirty = false;
    }

    fn key(&mut self, key: &Key) -> Option<Event> {
        if self.search.is_some() && self.search_key(key) {
            return None;
        }
        match key {
            Key::Char(c) => self.type_char(*c),
            Key::Paste(text) => {
                self.remember();
                self.insert(text);
            }
            Key::Enter | Key::Ctrl('o') => return Some(Event::Line(self.line.iter().collect())),
            Key::Tab => return Some(Event::Complete(self.last == Some(Key::Tab))),
            Key::Ctrl('c') => return Some(Event::Interrupt),
            Key::Ctrl('d') if self.line.is_empty() => return Some(Event::End),
            Key::Ctrl('d') | Key::Delete => self.delete(),
            Key::Backspace => {
                if self.cursor > 0 {
                    self.remember();
                    self.remove(self.cursor - 1, self.cursor);
                } else {
                    self.bell();
                }
            }
            Key::Left | Key::Ctrl('b') => self.go(self.cursor.saturating_sub(1)),
            Key::Right | Key::Ctrl('f') => self.go(self.cursor + 1),
            Key::Home | Key::Ctrl('a') => self.go(0),
            Key::End | Key::Ctrl('e') => self.go(self.line.len()),
            Key::WordLeft | Key::Alt('b') => self.go(self.word_start()),
            Key::WordRight | Key::Alt('f') => self.go(self.word_end()),
            Key::Up | Key::Ctrl('p') => self.recall(self.at.checked_sub(1)),
            Key::Down | Key::Ctrl('n') => self.recall(Some(self.at + 1)),
            Key::Alt('<') => self.recall(Some(0)),
            Key::Alt('>') => {
                let end = self.history.borrow().len();
                self.recall(Some(end));
            }
            Key::Ctrl('k') => self.kill(self.cursor, self.line.len(), false),
            Key::Ctrl('u') => self.kill(0, self.cursor, true),
            Key::Ctrl('w') => self.kill(self.blank_word_start(), self.cursor, true),
            Key::AltBackspace => self.kill(self.word_start(), self.cursor, true),
            Key::Alt('d') => self.kill(self.cursor, self.word_end(), false),
            Key::Ctrl('y') => {
                self.remember();
                let text = self.history.borrow().killed.clone();
                self.insert(&text);
            }
            Key::Ctrl('t') => self.transpose(),
            Key::Ctrl('l') => {
                self.screen.clear(&mut self.output);
                self.dirty = true;
            }
            Key::Ctrl('r' | 's') => {
                self.search = Some(Search {
                    at: self.history.borrow().len(),
                    saved: (self.line.clone(), self.cursor),
                    ..Search::default()
                });
                self.dirty = true;
            }
            Key::Ctrl('_') => match self.undo.pop() {
                Some((line, cursor)) => self.set(line, cursor),
                None => self.bell(),
            },
            Key::Alt(letter @ ('u' | 'l' | 'c')) => self.change_case(*letter),
            Key::Alt('.' | '_') => {
                let word = self.history.borrow().last_word();
                self.remember();
                self.insert(&word);
            }
            Key::Alt('#') => {
                self.go(0);
                self.insert("#");
                return Some(Event::Line(self.line.iter().collect()));
            }
            Key::Ctrl(_) | Key::Alt(_) | Key::Unknown => {}
        }
        None
    }

    fn bell(&mut self) {
        // Not once for each byte of a flood.
        if !self.output.ends_with('\u{7}') {
            self.output.push('\u{7}');
        }
    }

    fn type_char(&mut self, c: char) {
        if self.bytes + c.len_utf8() > MAX_LINE {
            self.bell();
            return;
        }
        if !matches!(self.last, Some(Key::Char(_))) {
            self.remember();
        }
        let at_end = self.cursor == self.line.len();
        self.line.insert(self.cursor, c);
        self.bytes += c.len_utf8();
        self.cursor += 1;
        if self.dirty || !at_end || !self.screen.append(c, &mut self.output) {
            self.dirty = true;
        }
    }

    fn insert(&mut self, text: &str) {
        if self.bytes + text.len() > MAX_LINE {
            self.bell();
            return;
        }
        let chars: Vec<char> = text.chars().filter(|c| *c != '\0').collect();
        self.bytes += text.len();
        let count = chars.len();
        self.line.splice(self.cursor..self.cursor, chars);
        self.cursor += count;
        self.dirty = true;
    }

    fn remove(&mut self, from: usize, to: usize) {
        let gone: usize = self.line.drain(from..to).map(char::len_utf8).sum();
        self.bytes = self.bytes.saturating_sub(gone);
        self.cursor = from;
        self.dirty = true;
    }

    fn delete(&mut self) {
        if self.cursor < self.line.len() {
            self.remember();
            let at = self.cursor;
            self.remove(at, at + 1);
        } else {
            self.bell();
        }
    }

    fn go(&mut self, to: usize) {
        let to = to.min(self.line.len());
        if to != self.cursor {
            self.cursor = to;
            self.dirty = true;
        }
    }

    fn set(&mut self, line: Vec<char>, cursor: usize) {
        self.bytes = line.iter().map(|c| c.len_utf8()).sum();
        self.cursor = cursor.min(line.len());
        self.line = line;
        self.dirty = true;
    }

    fn remember(&mut self) {
        if self.line.len() <= MAX_UNDO_LINE {
            if self.undo.len() >= MAX_UNDO {
                self.undo.remove(0);
            }
            self.undo.push((self.line.clone(), self.cursor));
        }
    }

    /// Cuts text; cuts one after another are kept as one.
    fn kill(&mut self, from: usize, to: usize, backwards: bool) {
        if from >= to {
            self.bell();
            return;
        }
        self.remember();
        let text: String = self.line.get(from..to).unwrap_or_default().iter().collect();
        let again = matches!(
            self.last,
            Some(Key::Ctrl('k' | 'u' | 'w') | Key::Alt('d') | Key::AltBackspace)
        );
        {
            let mut history = self.history.borrow_mut();
            if !again {
                history.killed.clear();
            }
            if backwards {
                history.killed.insert_str(0, &text);
            } else {
                history.killed.push_str(&text);
            }
        }
        self.remove(from, to);
    }

    fn transpose(&mut self) {
        let at = self.cursor.min(self.line.len().saturating_sub(1));
        if at == 0 || self.line.len() < 2 {
            self.bell();
            return;
        }
        self.remember();
        self.line.swap(at - 1, at);
        self.cursor = at + 1;
        self.dirty = true;
    }

    fn change_case(&mut self, letter: char) {
        let end = self.word_end();
        self.remember();
        let mut first = true;
        for i in self.cursor..end {
            if let Some(c) = self.line.get_mut(i) {
                let upper = letter == 'u' || letter == 'c' && first && c.is_alphanumeric();
                first &= !c.is_alphanumeric();
                // Case changes that take several characters are left alone.
                let changed = if upper {
                    one(c.to_uppercase())
                } else {
                    one(c.to_lowercase())
                };
                *c = changed.unwrap_or(*c);
            }
        }
        self.bytes = self.line.iter().map(|c| c.len_utf8()).sum();
        self.cursor = end;
        self.dirty = true;
    }

    fn word_start(&self) -> usize {
        let mut i = self.cursor;
        let word = |i: usize| self.line.get(i).is_some_and(|c| c.is_alphanumeric());
        while i > 0 && !word(i - 1) {
            i -= 1;
        }
        while i > 0 && word(i - 1) {
            i -= 1;
        }
        i
    }

    fn blank_word_start(&self) -> usize {
        let mut i = self.cursor;
        let blank = |i: usize| self.line.get(i).is_some_and(|c| c.is_whitespace());
        while i > 0 && blank(i - 1) {
            i -= 1;
        }
        while i > 0 && !blank(i - 1) {
            i -= 1;
        }
        i
    }

    fn word_end(&self) -> usize {
        let mut i = self.cursor;
        let word = |i: usize| self.line.get(i).is_some_and(|c| c.is_alphanumeric());
        while i < self.line.len() && !word(i) {
            i += 1;
        }
        while i < self.line.len() && word(i) {
            i += 1;
        }
        i
    }

    /// Shows another entry of the history.
    fn recall(&mut self, to: Option<usize>) {
        let length = self.history.borrow().len();
        let Some(to) = to.filter(|to| *to <= length && *to != self.at) else {
            self.bell();
            return;
        };
        if self.at == length {
            self.draft = self.line.clone();
        }
        self.at = to;
        let line = if to == length {
            std::mem::take(&mut self.draft)
        } else {
            self.history.borrow().get(to).unwrap_or_default().chars().collect()
        };
        let end = line.len();
        self.set(line, end);
    }

    /// A key during a search. False: the search is over, and the key does what it does.
    fn search_key(&mut self, key: &Key) -> bool {
        let Some(mut search) = self.search.take() else {
            return false;
        };
        self.dirty = true;
        match key {
            Key::Char(c) if search.pattern.len() < MAX_PATTERN => {
                search.pattern.push(*c);
                let from = (search.at + 1).min(self.history.borrow().len());
                self.find(&mut search, from);
            }
            Key::Char(_) => {}
            Key::Backspace => {
                search.pattern.pop();
                let from = self.history.borrow().len();
                self.find(&mut search, from);
            }
            Key::Ctrl('r') => {
                let from = search.at;
                self.find(&mut search, from);
            }
            Key::Ctrl('s') => {
                let next = self.history.borrow().find_forward(&search.pattern, search.at + 1);
                self.found(&mut search, next);
            }
            Key::Ctrl('g') => {
                self.set(search.saved.0, search.saved.1);
                return true;
            }
            Key::Unknown => {}
            _ => {
                if search.at < self.history.borrow().len() {
                    self.at = search.at;
                }
                return false;
            }
        }
        self.search = Some(search);
        true
    }

    fn find(&mut self, search: &mut Search, before: usize) {
        if search.pattern.is_empty() {
            search.failed = false;
            return;
        }
        let hit = self.history.borrow().find_backward(&search.pattern, before);
        self.found(search, hit);
    }

    fn found(&mut self, search: &mut Search, hit: Option<usize>) {
        search.failed = hit.is_none();
        if let Some(at) = hit {
            search.at = at;
            let text = self.history.borrow().get(at).unwrap_or_default().to_owned();
            let byte = text.find(&search.pattern).unwrap_or(0);
            let cursor = text.get(..byte).unwrap_or_default().chars().count();
            self.set(text.chars().collect(), cursor);
        }
    }
}

/// Longest pattern of a search.
const MAX_PATTERN: usize = 256;

fn one(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    if chars.next().is_none() { first } else { None }
}
