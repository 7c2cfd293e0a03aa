//! Words of a program.

use std::rc::Rc;

/// Longest program that is read.
pub const MOST_SOURCE: usize = 16 << 20;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Number(f64),
    Text(Rc<[u8]>),
    Pattern(Rc<[u8]>),
    /// A name that `(` follows at once.
    Call(String),
    Name(String),
    Keyword(Keyword),
    /// An operator or a bracket.
    Sign(&'static str),
    Newline,
    End,
}

/// A word of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    Begin,
    BeginFile,
    Break,
    Case,
    Continue,
    Default,
    Delete,
    Do,
    Else,
    EndRule,
    EndFile,
    Exit,
    For,
    Function,
    Getline,
    If,
    In,
    Next,
    NextFile,
    Print,
    Printf,
    Return,
    Switch,
    While,
}

const KEYWORDS: &[(&str, Keyword)] = &[
    ("BEGIN", Keyword::Begin),
    ("BEGINFILE", Keyword::BeginFile),
    ("END", Keyword::EndRule),
    ("ENDFILE", Keyword::EndFile),
    ("break", Keyword::Break),
    ("case", Keyword::Case),
    ("continue", Keyword::Continue),
    ("default", Keyword::Default),
    ("delete", Keyword::Delete),
    ("do", Keyword::Do),
    ("else", Keyword::Else),
    ("exit", Keyword::Exit),
    ("for", Keyword::For),
    ("func", Keyword::Function),
    ("function", Keyword::Function),
    ("getline", Keyword::Getline),
    ("if", Keyword::If),
    ("in", Keyword::In),
    ("next", Keyword::Next),
    ("nextfile", Keyword::NextFile),
    ("print", Keyword::Print),
    ("printf", Keyword::Printf),
    ("return", Keyword::Return),
    ("switch", Keyword::Switch),
    ("while", Keyword::While),
];

/// Longer signs before their beginnings.
const SIGNS: &[&str] = &[
    "**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "!=", "<=", ">=", ">>", "!~", "|&",
    "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", "<", ">", "|", "?", ":", "~", "$", "=",
];

/// Takes a program apart.
pub struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    /// The line that was read last, from 1.
    pub line: usize,
    /// Whether a slash here divides: something stands before it that can be divided.
    divides: bool,
}

