//! Compound commands: groups, conditionals, loops, functions.

use std::rc::Rc;

use super::ast::{After, Arm, Command, Kind, List, Word};
use super::command::Parser;
use super::error::{ErrorKind, SyntaxError};
use super::scan::is_meta;

impl Parser<'_> {
    /// A compound command, if one starts here.
    pub(super) fn compound(&mut self) -> Result<Option<Kind>, SyntaxError> {
        if self.peek() == Some(b'(') {
            if self.peek_at(1) == Some(b'(')
                && let Some(end) = self.arith_end(self.pos + 2)
            {
                let word = self.arith_word(self.slice(self.pos + 2, end))?;
                self.pos = end + 2;
                return Ok(Some(Kind::Arith(word)));
            }
            self.pos += 1;
            let list = self.list_in_parens()?;
            if list.items.is_empty() {
                self.pos -= 1;
                return self.unexpected();
            }
            return Ok(Some(Kind::Subshell(Rc::new(list))));
        }
        let kind = match self.peek_raw_word() {
            "{" => {
                self.pos += 1;
                let body = self.body()?;
                self.expect_reserved("}")?;
                Kind::Group(body)
            }
            "if" => self.if_command()?,
            word @ ("while" | "until") => {
                self.pos += word.len();
                let condition = self.body()?;
                Kind::Loop {
                    until: word == "until",
                    condition,
                    body: self.do_group()?,
                }
            }
            "for" => self.for_command(false)?,
            "select" => self.for_command(true)?,
            "coproc" => self.coproc()?,
            "case" => self.case_command()?,
            "[[" => {
                self.pos += 2;
                Kind::Cond(self.cond_command()?)
            }
            "function" => {
                self.pos += "function".len();
                self.skip_blank();
                let name = self.peek_raw_word().to_owned();
                if name.is_empty() {
                    return self.unexpected();
                }
                self.pos += name.len();
                let line = self.line();
                return Ok(Some(self.function(name, line)?.kind));
            }
            "then" | "else" | "elif" | "fi" | "do" | "done" | "esac" | "}" | "]]" => {
                return self.unexpected();
            }
            _ => return Ok(None),
        };
        Ok(Some(kind))
    }

    /// A list that must not be empty.
    fn body(&mut self) -> Result<List, SyntaxError> {
        let list = self.list(false)?;
        if list.items.is_empty() {
            return self.unexpected();
        }
        Ok(list)
    }

    fn do_group(&mut self) -> Result<List, SyntaxError> {
        self.skip_newlines()?;
        if self.eat_reserved("{") {
            let body = self.body()?;
            self.expect_reserved("}")?;
            return Ok(body);
        }
        self.expect_reserved("do")?;
        let body = self.body()?;
        self.expect_reserved("done")?;
        Ok(body)
    }

    fn if_command(&mut self) -> Result<Kind, SyntaxError> {
        self.pos += 2;
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.body()?;
            self.expect_reserved("then")?;
            branches.push((condition, self.body()?));
            self.skip_newlines()?;
            if self.eat_reserved("elif") {
                continue;
            }
            if self.eat_reserved("else") {
                otherwise = Some(self.body()?);
            }
            self.expect_reserved("fi")?;
            return Ok(Kind::If { branches, otherwise });
        }
    }

    /// `coproc [name] command`: a name only before a compound command.
    fn coproc(&mut self) -> Result<Kind, SyntaxError> {
        self.pos += "coproc".len();
        self.skip_blank();
        let mut name = "COPROC".to_owned();
        let len = self.name_length();
        let word = self.peek_raw_word();
        if len > 0 && word.len() == len {
            let after = self
                .slice(self.pos + len, self.src.len())
                .trim_start_matches([' ', '\t']);
            let compound = after.starts_with(['{', '('])
                || ["if", "while", "until", "for", "case", "select", "[["]
                    .iter()
                    .any(|w| after.strip_prefix(w).is_some_and(|r| r.starts_with([' ', '\t', '\n'])));
            if compound {
                name = word.to_owned();
                self.pos += len;
            }
        }
        let body = self.nested(Self::command)?;
        Ok(Kind::Coproc {
            name,
            body: Rc::new(body),
        })
    }

    fn for_command(&mut self, select: bool) -> Result<Kind, SyntaxError> {
        self.pos += if select { 6 } else { 3 };
        self.skip_blank();
        if self.at("((") && !select {
            return self.for_arith();
        }
        let len = self.name_length();
        let name = self.peek_raw_word();
        if len == 0 || name.len() != len {
            return self.unexpected();
        }
        let name = name.to_owned();
        self.pos += len;
        self.skip_newlines()?;
        let mut words = None;
        if self.eat_reserved("in") {
            let mut list = Vec::new();
            loop {
                self.skip_blank();
                match self.peek() {
                    Some(b) if !is_meta(b) || self.at("<(") || self.at(">(") => {
                        list.push(self.word()?);
                    }
                    Some(b';') => {
                        self.pos += 1;
                        break;
                    }
                    Some(b'\n') => break,
                    _ => return self.unexpected(),
                }
            }
            words = Some(list);
        } else if self.peek() == Some(b';') {
            self.pos += 1;
        }
        let body = self.do_group()?;
        Ok(if select {
            Kind::Select { name, words, body }
        } else {
            Kind::For { name, words, body }
        })
    }

    fn for_arith(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.pos + 2;
        let Some(end) = self.arith_end(start) else {
            return self.fail(ErrorKind::Unclosed(')'));
        };
        let text = self.slice(start, end);
        let mut parts = text.splitn(3, ';');
        let mut part = || -> Result<Word, SyntaxError> {
            match parts.next() {
                Some(text) => self.arith_word(text),
                None => self.fail(ErrorKind::Unexpected("((".to_owned())),
            }
        };
        let (init, condition, step) = (part()?, part()?, part()?);
        self.pos = end + 2;
        self.skip_blank();
        if self.peek() == Some(b';') {
            self.pos += 1;
        }
        Ok(Kind::ForArith {
            init,
            condition,
            step,
            body: self.do_group()?,
        })
    }

    fn case_command(&mut self) -> Result<Kind, SyntaxError> {
        self.pos += 4;
        self.skip_blank();
        if self.peek().is_none_or(is_meta) {
            return self.unexpected();
        }
        let subject = self.word()?;
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.eat_reserved("esac") {
                return Ok(Kind::Case { subject, arms });
            }
            if self.peek() == Some(b'(') {
                self.pos += 1;
            }
            let mut patterns = Vec::new();
            loop {
                self.skip_blank();
                if self.peek().is_none_or(is_meta) {
                    return self.unexpected();
                }
                patterns.push(self.word()?);
                self.skip_blank();
                match self.peek() {
                    Some(b'|') => self.pos += 1,
                    Some(b')') => {
                        self.pos += 1;
                        break;
                    }
                    _ => return self.unexpected(),
                }
            }
            let body = self.list(false)?;
            self.skip_newlines()?;
            let after = if self.eat(";;&") {
                After::TestNext
            } else if self.eat(";;") {
                After::Stop
            } else if self.eat(";&") {
                After::FallThrough
            } else if self.at_reserved("esac") {
                After::Stop
            } else {
                return self.unexpected();
            };
            arms.push(Arm { patterns, body, after });
        }
    }

    /// After the name of a function: its parentheses, if any, and its body.
    pub(super) fn function(&mut self, name: String, line: u32) -> Result<Command, SyntaxError> {
        self.skip_blank();
        if self.eat("(") {
            self.skip_blank();
            if !self.eat(")") {
                return self.unexpected();
            }
        }
        self.skip_newlines()?;
        let start = self.pos;
        let body_line = self.line();
        let Some(kind) = self.nested(Self::compound)? else {
            return self.unexpected();
        };
        let mut redirects = Vec::new();
        self.redirects(&mut redirects)?;
        let source = self.slice(start, self.pos).trim_end().into();
        Ok(Command {
            line,
            kind: Kind::Function {
                name,
                body: Rc::new(Command {
                    line: body_line,
                    kind,
                    redirects,
                }),
                source,
            },
            redirects: Vec::new(),
        })
    }
}
