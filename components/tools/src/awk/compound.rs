//! `switch` and `print` from words.

use super::ast::{Output, Statement};
use super::lexer::{Keyword, Token};
use super::parser::Parser;

impl Parser<'_> {
    pub(super) fn switch(&mut self) -> Result<Statement, String> {
        self.advance()?;
        let value = self.parenthesized()?;
        self.newlines()?;
        self.expect("{")?;
        let mut cases = Vec::new();
        loop {
            while self.token == Token::Newline || self.is(";") {
                self.advance()?;
            }
            if self.accept("}")? {
                return Ok(Statement::Switch(value, cases));
            }
            let label = match self.token {
                Token::Keyword(Keyword::Case) => {
                    self.advance()?;
                    Some(self.primary_label()?)
                }
                Token::Keyword(Keyword::Default) => {
                    self.advance()?;
                    None
                }
                _ => return Err(format!("syntax error in 'switch' near {}", self.shown())),
            };
            self.expect(":")?;
            let mut statements = Vec::new();
            loop {
                while self.token == Token::Newline || self.is(";") {
                    self.advance()?;
                }
                if self.is("}") || matches!(self.token, Token::Keyword(Keyword::Case | Keyword::Default)) {
                    break;
                }
                statements.push(self.deeper(Self::statement)?);
            }
            cases.push((label, statements));
        }
    }

    pub(super) fn print(&mut self, formatted: bool) -> Result<Statement, String> {
        self.advance()?;
        let arguments = self.print_arguments()?;
        let output = if self.accept(">")? {
            Output::File(self.output_target()?)
        } else if self.accept(">>")? {
            Output::Append(self.output_target()?)
        } else if self.accept("|")? {
            Output::Command(self.output_target()?)
        } else if self.is("|&") {
            return Err("coprocesses (|&) are not supported; write to a file, or use two pipes".into());
        } else {
            Output::Standard
        };
        if formatted {
            if arguments.is_empty() {
                return Err("printf needs a format".into());
            }
            Ok(Statement::Printf(arguments, output))
        } else {
            Ok(Statement::Print(arguments, output))
        }
    }
}
