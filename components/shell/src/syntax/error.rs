//! What can be wrong with a script.

use std::fmt;

/// Why a text is not a script.
#[derive(Debug, Clone)]
pub(crate) struct SyntaxError {
    pub line: u32,
    pub kind: ErrorKind,
}

#[derive(Debug, Clone)]
pub(crate) enum ErrorKind {
    /// The text ends inside a construct; more input may complete it.
    EndOfFile,
    /// A quote or bracket is not closed; more input may complete it.
    Unclosed(char),
    Unexpected(String),
    TooDeep,
}

impl SyntaxError {
    /// Whether more input may make it a script.
    pub fn incomplete(&self) -> bool {
        matches!(self.kind, ErrorKind::EndOfFile | ErrorKind::Unclosed(_))
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::EndOfFile => write!(f, "syntax error: unexpected end of file"),
            ErrorKind::Unclosed(c) => write!(f, "unexpected EOF while looking for matching `{c}'"),
            ErrorKind::Unexpected(token) if token == "\n" => {
                write!(f, "syntax error near unexpected token `newline'")
            }
            ErrorKind::Unexpected(token) => {
                write!(f, "syntax error near unexpected token `{token}'")
            }
            ErrorKind::TooDeep => write!(f, "syntax error: nesting too deep"),
        }
    }
}