impl<'a> Lexer<'a> {
    /// Over a whole program.
    pub fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            line: 1,
            divides: false,
        }
    }

    /// The next word.
    ///
    /// # Errors
    /// What is no word.
    pub fn next(&mut self) -> Result<Token, String> {
        let token = self.scan()?;
        self.divides = matches!(
            token,
            Token::Number(_)
                | Token::Text(_)
                | Token::Pattern(_)
                | Token::Name(_)
                | Token::Sign(")" | "]" | "$" | "++" | "--")
        ) || token == Token::Keyword(Keyword::Getline);
        Ok(token)
    }

    /// Whether `word` comes next.
    pub fn comes(&self, word: &str) -> bool {
        let rest = &self.source[self.at..];
        let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        rest[blanks..]
            .strip_prefix(word.as_bytes())
            .is_some_and(|after| !after.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_'))
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn scan(&mut self) -> Result<Token, String> {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\\' if self.peek(1) == b'\n' => {
                    self.at += 2;
                    self.line += 1;
                }
                b'\\' if self.peek(1) == b'\r' && self.peek(2) == b'\n' => {
                    self.at += 3;
                    self.line += 1;
                }
                b'#' => {
                    while self.at < self.source.len() && self.peek(0) != b'\n' {
                        self.at += 1;
                    }
                }
                _ => break,
            }
        }
        if self.at >= self.source.len() {
            return Ok(Token::End);
        }
        let c = self.peek(0);
        match c {
            b'\n' => {
                self.at += 1;
                self.line += 1;
                Ok(Token::Newline)
            }
            b'"' => self.text(),
            b'0'..=b'9' => Ok(self.number()),
            b'.' if self.peek(1).is_ascii_digit() => Ok(self.number()),
            b'/' if !self.divides => self.pattern(),
            c if c.is_ascii_alphabetic() || c == b'_' => Ok(self.word()),
            _ => {
                let rest = &self.source[self.at..];
                let sign = SIGNS.iter().find(|sign| rest.starts_with(sign.as_bytes()));
                let sign = sign.ok_or_else(|| format!("unexpected character '{}'", char::from(c).escape_default()))?;
                self.at += sign.len();
                Ok(Token::Sign(match *sign {
                    "**" => "^",
                    "**=" => "^=",
                    sign => sign,
                }))
            }
        }
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'_' {
            self.at += 1;
        }
        let name = String::from_utf8_lossy(&self.source[start..self.at]).into_owned();
        if let Some((_, keyword)) = KEYWORDS.iter().find(|(known, _)| *known == name) {
            return Token::Keyword(*keyword);
        }
        if self.peek(0) == b'(' {
            Token::Call(name)
        } else {
            Token::Name(name)
        }
    }

    fn number(&mut self) -> Token {
        let rest = &self.source[self.at..];
        if rest.len() > 2 && rest[0] == b'0' && matches!(rest[1], b'x' | b'X') && rest[2].is_ascii_hexdigit() {
            let digits = rest[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
            let number = rest[2..2 + digits].iter().fold(0.0, |n, b| {
                n * 16.0 + f64::from(char::from(*b).to_digit(16).unwrap_or(0))
            });
            self.at += 2 + digits;
            return Token::Number(number);
        }
        let (number, length) = super::value::prefix(rest);
        self.at += length.max(1);
        Token::Number(number)
    }

    fn text(&mut self) -> Result<Token, String> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let c = self.peek(0);
            if self.at >= self.source.len() || c == b'\n' {
                return Err("unterminated string".into());
            }
            self.at += 1;
            match c {
                b'"' => return Ok(Token::Text(bytes.into())),
                b'\\' if self.peek(0) == b'\n' => {
                    self.at += 1;
                    self.line += 1;
                }
                b'\\' => {
                    let used = unescape(&self.source[self.at..], &mut bytes);
                    self.at += used;
                }
                c => bytes.push(c),
            }
        }
    }

    fn pattern(&mut self) -> Result<Token, String> {
        self.at += 1;
        let mut bytes = Vec::new();
        let mut in_bracket = false;
        loop {
            let c = self.peek(0);
            if self.at >= self.source.len() || c == b'\n' {
                return Err("unterminated regular expression".into());
            }
            self.at += 1;
            match c {
                b'/' if !in_bracket => return Ok(Token::Pattern(bytes.into())),
                b'\\' => {
                    let next = self.peek(0);
                    self.at += 1;
                    if next != b'/' {
                        bytes.push(b'\\');
                    }
                    bytes.push(next);
                    continue;
                }
                b'[' if !in_bracket => {
                    in_bracket = true;
                    bytes.push(c);
                    // A bracket right after the start is one of the set.
                    if self.peek(0) == b'^' {
                        bytes.push(b'^');
                        self.at += 1;
                    }
                    if self.peek(0) == b']' {
                        bytes.push(b']');
                        self.at += 1;
                    }
                    continue;
                }
                b'[' if self.peek(0) == b':' => {
                    let rest = &self.source[self.at..];
                    if let Some(end) = memchr::memmem::find(rest, b":]") {
                        bytes.push(b'[');
                        bytes.extend_from_slice(&rest[..end + 2]);
                        self.at += end + 2;
                        continue;
                    }
                }
                b']' => in_bracket = false,
                _ => {}
            }
            bytes.push(c);
        }
    }
}

/// Appends what the text after a backslash stands for; how many bytes of it were used.
pub fn unescape(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(&c) = rest.first() else {
        out.push(b'\\');
        return 0;
    };
    match c {
        b'n' => out.push(b'\n'),
        b't' => out.push(b'\t'),
        b'r' => out.push(b'\r'),
        b'a' => out.push(7),
        b'b' => out.push(8),
        b'f' => out.push(12),
        b'v' => out.push(11),
        b'\\' | b'"' | b'/' => out.push(c),
        b'0'..=b'7' => {
            let digits = rest.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let code = rest[..digits].iter().fold(0_u32, |n, b| n * 8 + u32::from(b - b'0'));
            out.push((code & 0xff) as u8);
            return digits;
        }
        b'x' if rest.get(1).is_some_and(u8::is_ascii_hexdigit) => {
            let digits = rest[1..].iter().take(2).take_while(|b| b.is_ascii_hexdigit()).count();
            let code = rest[1..=digits]
                .iter()
                .fold(0_u32, |n, b| n * 16 + char::from(*b).to_digit(16).unwrap_or(0));
            out.push((code & 0xff) as u8);
            return 1 + digits;
        }
        other => {
            // Kept, so that "\." is a regular expression as people write it.
            out.push(b'\\');
            out.push(other);
        }
    }
    1
}
