//! The parser's cursor: characters, blanks, newlines and the here-documents that follow them.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use super::ast::{Piece, Word};
use super::command::Parser;
use super::error::{ErrorKind, SyntaxError};
use super::word::{Context, Stop};

/// How deep commands, quotes and expansions may nest: bounds the stack that parsing needs.
pub(crate) const MAX_NESTING: u32 = 150;

/// A here-document whose body has not been reached yet.
pub(super) struct PendingHereDoc {
    pub cell: Rc<OnceCell<Word>>,
    pub delimiter: String,
    pub strip_tabs: bool,
    pub quoted: bool,
}

impl<'a> Parser<'a> {
    /// A parser of `src`, whose first line has number `line`. With `partial`, more text may follow:
    /// an unfinished command is then an incomplete one, never accepted as it is.
    pub fn new(src: &'a str, line: u32, partial: bool) -> Self {
        Self {
            src,
            pos: 0,
            depth: 0,
            partial,
            pending: Vec::new(),
            line_cache: Cell::new((0, line)),
            aliases: None,
            hit: None,
        }
    }

    /// A parser of a part of the text.
    pub(super) fn sub<'b>(&self, src: &'b str) -> Parser<'b> {
        let mut sub = Parser::new(src, self.line(), false);
        sub.depth = self.depth + 1;
        sub
    }

    /// The line number at the cursor.
    pub fn line(&self) -> u32 {
        let (pos, line) = self.line_cache.get();
        let bytes = self.src.as_bytes();
        let count = |a: usize, b: usize| -> u32 {
            bytes
                .get(a..b)
                .map_or(0, |s| s.iter().filter(|c| **c == b'\n').count() as u32)
        };
        let now = if self.pos >= pos {
            line + count(pos, self.pos)
        } else {
            line.saturating_sub(count(self.pos, pos))
        };
        self.line_cache.set((self.pos, now));
        now
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, n: usize) -> Option<u8> {
        self.src.as_bytes().get(self.pos + n).copied()
    }

    pub(super) fn at(&self, text: &str) -> bool {
        self.src
            .as_bytes()
            .get(self.pos..)
            .is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    /// Consumes `text` if it is next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let yes = self.at(text);
        if yes {
            self.pos += text.len();
        }
        yes
    }

    pub(super) fn next_char(&mut self) -> Option<char> {
        let c = self.src.get(self.pos..)?.chars().next()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.src.get(from..to).unwrap_or_default()
    }

    pub(super) fn fail<T>(&self, kind: ErrorKind) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            line: self.line(),
            kind,
        })
    }

    /// Fails with whatever token is next.
    pub(super) fn unexpected<T>(&mut self) -> Result<T, SyntaxError> {
        self.skip_blank();
        let Some(first) = self.peek() else {
            return self.fail(ErrorKind::EndOfFile);
        };
        const OPERATORS: [&str; 18] = [
            ";;&", "&>>", "<<<", "<<-", ";;", ";&", "&&", "||", "|&", "&>", ">>", "<<", "<&", ">&", ">|", "<>", "((",
            "))",
        ];
        let token = OPERATORS
            .iter()
            .find(|op| self.at(op) && !matches!(**op, "((" | "))"))
            .map(|op| (*op).to_owned());
        let token = token.unwrap_or_else(|| {
            if is_meta(first) {
                (first as char).to_string()
            } else {
                self.peek_raw_word().to_owned()
            }
        });
        let line = self.line();
        Err(SyntaxError {
            line,
            kind: ErrorKind::Unexpected(token),
        })
    }

    /// Runs one nested construct, within the limit on depth.
    pub(super) fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth >= MAX_NESTING {
            return self.fail(ErrorKind::TooDeep);
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Skips spaces, tabs, escaped newlines and a comment.
    pub(super) fn skip_blank(&mut self) {
        let start = self.pos;
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.pos += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.pos += 2,
                Some(b'#') if self.comment_may_start(start) => {
                    while self.peek().is_some_and(|b| b != b'\n') {
                        self.pos += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn comment_may_start(&self, start: usize) -> bool {
        self.pos > start
            || self.pos == 0
            || self
                .src
                .as_bytes()
                .get(self.pos - 1)
                .is_none_or(|b| is_meta(*b) || *b == b'`')
    }

    /// Skips blanks and newlines, reading the here-documents that a newline starts.
    pub(super) fn skip_newlines(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.skip_blank();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }

    /// Consumes a newline and the bodies of the here-documents of the line it ends.
    pub(super) fn newline(&mut self) -> Result<(), SyntaxError> {
        self.pos += 1;
        for doc in std::mem::take(&mut self.pending) {
            let word = self.here_doc(&doc)?;
            // The cell is filled once: this is its only writer.
            let _ = doc.cell.set(word);
        }
        Ok(())
    }

    fn here_doc(&mut self, doc: &PendingHereDoc) -> Result<Word, SyntaxError> {
        let mut body = String::new();
        loop {
            if self.peek().is_none() {
                if self.partial {
                    return self.fail(ErrorKind::EndOfFile);
                }
                break;
            }
            let start = self.pos;
            while self.peek().is_some_and(|b| b != b'\n') {
                self.pos += 1;
            }
            let mut line = self.slice(start, self.pos);
            let ended = self.peek().is_some();
            if doc.strip_tabs {
                line = line.trim_start_matches('\t');
            }
            if line == doc.delimiter {
                self.pos += usize::from(ended);
                break;
            }
            body.push_str(line);
            if ended {
                body.push('\n');
                self.pos += 1;
            }
        }
        if doc.quoted {
            return Ok(Word {
                pieces: vec![Piece::Quoted(body)],
                brace: false,
            });
        }
        let mut sub = self.sub(&body);
        sub.text_word(Context::HERE_DOC, Stop::End)
    }

    /// The unquoted word at the cursor, without consuming it.
    pub(super) fn peek_raw_word(&self) -> &'a str {
        let bytes = self.src.as_bytes();
        let mut end = self.pos;
        while bytes.get(end).is_some_and(|b| !is_meta(*b)) {
            end += 1;
        }
        self.slice(self.pos, end)
    }

    /// Whether the reserved word `word` is next, as a whole word.
    pub(super) fn at_reserved(&self, word: &str) -> bool {
        self.peek_raw_word() == word
    }

    pub(super) fn eat_reserved(&mut self, word: &str) -> bool {
        let yes = self.at_reserved(word);
        if yes {
            self.pos += word.len();
        }
        yes
    }

    /// Consumes a reserved word that must come, after blanks and newlines.
    pub(super) fn expect_reserved(&mut self, word: &str) -> Result<(), SyntaxError> {
        self.skip_newlines()?;
        if self.eat_reserved(word) {
            return Ok(());
        }
        self.unexpected()
    }
}

/// Characters that end an unquoted word.
pub(super) fn is_meta(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}
