//! Aliases: a command word that names one is replaced in the text, which is then parsed again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ast::List;
use super::command::Parser;
use super::error::{ErrorKind, SyntaxError};

/// Most replacements in one command line: bounds aliases that grow with each other.
const MAX_REPLACEMENTS: usize = 500;

/// Longest text that aliases may make of a command line.
const MAX_GROWTH: usize = 1 << 20;

/// Where a replacement stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Replaced {
    start: usize,
    end: usize,
    name: String,
    /// It ends with a blank, so that the next word is looked up too.
    trailing_blank: bool,
}

/// What the parser looks names up in.
pub(super) struct Lookup<'a> {
    table: &'a BTreeMap<String, String>,
    replaced: &'a [Replaced],
}

/// A command word that is an alias.
pub(super) struct Hit {
    start: usize,
    name: String,
}

/// A text that is parsed one command line at a time.
pub(crate) struct Source<'t> {
    text: Cow<'t, str>,
    pos: usize,
    line: u32,
    partial: bool,
    replaced: Vec<Replaced>,
    budget: usize,
}

impl<'t> Source<'t> {
    /// See [`Parser::new`].
    pub fn new(text: impl Into<Cow<'t, str>>, line: u32, partial: bool) -> Self {
        Self {
            text: text.into(),
            pos: 0,
            line,
            partial,
            replaced: Vec::new(),
            budget: MAX_REPLACEMENTS,
        }
    }

    /// More text has come.
    pub fn push(&mut self, more: &str) {
        self.text.to_mut().push_str(more);
    }

    /// No more text will come.
    pub fn finish(&mut self) {
        self.partial = false;
    }

    /// How many bytes are left.
    pub fn rest_length(&self) -> usize {
        self.text.len() - self.pos
    }

    /// The text that was consumed since that many bytes were left.
    pub fn consumed(&self, left: usize) -> &str {
        let from = self.text.len().saturating_sub(left);
        self.text.get(from..self.pos).unwrap_or_default()
    }

    /// The next command line; none at the end. Without a table no alias is looked up.
    pub fn next(&mut self, table: Option<&BTreeMap<String, String>>) -> Result<Option<List>, SyntaxError> {
        loop {
            let mut parser = Parser::new(&self.text, self.line, self.partial);
            parser.pos = self.pos;
            parser.line_cache.set((self.pos, self.line));
            if self.budget > 0 {
                parser.aliases = table.filter(|t| !t.is_empty()).map(|table| Lookup {
                    table,
                    replaced: &self.replaced,
                });
            }
            let result = parser.next_line();
            if let (Some(hit), Some(table)) = (parser.hit.take(), table) {
                let value = table.get(&hit.name).cloned().unwrap_or_default();
                self.replace(hit, &value);
                continue;
            }
            if matches!(result, Ok(Some(_))) {
                let (pos, line) = (parser.pos, parser.line());
                self.pos = pos;
                self.line = line;
                self.replaced.clear();
                self.budget = MAX_REPLACEMENTS;
            }
            return result;
        }
    }

    fn replace(&mut self, hit: Hit, value: &str) {
        self.budget -= 1;
        if value.len() + self.text.len() - self.pos > MAX_GROWTH {
            self.budget = 0;
            return;
        }
        let end = hit.start + hit.name.len();
        self.text.to_mut().replace_range(hit.start..end, value);
        for other in &mut self.replaced {
            if other.start >= end {
                other.start = other.start + value.len() - hit.name.len();
                other.end = other.end + value.len() - hit.name.len();
            } else if other.end >= end {
                other.end = other.end + value.len() - hit.name.len();
            }
        }
        self.replaced.push(Replaced {
            start: hit.start,
            end: hit.start + value.len(),
            name: hit.name,
            trailing_blank: value.ends_with([' ', '\t']),
        });
    }
}

impl Parser<'_> {
    /// Gives up if the word here, in the place of a command, is an alias: the text must change first.
    pub(super) fn check_alias(&mut self) -> Result<(), SyntaxError> {
        let Some(lookup) = &self.aliases else {
            return Ok(());
        };
        let word = self.peek_raw_word();
        if word.is_empty() || !lookup.table.contains_key(word) {
            return Ok(());
        }
        let inside = |r: &&Replaced| r.start <= self.pos && self.pos < r.end.max(r.start + 1) && r.name == word;
        if lookup.replaced.iter().any(|r| inside(&r)) {
            return Ok(());
        }
        self.hit = Some(Hit {
            start: self.pos,
            name: word.to_owned(),
        });
        self.fail(ErrorKind::EndOfFile)
    }

    /// The same for a word after an alias whose value ends with a blank.
    pub(super) fn check_alias_after_blank(&mut self) -> Result<(), SyntaxError> {
        let follows = self.aliases.as_ref().is_some_and(|lookup| {
            lookup.replaced.iter().any(|r| {
                r.trailing_blank
                    && r.end <= self.pos
                    && self.slice(r.end, self.pos).bytes().all(|b| matches!(b, b' ' | b'\t'))
            })
        });
        if follows { self.check_alias() } else { Ok(()) }
    }
}
