//! The expression of `[[ … ]]`.

use super::ast::{Cond, Word};
use super::command::Parser;
use super::error::{ErrorKind, SyntaxError};
use super::scan::is_meta;
use super::word::{Context, Stop};

impl Parser<'_> {
    /// After `[[`: the expression and `]]`.
    pub(super) fn cond_command(&mut self) -> Result<Cond, SyntaxError> {
        let cond = self.cond_or()?;
        self.skip_newlines()?;
        if !self.eat_reserved("]]") {
            return self.unexpected();
        }
        Ok(cond)
    }

    fn cond_or(&mut self) -> Result<Cond, SyntaxError> {
        let mut left = self.cond_and()?;
        loop {
            self.skip_newlines()?;
            if !self.eat("||") {
                return Ok(left);
            }
            left = Cond::Or(Box::new(left), Box::new(self.cond_and()?));
        }
    }

    fn cond_and(&mut self) -> Result<Cond, SyntaxError> {
        let mut left = self.nested(Self::cond_primary)?;
        loop {
            self.skip_newlines()?;
            if !self.eat("&&") {
                return Ok(left);
            }
            left = Cond::And(Box::new(left), Box::new(self.nested(Self::cond_primary)?));
        }
    }

    fn cond_primary(&mut self) -> Result<Cond, SyntaxError> {
        self.skip_newlines()?;
        if self.eat_reserved("!") {
            return Ok(Cond::Not(Box::new(self.nested(Self::cond_primary)?)));
        }
        if self.peek() == Some(b'(') {
            self.pos += 1;
            let inner = self.cond_or()?;
            self.skip_newlines()?;
            if !self.eat(")") {
                return self.unexpected();
            }
            return Ok(inner);
        }
        if self.at_reserved("]]") {
            return self.unexpected();
        }
        let left = self.cond_word()?;
        self.skip_blank();
        if let Some(op) = left.as_literal()
            && op.len() == 2
            && op.starts_with('-')
            && "abcdefghknoprstuvwxzGLNORS".contains(&op[1..])
            && !self.at_reserved("]]")
            && self.peek().is_some_and(|b| !is_meta(b))
        {
            let op = op.to_owned();
            return Ok(Cond::Unary(op, self.cond_word()?));
        }
        let op = match self.peek() {
            Some(b @ (b'<' | b'>')) => {
                self.pos += 1;
                (b as char).to_string()
            }
            Some(b) if !is_meta(b) && !self.at_reserved("]]") => {
                let op = self.peek_raw_word().to_owned();
                const BINARY: [&str; 13] = [
                    "==", "=", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-ef", "-nt", "-ot",
                ];
                if !BINARY.contains(&op.as_str()) {
                    return self.unexpected();
                }
                self.pos += op.len();
                op
            }
            _ => return Ok(Cond::NonEmpty(left)),
        };
        self.skip_blank();
        let right = if op == "=~" {
            self.text_word(Context::PATTERN, Stop::Regex)?
        } else {
            self.cond_word()?
        };
        if right.pieces.is_empty() {
            return self.unexpected();
        }
        Ok(Cond::Binary(op, left, right))
    }

    fn cond_word(&mut self) -> Result<Word, SyntaxError> {
        match self.peek() {
            None => self.fail(ErrorKind::EndOfFile),
            Some(b) if is_meta(b) => self.unexpected(),
            Some(_) => self.word(),
        }
    }
}
