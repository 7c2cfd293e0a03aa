//! The words of bc.

use std::iter::Peekable;
use std::str::Chars;

/// A word of the language.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// Digits and a point.
    Number(String),
    /// Of a variable, a function or a statement.
    Name(String),
    /// Between quotes.
    Text(String),
    /// One of [`OPERATORS`].
    Operator(&'static str),
    /// The end of a line.
    Line,
    /// The end of the program.
    End,
}

const OPERATORS: [&str; 37] = [
    "^=", "*=", "/=", "%=", "+=", "-=", "==", "<=", ">=", "!=", "&&", "||", "++", "--", "^", "*", "/", "%", "+", "-",
    "=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ",", ";", ".", "&", "|", ":", "?",
];

/// Takes a program apart.
pub struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
}

impl<'a> Lexer<'a> {
    /// One at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
        }
    }

    /// Leaves out what is left of the line.
    pub fn skip_line(&mut self) {
        while self.rest.next_if(|c| *c != '\n').is_some() {}
    }

    /// Whether `[]` comes next, without a space.
    pub fn is_at_brackets(&self) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next() == Some('[') && ahead.next() == Some(']')
    }

    /// The next word.
    ///
    /// # Errors
    /// A sentence.
    pub fn next(&mut self) -> Result<Token, String> {
        loop {
            let Some(c) = self.rest.peek().copied() else {
                return Ok(Token::End);
            };
            match c {
                '\n' => {
                    self.rest.next();
                    return Ok(Token::Line);
                }
                '#' => while self.rest.next_if(|c| *c != '\n').is_some() {},
                '\\' => {
                    self.rest.next();
                    self.rest.next_if_eq(&'\n');
                }
                c if c.is_whitespace() => {
                    self.rest.next();
                }
                '"' => {
                    self.rest.next();
                    let mut text = String::new();
                    while let Some(c) = self.rest.next_if(|c| *c != '"') {
                        text.push(c);
                    }
                    self.rest.next();
                    return Ok(Token::Text(text));
                }
                c if c.is_ascii_lowercase() => {
                    let mut name = String::new();
                    while let Some(c) = self
                        .rest
                        .next_if(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_')
                    {
                        name.push(c);
                    }
                    return Ok(Token::Name(name));
                }
                c if c.is_ascii_digit() || ('A'..='F').contains(&c) || c == '.' => return self.number(),
                '/' => {
                    self.rest.next();
                    if self.rest.next_if_eq(&'*').is_some() {
                        let mut last = ' ';
                        for c in self.rest.by_ref() {
                            if last == '*' && c == '/' {
                                break;
                            }
                            last = c;
                        }
                        continue;
                    }
                    let assigns = self.rest.next_if_eq(&'=').is_some();
                    return Ok(Token::Operator(if assigns { "/=" } else { "/" }));
                }
                _ => {
                    self.rest.next();
                    let mut text = String::from(c);
                    if let Some(next) = self.rest.peek() {
                        text.push(*next);
                        if let Some(found) = OPERATORS.iter().find(|operator| **operator == text) {
                            self.rest.next();
                            return Ok(Token::Operator(found));
                        }
                        text.pop();
                    }
                    let found = OPERATORS.iter().find(|operator| **operator == text);
                    return found
                        .map(|operator| Token::Operator(operator))
                        .ok_or_else(|| format!("illegal character: {c}"));
                }
            }
        }
    }

    fn number(&mut self) -> Result<Token, String> {
        let mut text = String::new();
        loop {
            match self.rest.peek().copied() {
                Some('\\') => {
                    self.rest.next();
                    self.rest.next_if_eq(&'\n');
                }
                Some('.') if text.contains('.') => break,
                Some(c) if c.is_ascii_digit() || ('A'..='F').contains(&c) || c == '.' => {
                    text.push(c);
                    self.rest.next();
                }
                _ => break,
            }
        }
        // A lone point is the last value.
        Ok(if text == "." {
            Token::Name("last".into())
        } else {
            Token::Number(text)
        })
    }
}
