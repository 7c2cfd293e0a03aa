//! Parameter expansions: `$x`, `${x…}`.

use std::rc::Rc;

use super::ast::{Index, Op, Param, Piece};
use super::command::Parser;
use super::error::{ErrorKind, SyntaxError};
use super::word::{Context, Stop};

impl Parser<'_> {
    /// `x`, `1` or a special character after a dollar.
    pub(super) fn simple_param(&mut self) -> Option<Piece> {
        let b = self.peek()?;
        let len = if b.is_ascii_digit() || b"@*#?-$!".contains(&b) {
            1
        } else {
            self.name_length()
        };
        if len == 0 {
            return None;
        }
        let name = self.slice(self.pos, self.pos + len).to_owned();
        self.pos += len;
        Some(param(name, None, false, Op::None))
    }

    /// Length of the variable name at the cursor.
    pub(super) fn name_length(&self) -> usize {
        let rest = self.src.as_bytes().get(self.pos..).unwrap_or_default();
        match rest.first() {
            Some(b) if *b == b'_' || b.is_ascii_alphabetic() => rest
                .iter()
                .take_while(|b| **b == b'_' || b.is_ascii_alphanumeric())
                .count(),
            _ => 0,
        }
    }

    /// Name, number or special character after `${`.
    fn param_name(&mut self) -> Option<String> {
        let rest = self.src.as_bytes().get(self.pos..)?;
        let first = *rest.first()?;
        let len = if first.is_ascii_digit() {
            rest.iter().take_while(|b| b.is_ascii_digit()).count()
        } else if b"@*#?-$!".contains(&first) {
            1
        } else {
            self.name_length()
        };
        if len == 0 {
            return None;
        }
        let name = self.slice(self.pos, self.pos + len).to_owned();
        self.pos += len;
        Some(name)
    }

    /// After `${`: everything up to and with the closing brace.
    pub(super) fn braced_param(&mut self, ctx: Context) -> Result<Piece, SyntaxError> {
        let start = self.pos;
        if self.peek() == Some(b'#') && self.peek_at(1) != Some(b'}') {
            self.pos += 1;
            if let Some(name) = self.param_name() {
                let index = self.param_index()?;
                if self.eat("}") {
                    return Ok(param(name, index, false, Op::Length));
                }
            }
            self.pos = start;
        }
        let mut indirect = false;
        if self.peek() == Some(b'!')
            && self
                .peek_at(1)
                .is_some_and(|b| b == b'_' || b.is_ascii_alphanumeric() || matches!(b, b'#' | b'@' | b'*'))
        {
            self.pos += 1;
            indirect = true;
        }
        let Some(name) = self.param_name() else {
            return self.bad(start);
        };
        let index = self.param_index()?;
        if indirect {
            if matches!(index, Some(Index::At | Index::Star)) && self.eat("}") {
                return Ok(param(name, index, false, Op::Keys));
            }
            if index.is_none() && (self.eat("*}") || self.eat("@}")) {
                let star = self.src.as_bytes().get(self.pos - 2) == Some(&b'*');
                let index = Some(if star { Index::Star } else { Index::At });
                return Ok(param(name, index, false, Op::Names));
            }
        }
        let Some(op) = self.param_op(ctx)? else {
            return self.bad(start);
        };
        if self.eat("}") {
            return Ok(param(name, index, indirect, op));
        }
        self.bad(start)
    }

    /// `[…]` after the name.
    fn param_index(&mut self) -> Result<Option<Index>, SyntaxError> {
        if self.peek() != Some(b'[') {
            return Ok(None);
        }
        if self.eat("[@]") {
            return Ok(Some(Index::At));
        }
        if self.eat("[*]") {
            return Ok(Some(Index::Star));
        }
        self.pos += 1;
        let word = self.text_word(Context::PATTERN, Stop::Bracket)?;
        if !self.eat("]") {
            return self.fail(ErrorKind::Unclosed(']'));
        }
        Ok(Some(Index::Expr(word)))
    }

    /// What follows the name; none if it is nothing known.
    fn param_op(&mut self, ctx: Context) -> Result<Option<Op>, SyntaxError> {
        // In `"${x:-word}"` the word is quoted by what surrounds it; patterns never are.
        let value = if ctx.quoted {
            Context {
                assignment: false,
                ..ctx
            }
        } else {
            Context::WORD
        };
        let Some(b) = self.peek() else {
            return self.fail(ErrorKind::Unclosed('}'));
        };
        let op = match b {
            b'}' => Op::None,
            b':' => {
                self.pos += 1;
                match self.peek() {
                    Some(c @ (b'-' | b'=' | b'?' | b'+')) => {
                        self.pos += 1;
                        Op::Default {
                            colon: true,
                            kind: c as char,
                            word: self.text_word(value, Stop::Brace)?,
                        }
                    }
                    _ => {
                        let offset = self.text_word(Context::TEXT, Stop::BraceOrColon)?;
                        let length = if self.eat(":") {
                            Some(self.text_word(Context::TEXT, Stop::Brace)?)
                        } else {
                            None
                        };
                        Op::Substring { offset, length }
                    }
                }
            }
            b'-' | b'=' | b'?' | b'+' => {
                self.pos += 1;
                Op::Default {
                    colon: false,
                    kind: b as char,
                    word: self.text_word(value, Stop::Brace)?,
                }
            }
            b'#' | b'%' => {
                self.pos += 1;
                let longest = self.peek() == Some(b);
                self.pos += usize::from(longest);
                Op::Trim {
                    suffix: b == b'%',
                    longest,
                    pattern: self.text_word(Context::PATTERN, Stop::Brace)?,
                }
            }
            b'/' => {
                self.pos += 1;
                let all = self.eat("/");
                let anchor = match self.peek() {
                    Some(c @ (b'#' | b'%')) if !all => {
                        self.pos += 1;
                        Some(c as char)
                    }
                    _ => None,
                };
                let pattern = self.text_word(Context::PATTERN, Stop::BraceOrSlash)?;
                let with = if self.eat("/") {
                    self.text_word(value, Stop::Brace)?
                } else {
                    Default::default()
                };
                Op::Replace {
                    all,
                    anchor,
                    pattern,
                    with,
                }
            }
            b'^' | b',' | b'~' => {
                self.pos += 1;
                let all = self.peek() == Some(b);
                self.pos += usize::from(all);
                let pattern = if self.peek() == Some(b'}') {
                    None
                } else {
                    Some(self.text_word(Context::PATTERN, Stop::Brace)?)
                };
                Op::Case {
                    upper: b == b'^',
                    toggle: b == b'~',
                    all,
                    pattern,
                }
            }
            b'@' => {
                self.pos += 1;
                match self.next_char() {
                    Some(c) if "UuLQEPAKak".contains(c) => Op::Transform(c),
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(op))
    }

    /// A wrong expansion is an error only when it is expanded: skip to its brace.
    fn bad(&mut self, start: usize) -> Result<Piece, SyntaxError> {
        let bytes = self.src.as_bytes();
        let mut depth = 0;
        let mut i = start;
        loop {
            match bytes.get(i) {
                None => return self.fail(ErrorKind::Unclosed('}')),
                Some(b'{') => depth += 1,
                Some(b'}') if depth == 0 => break,
                Some(b'}') => depth -= 1,
                Some(_) => {}
            }
            i += 1;
        }
        let text = format!("${{{}}}", self.slice(start, i));
        self.pos = i + 1;
        Ok(param(String::new(), None, false, Op::Bad(text)))
    }
}

fn param(name: String, index: Option<Index>, indirect: bool, op: Op) -> Piece {
    Piece::Param(Rc::new(Param {
        name,
        index,
        indirect,
        op,
    }))
}
