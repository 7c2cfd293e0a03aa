//! `[[ … ]]`, and the tests it shares with `test`.

use regex_lite::Regex;

use crate::os::{FileKind, Stat};
use crate::shell::{Flow, Shell};
use crate::syntax::ast::{Cond, Word};
use crate::task::Fut;
use crate::vars::{Key, Value};

impl Shell {
    pub(super) fn cond<'a>(&'a mut self, cond: &'a Cond) -> Fut<'a, Result<bool, Flow>> {
        Box::pin(async move {
            match cond {
                Cond::Or(a, b) => Ok(self.cond(a).await? || self.cond(b).await?),
                Cond::And(a, b) => Ok(self.cond(a).await? && self.cond(b).await?),
                Cond::Not(a) => Ok(!self.cond(a).await?),
                Cond::NonEmpty(word) => {
                    let text = self.expand_text(word).await?;
                    if self.options.xtrace {
                        let line = format!("[[ -n {} ]]", crate::text::trace_quote(&text));
                        self.trace(&line).await;
                    }
                    Ok(!text.is_empty())
                }
                Cond::Unary(op, word) => {
                    let text = self.expand_text(word).await?;
                    if self.options.xtrace {
                        let line = format!("[[ {op} {} ]]", crate::text::trace_quote(&text));
                        self.trace(&line).await;
                    }
                    Ok(self.unary_test(op, &text).unwrap_or(false))
                }
                Cond::Binary(op, left, right) => self.cond_binary(op, left, right).await,
            }
        })
    }

