//! test and `[`: uutils' own knows no permission bits on WASI.

use crate::console;
use sandbar_guest_rt::files::{self, Kind, Status};
use std::ffi::OsString;
use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;

const FALSE: i32 = 1;
const TROUBLE: i32 = 2;
/// Expressions nested deeper are refused: each level is a call.
const MOST_NESTED: usize = 100;

/// Evaluates an expression: exit code 0 if it is true, 1 if false, 2 if it is none.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let mut words: Vec<String> = arguments
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let called = words.remove(0);
    let name = called.rsplit('/').next().unwrap_or("test").to_owned();
    if name == "[" && words.pop().is_none_or(|last| last != "]") {
        console::complain(&name, "missing ']'");
        return TROUBLE;
    }
    match evaluate(&words) {
        Ok(true) => 0,
        Ok(false) => FALSE,
        Err(message) => {
            console::complain(&name, message);
            TROUBLE
        }
    }
}

fn evaluate(words: &[String]) -> Result<bool, String> {
    // POSIX decides short expressions by their number of words, so that operands may look like operators.
    match words {
        [] => Ok(false),
        [one] => Ok(!one.is_empty()),
        [not, one] if not == "!" => Ok(one.is_empty()),
        [left, operator, right] if is_binary(operator) => binary(left, operator, right),
        [not, rest @ ..] if not == "!" && rest.len() == 3 && is_binary(&rest[1]) => evaluate(rest).map(|truth| !truth),
        _ => {
            let mut parser = Parser {
                words,
                at: 0,
                nested: 0,
            };
            let truth = parser.or()?;
            match words.get(parser.at) {
                None => Ok(truth),
                Some(extra) => Err(format!("extra argument '{extra}'")),
            }
        }
    }
}

struct Parser<'a> {
    words: &'a [String],
    at: usize,
    nested: usize,
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Option<&str> {
        self.words.get(self.at + ahead).map(String::as_str)
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut truth = self.and()?;
        while self.peek(0) == Some("-o") {
            self.at += 1;
            truth |= self.and()?;
        }
        Ok(truth)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut truth = self.primary()?;
        while self.peek(0) == Some("-a") {
            self.at += 1;
            truth &= self.primary()?;
        }
        Ok(truth)
    }

    fn primary(&mut self) -> Result<bool, String> {
        let word = self.peek(0).ok_or("argument expected")?.to_owned();
        if let (Some(operator), Some(right)) = (self.peek(1), self.peek(2))
            && is_binary(operator)
        {
            let truth = binary(&word, operator, right)?;
            self.at += 3;
            return Ok(truth);
        }
        self.at += 1;
        if word == "!" {
            return self.primary().map(|truth| !truth);
        }
        if word == "(" {
            self.nested += 1;
            if self.nested > MOST_NESTED {
                return Err("too many nested parentheses".into());
            }
            let truth = self.or()?;
            if self.peek(0) != Some(")") {
                return Err("')' expected".into());
            }
            self.at += 1;
            self.nested -= 1;
            return Ok(truth);
        }
        if let Some(letter) = unary_letter(&word)
            && let Some(operand) = self.peek(0).map(str::to_owned)
        {
            self.at += 1;
            return unary(letter, &operand);
        }
        Ok(!word.is_empty())
    }
}

fn is_binary(word: &str) -> bool {
    matches!(
        word,
        "=" | "==" | "!=" | "<" | ">" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef"
    )
}

fn unary_letter(word: &str) -> Option<char> {
    let mut letters = word.strip_prefix('-')?.chars();
    let letter = letters.next()?;
    (letters.next().is_none() && "bcdefghkLnNOpGrsStuwxz".contains(letter)).then_some(letter)
}

fn unary(letter: char, operand: &str) -> Result<bool, String> {
    let is = |test: fn(&Status) -> bool| files::status(Path::new(operand), true).is_ok_and(|status| test(&status));
    Ok(match letter {
        'n' => !operand.is_empty(),
        'z' => operand.is_empty(),
        't' => match operand {
            "0" => stdin().is_terminal(),
            "1" => stdout().is_terminal(),
            "2" => std::io::stderr().is_terminal(),
            other if other.parse::<u32>().is_ok() => false,
            other => return Err(format!("invalid integer '{other}'")),
        },
        'e' => is(|_| true),
        'f' => is(|status| status.kind == Kind::Regular),
        'd' => is(|status| status.kind == Kind::Directory),
        'c' => is(|status| status.kind == Kind::CharacterDevice),
        's' => is(|status| status.size > 0),
        'h' | 'L' => files::status(Path::new(operand), false).is_ok_and(|status| status.kind == Kind::Symlink),
        'r' => is(|status| status.mode & 0o400 != 0),
        'w' => is(|status| status.mode & 0o200 != 0),
        'x' => is(|status| status.mode & 0o100 != 0),
        'O' => is(|status| status.uid == crate::users::OWN_ID),
        'G' => is(|status| status.gid == crate::users::OWN_ID),
        // No pipes with names, sockets, block devices, set-id or sticky bits here.
        _ => false,
    })
}

fn binary(left: &str, operator: &str, right: &str) -> Result<bool, String> {
    let numbers = || -> Result<(i128, i128), String> {
        let number = |text: &str| {
            text.trim()
                .parse::<i128>()
                .map_err(|_| format!("invalid integer '{text}'"))
        };
        Ok((number(left)?, number(right)?))
    };
    let modified = |path: &str| files::status(Path::new(path), true).map(|status| status.modified).ok();
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-eq" => numbers().map(|(a, b)| a == b)?,
        "-ne" => numbers().map(|(a, b)| a != b)?,
        "-lt" => numbers().map(|(a, b)| a < b)?,
        "-le" => numbers().map(|(a, b)| a <= b)?,
        "-gt" => numbers().map(|(a, b)| a > b)?,
        "-ge" => numbers().map(|(a, b)| a >= b)?,
        "-nt" => modified(left) > modified(right),
        "-ot" => modified(left) < modified(right),
        _ => {
            let inode = |path: &str| files::status(Path::new(path), true).map(|status| status.inode);
            matches!((inode(left), inode(right)), (Ok(a), Ok(b)) if a == b)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for (line, truth) in [
            ("", Ok(false)),
            ("x", Ok(true)),
            ("-n", Ok(true)),
            ("! x", Ok(false)),
            ("-z x", Ok(false)),
            ("a = a", Ok(true)),
            ("a != a", Ok(false)),
            ("! a = b", Ok(true)),
            ("3 -gt 2", Ok(true)),
            ("-1 -lt 0", Ok(true)),
            ("( a = a )", Ok(true)),
            ("a = a -a b = c", Ok(false)),
            ("a = b -o b = b", Ok(true)),
            ("! ( a = b ) -a x", Ok(true)),
            ("-d / -a -x /", Ok(true)),
            ("-f /", Ok(false)),
            ("-e /no/such", Ok(false)),
            ("-n = -n", Ok(true)),
            ("x -eq 1", Err(())),
            ("a b", Err(())),
            ("( a = a", Err(())),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(evaluate(&words).map_err(|_| ()), truth, "{line}");
        }
    }
}
