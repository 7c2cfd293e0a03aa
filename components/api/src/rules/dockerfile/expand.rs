//! Quotes, escapes and variables, as they are in a Dockerfile rather than in a shell.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use super::error::{Refusal, refuse};

/// How deep `${a:-${b:-…}}` may be nested.
const DEPTH: usize = 16;
/// Longest outcome of one word: what an environment may hold in all.
const LONGEST: usize = 128 << 10;

/// What variables mean at one line.
pub(super) struct Scope<'a> {
    pub(super) variables: &'a BTreeMap<String, String>,
    pub(super) escape: char,
}

impl Scope<'_> {
    /// One word: variables expanded, quotes taken away.
    pub(super) fn word(&self, text: &str) -> Result<String, Refusal> {
        let mut reader = Reader {
            scope: self,
            rest: text.chars().peekable(),
        };
        let word = reader.until(None, 0)?;
        if word.len() > LONGEST {
            return Err(refuse("a value grows beyond 128 KiB", "shorten the variables in it"));
        }
        Ok(word)
    }
}

impl Scope<'_> {
    /// The text of a here-document: variables expanded, quotes as they are.
    pub(super) fn document(&self, text: &str) -> Result<String, Refusal> {
        let mut reader = Reader {
            scope: self,
            rest: text.chars().peekable(),
        };
        let mut expanded = String::new();
        while let Some(c) = reader.rest.next() {
            match c {
                '$' => expanded.push_str(&reader.variable(0)?),
                c if c == self.escape => match reader.rest.next_if(|&next| next == '$' || next == self.escape) {
                    Some(next) => expanded.push(next),
                    None => expanded.push(c),
                },
                c => expanded.push(c),
            }
            if expanded.len() > LONGEST {
                return Err(refuse(
                    "a here-document grows beyond 128 KiB",
                    "shorten the variables in it",
                ));
            }
        }
        Ok(expanded)
    }
}

struct Reader<'a> {
    scope: &'a Scope<'a>,
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    /// Up to `end`, which is taken, or to the end of the text.
    fn until(&mut self, end: Option<char>, depth: usize) -> Result<String, Refusal> {
        let mut word = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                c if Some(c) == end => return Ok(word),
                '\'' => self.single(&mut word)?,
                '"' => self.double(&mut word, depth)?,
                '$' => word.push_str(&self.variable(depth)?),
                c if c == self.scope.escape => word.extend(self.rest.next()),
                c => word.push(c),
            }
        }
        match end {
            None => Ok(word),
            Some(end) => Err(refuse(format!("{end:?} is missing"), "close the expression")),
        }
    }

    fn single(&mut self, word: &mut String) -> Result<(), Refusal> {
        for c in self.rest.by_ref() {
            if c == '\'' {
                return Ok(());
            }
            word.push(c);
        }
        Err(refuse("a ' is not closed", "close the quote"))
    }

    fn double(&mut self, word: &mut String, depth: usize) -> Result<(), Refusal> {
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return Ok(()),
                '$' => word.push_str(&self.variable(depth)?),
                c if c == self.scope.escape => match self.rest.next() {
                    Some(next) if next == '"' || next == '$' || next == self.scope.escape => word.push(next),
                    next => {
                        word.push(c);
                        word.extend(next);
                    }
                },
                c => word.push(c),
            }
        }
        Err(refuse("a \" is not closed", "close the quote"))
    }

    /// What follows a `$`.
    fn variable(&mut self, depth: usize) -> Result<String, Refusal> {
        if depth >= DEPTH {
            return Err(refuse("variables are nested too deep", "set an ARG or ENV in between"));
        }
        if self.rest.next_if_eq(&'{').is_some() {
            return self.braced(depth);
        }
        let name = self.name();
        if name.is_empty() {
            return Ok("$".to_owned());
        }
        Ok(self.value(&name).unwrap_or_default())
    }

    fn braced(&mut self, depth: usize) -> Result<String, Refusal> {
        let name = self.name();
        if name.is_empty() {
            return Err(refuse(
                "${ is not followed by a name",
                "write ${NAME}, or \\$ for a dollar sign",
            ));
        }
        let value = self.value(&name);
        let mut sign = self.rest.next();
        // With a colon an empty variable is as one that is not set.
        let colon = sign == Some(':');
        if colon {
            sign = self.rest.next();
        }
        let set = value.as_ref().is_some_and(|value| !colon || !value.is_empty());
        match (sign, colon) {
            (Some('}'), false) => Ok(value.unwrap_or_default()),
            (Some('-'), _) => {
                let other = self.until(Some('}'), depth + 1)?;
                Ok(value.filter(|_| set).unwrap_or(other))
            }
            (Some('+'), _) => {
                let other = self.until(Some('}'), depth + 1)?;
                Ok(if set { other } else { String::new() })
            }
            (Some('?'), _) => {
                let text = self.until(Some('}'), depth + 1)?;
                value.filter(|_| set).ok_or_else(|| {
                    let why = if text.is_empty() {
                        "it is not set".to_owned()
                    } else {
                        text
                    };
                    refuse(format!("{name}: {why}"), format!("set {name} with ARG or ENV before"))
                })
            }
            _ => Err(refuse(
                format!("${{{name}…}} uses an expression that is not supported here"),
                "use ${NAME}, ${NAME:-default}, ${NAME:+other} or ${NAME:?message}",
            )),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self
            .rest
            .next_if(|&c| c == '_' || c.is_ascii_alphabetic() || (!name.is_empty() && c.is_ascii_digit()))
        {
            name.push(c);
        }
        name
    }

    fn value(&self, name: &str) -> Option<String> {
        self.scope.variables.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Result<String, Refusal> {
        let variables = [("A", "one"), ("E", ""), ("P", "/bin")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let scope = Scope {
            variables: &variables,
            escape: '\\',
        };
        scope.word(text)
    }

    #[test]
    fn words_expand_as_docker_does_it() {
        for (text, expected) in [
            ("$A/x", "one/x"),
            ("${A}b", "oneb"),
            ("${N:-d$A}", "done"),
            ("${E:-d}", "d"),
            ("${E-d}", ""),
            ("${A:+yes}${N:+no}${E+e}", "yese"),
            ("${A:?must}", "one"),
            ("'$A'", "$A"),
            ("\"$A b\"", "one b"),
            (r#""a\"b\$A\n""#, r#"a"b$A\n"#),
            (r"\$A a\ b", "$A a b"),
            (r#"'it'"'"'s'"#, "it's"),
            ("$", "$"),
            ("a$1", "a$1"),
            ("${N:-${N:-${A}}}", "one"),
            ("/opt/bin:$P", "/opt/bin:/bin"),
            ("", ""),
        ] {
            assert_eq!(word(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn broken_words_are_refused() {
        for text in ["'a", "\"a", "${A", "${}", "${A%x}", "${A:x}", "${N:?}", "${N?no}"] {
            assert!(word(text).is_err(), "{text}");
        }
        assert!(word(&"${N:-".repeat(100_000)).is_err());
    }
}
