//! Words: quoting, and the expansions inside.

use std::rc::Rc;

use super::ast::{Piece, Word};
use super::command::Parser;
use super::error::{ErrorKind, SyntaxError};
use super::scan::is_meta;
use crate::text::{Escapes, unescape};

/// What surrounds the text being read.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// As within double quotes: single quotes and most backslashes are ordinary.
    pub quoted: bool,
    /// Double quotes are ordinary too.
    pub here_doc: bool,
    /// A tilde may start here and (in assignments) after each colon.
    pub tilde: bool,
    pub assignment: bool,
}

impl Context {
    pub const WORD: Self = Self {
        quoted: false,
        here_doc: false,
        tilde: true,
        assignment: false,
    };
    pub const ASSIGNMENT: Self = Self {
        assignment: true,
        ..Self::WORD
    };
    /// Text that is expanded but neither split nor a pattern (arithmetic, say).
    pub const TEXT: Self = Self {
        quoted: true,
        here_doc: false,
        tilde: false,
        assignment: false,
    };
    pub const HERE_DOC: Self = Self {
        here_doc: true,
        ..Self::TEXT
    };
    pub const PATTERN: Self = Self {
        tilde: false,
        ..Self::WORD
    };
}

/// Where the text ends (the terminator is not consumed).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// A blank or operator.
    Meta,
    /// A blank outside parentheses (the right side of `=~`).
    Regex,
    DoubleQuote,
    Brace,
    /// `}` or, after the first character, `/`.
    BraceOrSlash,
    /// `}` or `:` (the offset of a substring).
    BraceOrColon,
    Bracket,
    End,
}

impl Parser<'_> {
    /// A word of a command.
    pub(super) fn word(&mut self) -> Result<Word, SyntaxError> {
        self.text_word(Context::WORD, Stop::Meta)
    }

    pub(super) fn text_word(&mut self, ctx: Context, stop: Stop) -> Result<Word, SyntaxError> {
        self.nested(|p| {
            let mut reader = Reader::default();
            reader.run(p, ctx, stop)?;
            Ok(Word {
                pieces: reader.pieces,
                brace: reader.brace,
            })
        })
    }

    /// `$…` at the cursor (which stands on the dollar).
    fn dollar(&mut self, ctx: Context) -> Result<Piece, SyntaxError> {
        self.pos += 1;
        match self.peek() {
            Some(b'(') => {
                if self.peek_at(1) == Some(b'(')
                    && let Some(end) = self.arith_end(self.pos + 2)
                {
                    let text = self.slice(self.pos + 2, end);
                    let word = self.arith_word(text)?;
                    self.pos = end + 2;
                    return Ok(Piece::Arith(Rc::new(word)));
                }
                self.pos += 1;
                Ok(Piece::Command(Rc::new(self.list_in_parens()?)))
            }
            Some(b'[') => {
                let start = self.pos + 1;
                let bytes = self.src.as_bytes();
                let Some(len) = bytes.get(start..).and_then(|r| r.iter().position(|b| *b == b']')) else {
                    return self.fail(ErrorKind::Unclosed(']'));
                };
                let word = self.arith_word(self.slice(start, start + len))?;
                self.pos = start + len + 1;
                Ok(Piece::Arith(Rc::new(word)))
            }
            Some(b'{') => {
                self.pos += 1;
                self.nested(|p| p.braced_param(ctx))
            }
            Some(b'\'') if !ctx.quoted => {
                self.pos += 1;
                let start = self.pos;
                loop {
                    match self.peek() {
                        None => return self.fail(ErrorKind::Unclosed('\'')),
                        Some(b'\\') => {
                            self.pos += 1;
                            self.next_char();
                        }
                        Some(b'\'') => break,
                        Some(_) => {
                            self.next_char();
                        }
                    }
                }
                let text = self.slice(start, self.pos);
                self.pos += 1;
                Ok(Piece::Quoted(unescape(text, Escapes::Dollar).0))
            }
            Some(b'"') if !ctx.quoted => {
                self.pos += 1;
                self.double_quoted()
            }
            _ => Ok(match self.simple_param() {
                Some(piece) => piece,
                None if ctx.quoted => Piece::Quoted("$".to_owned()),
                None => Piece::Literal("$".to_owned()),
            }),
        }
    }

    /// The text of an arithmetic expression, with its expansions.
    pub(super) fn arith_word(&self, text: &str) -> Result<Word, SyntaxError> {
        self.sub(text).text_word(Context::TEXT, Stop::End)
    }

    /// Where the `))` is that closes an arithmetic expression starting at `from`; none if the
    /// parentheses turn out to be those of a subshell.
    pub(super) fn arith_end(&self, from: usize) -> Option<usize> {
        let bytes = self.src.as_bytes();
        let mut depth = 0u32;
        let mut i = from;
        while let Some(&b) = bytes.get(i) {
            match b {
                b'(' => depth += 1,
                b')' if depth == 0 => return (bytes.get(i + 1) == Some(&b')')).then_some(i),
                b')' => depth -= 1,
                b'\\' => i += 1,
                b'\'' | b'"' | b'`' => {
                    let len = bytes.get(i + 1..)?.iter().position(|c| *c == b)?;
                    i += len + 1;
                }
                _ => {}
            }
            i += 1;
        }
        None
    }

    /// The rest of a double-quoted string, with its closing quote.
    fn double_quoted(&mut self) -> Result<Piece, SyntaxError> {
        let word = self.text_word(Context::TEXT, Stop::DoubleQuote)?;
        if !self.eat("\"") {
            return self.fail(ErrorKind::Unclosed('"'));
        }
        Ok(Piece::DoubleQuoted(word.pieces))
    }

    fn backquoted(&mut self, ctx: Context) -> Result<Piece, SyntaxError> {
        self.pos += 1;
        let mut text = String::new();
        loop {
            match self.next_char() {
                None => return self.fail(ErrorKind::Unclosed('`')),
                Some('`') => break,
                Some('\\') => match self.next_char() {
                    Some(c @ ('`' | '\\' | '$')) => text.push(c),
                    Some('"') if ctx.quoted && !ctx.here_doc => text.push('"'),
                    Some(c) => {
                        text.push('\\');
                        text.push(c);
                    }
                    None => return self.fail(ErrorKind::Unclosed('`')),
                },
                Some(c) => text.push(c),
            }
        }
        if self.depth >= super::scan::MAX_NESTING {
            return self.fail(ErrorKind::TooDeep);
        }
        let list = self.sub(&text).whole()?;
        Ok(Piece::Command(Rc::new(list)))
    }
}