    async fn cond_binary(&mut self, op: &str, left: &Word, right: &Word) -> Result<bool, Flow> {
        let left = self.expand_text(left).await?;
        if self.options.xtrace {
            let shown = self.expand_text(right).await?;
            let line = format!(
                "[[ {} {op} {} ]]",
                crate::text::trace_quote(&left),
                crate::text::trace_quote(&shown)
            );
            self.trace(&line).await;
        }
        match op {
            "==" | "=" | "!=" => {
                let mut chars = self.expand_pattern_chars(right).await?;
                let mut left = left;
                if self.options.nocasematch {
                    left = left.to_lowercase();
                    for (c, _) in &mut chars {
                        *c = c.to_lowercase().next().unwrap_or(*c);
                    }
                }
                let hit = crate::pattern::Pattern::new(&chars).matches_str(&left);
                Ok(hit == (op != "!="))
            }
            "=~" => {
                let chars = self.expand_pattern_chars(right).await?;
                self.regex_match(&left, &chars).await
            }
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                let right = self.expand_text(right).await?;
                let a = self.arith_text(&left).await?;
                let b = self.arith_text(&right).await?;
                Ok(compare(op, a, b))
            }
            _ => {
                let right = self.expand_text(right).await?;
                Ok(self.binary_test(&left, op, &right).unwrap_or(false))
            }
        }
    }

    async fn regex_match(&mut self, text: &str, chars: &[(char, bool)]) -> Result<bool, Flow> {
        let mut pattern = String::new();
        if self.options.nocasematch {
            pattern.push_str("(?i)");
        }
        let mut in_class = false;
        for &(c, quoted) in chars {
            match c {
                '[' if !quoted => in_class = true,
                ']' if !quoted => in_class = false,
                _ => {}
            }
            if quoted && !in_class && regex_special(c) {
                pattern.push('\\');
            } else if !quoted && in_class && c == '\\' {
                // In a bracket expression a backslash is an ordinary character.
                pattern.push('\\');
            }
            pattern.push(c);
        }
        let Ok(regex) = Regex::new(&pattern) else {
            return Err(Flow::Discard(2));
        };
        let found = regex.captures(text);
        let mut map = std::collections::BTreeMap::new();
        if let Some(captures) = &found {
            for (i, group) in (0i64..).zip(captures.iter()) {
                map.insert(i, group.map_or_else(String::new, |g| g.as_str().to_owned()));
            }
        }
        // It cannot be readonly in a way that matters: then the match is just not reported.
        let _ = self.vars.set_value("BASH_REMATCH", Value::Indexed(map));
        Ok(found.is_some())
    }

    /// A test of one operand; none if there is no such operator.
    pub(crate) fn unary_test(&mut self, op: &str, arg: &str) -> Option<bool> {
        let stat = |follow: bool| self.test_stat(arg, follow);
        let kind = |kind: FileKind| stat(true).is_some_and(|s| s.kind == kind);
        Some(match op {
            "-z" => arg.is_empty(),
            "-n" => !arg.is_empty(),
            "-e" | "-a" => stat(true).is_some(),
            "-f" => kind(FileKind::Regular),
            "-d" => kind(FileKind::Directory),
            "-c" => kind(FileKind::CharDevice),
            "-b" | "-p" | "-S" => kind(FileKind::Other) && op == "-p",
            "-h" | "-L" => stat(false).is_some_and(|s| s.kind == FileKind::Symlink),
            "-s" => stat(true).is_some_and(|s| s.size > 0),
            "-r" => stat(true).is_some_and(|s| s.mode & 0o444 != 0),
            "-w" => stat(true).is_some_and(|s| s.mode & 0o222 != 0),
            "-x" => stat(true).is_some_and(|s| s.mode & 0o111 != 0),
            "-u" => stat(true).is_some_and(|s| s.mode & 0o4000 != 0),
            "-g" => stat(true).is_some_and(|s| s.mode & 0o2000 != 0),
            "-k" => stat(true).is_some_and(|s| s.mode & 0o1000 != 0),
            "-O" | "-G" => stat(true).is_some(),
            "-N" => stat(true).is_some_and(|s| s.size > 0),
            "-t" => arg
                .trim()
                .parse()
                .ok()
                .and_then(|n| self.fd(n))
                .is_some_and(|fd| fd.is_terminal()),
            "-o" => crate::builtins::option_is_on(self, arg),
            "-v" => self.is_set(arg),
            "-R" => self.vars.get_raw(arg).is_some_and(|v| v.nameref),
            _ => return None,
        })
    }

    /// Whether `name`, `name[key]` or `name[@]` is set.
    fn is_set(&mut self, name: &str) -> bool {
        match name.split_once('[') {
            None => self.parameter(name).is_some(),
            Some((name, rest)) => {
                let subscript = rest.strip_suffix(']').unwrap_or(rest);
                if matches!(subscript, "@" | "*") {
                    return !self.elements(name).is_empty();
                }
                let key = self.key(name, subscript, 0).unwrap_or(Key::Index(-1));
                self.element(name, &key).is_some()
            }
        }
    }

    /// A test of two operands; none if there is no such operator. Numbers are the caller's matter.
    pub(crate) fn binary_test(&mut self, left: &str, op: &str, right: &str) -> Option<bool> {
        Some(match op {
            "=" | "==" => left == right,
            "!=" => left != right,
            "<" => left < right,
            ">" => left > right,
            "-nt" | "-ot" | "-ef" => {
                let a = self.test_stat(left, true);
                let b = self.test_stat(right, true);
                match (op, a, b) {
                    ("-nt", Some(a), Some(b)) => a.modified > b.modified,
                    ("-nt", Some(_), None) | ("-ot", None, Some(_)) => true,
                    ("-ot", Some(a), Some(b)) => a.modified < b.modified,
                    ("-ef", Some(a), Some(b)) => a.inode == b.inode,
                    _ => false,
                }
            }
            _ => return None,
        })
    }

    fn test_stat(&self, path: &str, follow: bool) -> Option<Stat> {
        if path.is_empty() {
            return None;
        }
        self.os().stat(&self.absolute(path), follow).ok()
    }
}

/// A comparison of numbers.
pub(crate) fn compare(op: &str, a: i64, b: i64) -> bool {
    match op {
        "-eq" => a == b,
        "-ne" => a != b,
        "-lt" => a < b,
        "-le" => a <= b,
        "-gt" => a > b,
        _ => a >= b,
    }
}

fn regex_special(c: char) -> bool {
    r"\.+*?()|[]{}^$".contains(c)
}
