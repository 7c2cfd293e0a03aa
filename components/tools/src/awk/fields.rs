//! The record and its fields, split only when somebody looks.

use super::regex::{Pattern, Patterns};
use super::value::{Str, Value};
use std::rc::Rc;

/// Fields beyond this are refused: `$1e9 = 1` would fill the memory with separators.
pub const MOST_FIELDS: usize = 10_000_000;

/// How records become fields.
#[derive(Clone)]
pub enum Splitter {
    /// At runs of blanks.
    Blanks,
    /// At this byte; in paragraph mode at newlines, too.
    Byte(u8),
    /// At what matches.
    Pattern(Rc<Pattern>),
    /// Each character is one.
    Characters,
    /// What matches is a field.
    Content(Rc<Pattern>),
    /// Fields of these widths.
    Widths(Vec<usize>),
}

impl Splitter {
    /// As FS says.
    ///
    /// # Errors
    /// It is a bad expression.
    pub fn new(separator: &[u8], patterns: &mut Patterns) -> Result<Self, String> {
        match separator {
            b" " => Ok(Self::Blanks),
            b"" => Ok(Self::Characters),
            [b'\\'] => Ok(Self::Byte(b'\\')),
            [byte] if byte.is_ascii() => Ok(Self::Byte(*byte)),
            other => patterns.get(other).map(Self::Pattern),
        }
    }

    /// Calls `found` for each field, with the separator after it.
    pub fn split(&self, text: &[u8], paragraph: bool, mut found: impl FnMut(&[u8], &[u8])) {
        if text.is_empty() {
            return;
        }
        match self {
            Self::Blanks => {
                let mut at = 0;
                loop {
                    let blank = text[at..]
                        .iter()
                        .take_while(|b| matches!(b, b' ' | b'\t' | b'\n'))
                        .count();
                    at += blank;
                    if at >= text.len() {
                        return;
                    }
                    let end = text[at..]
                        .iter()
                        .position(|b| matches!(b, b' ' | b'\t' | b'\n'))
                        .map_or(text.len(), |length| at + length);
                    let after = text[end..]
                        .iter()
                        .take_while(|b| matches!(b, b' ' | b'\t' | b'\n'))
                        .count();
                    found(&text[at..end], &text[end..end + after]);
                    at = end;
                }
            }
            Self::Byte(byte) => {
                let mut at = 0;
                let second = if paragraph { b'\n' } else { *byte };
                while let Some(length) = memchr::memchr2(*byte, second, &text[at..]) {
                    found(&text[at..at + length], &text[at + length..=at + length]);
                    at += length + 1;
                }
                found(&text[at..], b"");
            }
            Self::Pattern(pattern) => {
                let (mut at, mut from) = (0, 0);
                while let Some((start, end)) = pattern.find(text, from) {
                    if end == start {
                        from = end + 1;
                        if from > text.len() {
                            break;
                        }
                        continue;
                    }
                    found(&text[at..start], &text[start..end]);
                    at = end;
                    from = end;
                }
                if paragraph {
                    let mut rest = &text[at..];
                    while let Some(newline) = memchr::memchr(b'\n', rest) {
                        found(&rest[..newline], b"\n");
                        rest = &rest[newline + 1..];
                    }
                    found(rest, b"");
                } else {
                    found(&text[at..], b"");
                }
            }
            Self::Characters => {
                for chunk in text.utf8_chunks() {
                    for c in chunk.valid().chars() {
                        found(c.encode_utf8(&mut [0; 4]).as_bytes(), b"");
                    }
                    for byte in chunk.invalid() {
                        found(&[*byte], b"");
                    }
                }
            }
            Self::Content(pattern) => {
                let mut from = 0;
                while let Some((start, end)) = pattern.find(text, from) {
                    found(&text[start..end], b"");
                    // After an empty field stands a separator.
                    from = if end == start { end + 1 } else { end };
                    if from >= text.len() {
                        break;
                    }
                    if end > start {
                        from += 1;
                    }
                }
            }
            Self::Widths(widths) => {
                let mut at = 0;
                for width in widths {
                    if at >= text.len() {
                        return;
                    }
                    let end = at + super::format::offset(&text[at..], *width);
                    found(&text[at..end], b"");
                    at = end;
                }
            }
        }
    }
}

/// The record.
pub struct Record {
    text: Str,
    fields: Vec<Value>,
    /// Whether `fields` are those of `text`.
    is_split: bool,
    /// Whether `text` is that of `fields`.
    is_whole: bool,
    /// The record itself as a value.
    whole: Value,
    /// How it becomes fields.
    pub splitter: Splitter,
    /// Whether newlines separate fields, too.
    pub paragraph: bool,
}

impl Record {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            text: Rc::from(&b""[..]),
            fields: Vec::new(),
            is_split: true,
            is_whole: true,
            whole: Value::Unset,
            splitter: Splitter::Blanks,
            paragraph: false,
        }
    }

    /// Replaces the record.
    pub fn set(&mut self, text: &[u8]) {
        self.text = text.into();
        self.whole = Value::input(text);
        self.is_split = false;
        self.is_whole = true;
    }

    /// The record as a value.
    pub fn whole(&mut self, separator: &[u8], convert: &[u8]) -> Value {
        self.rebuild(separator, convert);
        self.whole.clone()
    }

    /// The record's text.
    pub fn text(&mut self, separator: &[u8], convert: &[u8]) -> Str {
        self.rebuild(separator, convert);
        self.text.clone()
    }

    fn rebuild(&mut self, separator: &[u8], convert: &[u8]) {
        if self.is_whole {
            return;
        }
        let mut text = Vec::new();
        for (position, field) in self.fields.iter().enumerate() {
            if position > 0 {
                text.extend_from_slice(separator);
            }
            text.extend_from_slice(&field.to_str(convert));
        }
        self.whole = Value::input(&text);
        self.text = text.into();
        self.is_whole = true;
    }

    fn split(&mut self) {
        if self.is_split {
            return;
        }
        self.is_split = true;
        self.fields.clear();
        let fields = &mut self.fields;
        let paragraph = self.paragraph;
        self.splitter
            .split(&self.text, paragraph, |field, _| fields.push(Value::input(field)));
    }

    /// Splits now, by the separator of before a change.
    pub fn settle(&mut self) {
        self.split();
    }

    /// How many fields there are.
    pub fn count(&mut self) -> usize {
        self.split();
        self.fields.len()
    }

    /// Field `number`, from 1.
    pub fn field(&mut self, number: usize) -> Value {
        self.split();
        self.fields.get(number - 1).cloned().unwrap_or(Value::Unset)
    }

    /// Sets field `number`, from 1.
    pub fn set_field(&mut self, number: usize, value: Value) {
        self.split();
        if number > self.fields.len() {
            self.fields.resize(number, Value::Unset);
        }
        self.fields[number - 1] = value;
        self.is_whole = false;
    }

    /// Sets how many fields there are.
    pub fn set_count(&mut self, count: usize) {
        self.split();
        self.fields.resize(count, Value::Unset);
        self.is_whole = false;
    }
}