#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    text: String,
    brace: bool,
    /// Parentheses open in an extended pattern or a regex.
    parens: u32,
    brackets: u32,
    /// Open `?` of a conditional expression, whose colon is not the end of a substring's offset.
    conditionals: u32,
    /// Nothing has been read yet, or the last character allows a tilde.
    tilde_ok: bool,
}

impl Reader {
    fn flush(&mut self, ctx: Context) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.pieces.push(if ctx.quoted {
                Piece::Quoted(text)
            } else {
                Piece::Literal(text)
            });
        }
    }

    fn push(&mut self, ctx: Context, piece: Piece) {
        self.flush(ctx);
        self.pieces.push(piece);
        self.tilde_ok = false;
    }

    fn quoted_char(&mut self, ctx: Context, c: char) {
        self.flush(ctx);
        match self.pieces.last_mut() {
            Some(Piece::Quoted(text)) => text.push(c),
            _ => self.pieces.push(Piece::Quoted(c.to_string())),
        }
        self.tilde_ok = false;
    }

    fn at_end(&self, p: &Parser, b: u8, stop: Stop) -> bool {
        let first = self.text.is_empty() && self.pieces.is_empty();
        match stop {
            Stop::Meta => self.parens == 0 && is_meta(b) && !self.substitution(p, b),
            Stop::Regex => self.parens == 0 && matches!(b, b' ' | b'\t' | b'\n' | b')'),
            Stop::DoubleQuote => b == b'"',
            Stop::Brace => b == b'}',
            Stop::BraceOrSlash => b == b'}' || b == b'/' && !first,
            Stop::BraceOrColon => b == b'}' || b == b':' && self.parens == 0 && self.conditionals == 0,
            Stop::Bracket => b == b']' && self.brackets == 0,
            Stop::End => false,
        }
    }

    /// `<(` and `>(` belong to the word.
    fn substitution(&self, p: &Parser, b: u8) -> bool {
        matches!(b, b'<' | b'>') && p.peek_at(1) == Some(b'(')
    }

    fn run(&mut self, p: &mut Parser, ctx: Context, stop: Stop) -> Result<(), SyntaxError> {
        self.tilde_ok = ctx.tilde;
        while let Some(b) = p.peek() {
            if self.at_end(p, b, stop) {
                break;
            }
            match b {
                b'\\' => self.backslash(p, ctx, stop)?,
                b'\'' if !ctx.quoted => {
                    p.pos += 1;
                    let start = p.pos;
                    while p.peek().is_some_and(|b| b != b'\'') {
                        p.pos += 1;
                    }
                    if p.peek().is_none() {
                        return p.fail(ErrorKind::Unclosed('\''));
                    }
                    let text = p.slice(start, p.pos).to_owned();
                    p.pos += 1;
                    self.push(ctx, Piece::Quoted(text));
                }
                b'"' if !ctx.here_doc => {
                    p.pos += 1;
                    let piece = p.double_quoted()?;
                    self.push(ctx, piece);
                }
                b'$' => {
                    let piece = p.dollar(ctx)?;
                    match piece {
                        Piece::Literal(text) | Piece::Quoted(text) if text == "$" => {
                            self.text.push('$');
                        }
                        piece => self.push(ctx, piece),
                    }
                }
                b'`' => {
                    let piece = p.backquoted(ctx)?;
                    self.push(ctx, piece);
                }
                b'~' if self.tilde_ok => self.tilde(p, ctx),
                b'<' | b'>' if stop == Stop::Meta && self.parens == 0 => {
                    p.pos += 2;
                    let list = p.list_in_parens()?;
                    self.push(ctx, Piece::ProcessSubstitution(b == b'<', Rc::new(list)));
                }
                _ => self.ordinary(p, ctx, stop),
            }
        }
        self.flush(ctx);
        Ok(())
    }

    fn backslash(&mut self, p: &mut Parser, ctx: Context, stop: Stop) -> Result<(), SyntaxError> {
        p.pos += 1;
        if p.eat("\n") {
            return Ok(());
        }
        if !ctx.quoted {
            match p.next_char() {
                Some(c) => self.quoted_char(ctx, c),
                None if p.partial => return p.fail(ErrorKind::EndOfFile),
                None => self.text.push('\\'),
            }
            return Ok(());
        }
        match p.peek() {
            Some(b'$' | b'`' | b'\\') => {}
            Some(b'"') if !ctx.here_doc => {}
            Some(b'}') if matches!(stop, Stop::Brace | Stop::BraceOrSlash) => {}
            _ => {
                self.text.push('\\');
                return Ok(());
            }
        }
        if let Some(c) = p.next_char() {
            self.text.push(c);
        }
        Ok(())
    }

    fn tilde(&mut self, p: &mut Parser, ctx: Context) {
        let bytes = p.src.as_bytes();
        let mut end = p.pos + 1;
        while bytes
            .get(end)
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'.'))
        {
            end += 1;
        }
        let ends = match bytes.get(end) {
            None | Some(b'/' | b'}') => true,
            Some(b':') => true,
            Some(b) => is_meta(*b),
        };
        if ends {
            let user = p.slice(p.pos + 1, end).to_owned();
            p.pos = end;
            self.push(ctx, Piece::Tilde(user));
        } else {
            self.text.push('~');
            self.tilde_ok = false;
            p.pos += 1;
        }
    }

    /// The text so far is `name=`: bash expands a tilde after it even in an argument.
    fn after_name(&self, ctx: Context) -> bool {
        !ctx.quoted
            && ctx.tilde
            && self.pieces.is_empty()
            && self.text.strip_suffix('=').is_some_and(crate::text::is_name)
    }

    fn ordinary(&mut self, p: &mut Parser, ctx: Context, stop: Stop) {
        let Some(c) = p.next_char() else { return };
        match c {
            '(' => self.parens += 1,
            ')' => self.parens = self.parens.saturating_sub(1),
            '[' => self.brackets += 1,
            ']' => self.brackets = self.brackets.saturating_sub(1),
            '?' if stop == Stop::BraceOrColon => self.conditionals += 1,
            ':' if stop == Stop::BraceOrColon => {
                self.conditionals = self.conditionals.saturating_sub(1);
            }
            '{' if !ctx.quoted => self.brace = true,
            _ => {}
        }
        self.text.push(c);
        self.tilde_ok = ctx.assignment && c == ':' || c == '=' && self.after_name(ctx);
        // An extended pattern: `@(a|b)` and its kin take their parentheses into the word.
        if stop == Stop::Meta && "?*+@!".contains(c) && p.peek() == Some(b'(') && !ctx.quoted {
            p.pos += 1;
            self.text.push('(');
            self.parens += 1;
        }
    }
}
