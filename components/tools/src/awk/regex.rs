//! Extended regular expressions of awk, translated to the syntax of the regex crate. Unlike grep's, they match newlines.

use regex::bytes::{Regex, RegexBuilder};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Compiled size beyond which an expression is refused.
const MOST_SIZE: usize = 16 << 20;
/// Expressions made at run time that are kept compiled.
const MOST_KEPT: usize = 256;

/// A compiled expression.
#[derive(Debug)]
pub struct Pattern {
    /// As it was written.
    pub source: Rc<[u8]>,
    /// Finds matches.
    regex: Regex,
    /// The same anchored at both ends, where alternatives might make the first match shorter than the longest.
    longest: Option<Box<(DFA, RefCell<Cache>)>>,
}

impl Pattern {
    /// Compiles an expression as it stands between slashes or in a string.
    ///
    /// # Errors
    /// It is none; the words say why.
    pub fn new(source: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(source);
        // Put there by IGNORECASE.
        let (prefix, plain) = match text.strip_prefix("(?i)") {
            Some(plain) => ("(?i)", plain),
            None => ("", &*text),
        };
        let (translated, alternatives) = translate(plain);
        let translated = format!("{prefix}{translated}");
        let regex = RegexBuilder::new(&translated)
            .size_limit(MOST_SIZE)
            .build()
            .map_err(|error| {
                let words = error.to_string();
                let last = words.lines().last().unwrap_or_default().trim_start_matches("error: ");
                format!("invalid regular expression /{text}/: {last}")
            })?;
        let longest = alternatives.then(|| longest(&translated)).flatten();
        Ok(Self {
            source: source.into(),
            regex,
            longest,
        })
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// The leftmost longest match at or after `from`.
    pub fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        if from > text.len() {
            return None;
        }
        let found = self.regex.find_at(text, from)?;
        if let Some(longest) = &self.longest {
            let (automaton, cache) = &**longest;
            let input = Input::new(text).range(found.start()..).anchored(Anchored::Yes);
            if let Ok(Some(end)) = automaton.try_search_fwd(&mut cache.borrow_mut(), &input) {
                return Some((found.start(), end.offset().max(found.end())));
            }
        }
        Some((found.start(), found.end()))
    }
}

impl Pattern {
    /// Where the match that starts at `start` and its groups are.
    pub fn groups(&self, text: &[u8], start: usize) -> Vec<Option<(usize, usize)>> {
        let Some(found) = self.regex.captures_at(text, start) else {
            return Vec::new();
        };
        let whole = self.find(text, start);
        let mut groups: Vec<_> = found
            .iter()
            .map(|group| group.map(|one| (one.start(), one.end())))
            .collect();
        if let Some(first) = groups.first_mut() {
            *first = whole;
        }
        groups
    }
}

fn longest(translated: &str) -> Option<Box<(DFA, RefCell<Cache>)>> {
    let automaton = DFA::builder()
        .syntax(syntax::Config::new().utf8(false))
        .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(MOST_SIZE)))
        .configure(DFA::config().match_kind(MatchKind::All))
        .build(translated)
        .ok()?;
    let cache = automaton.create_cache();
    Some(Box::new((automaton, RefCell::new(cache))))
}

/// Expressions made at run time.
#[derive(Default)]
pub struct Patterns(HashMap<Vec<u8>, Rc<Pattern>>);

impl Patterns {
    /// The compiled form of `source`.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn get(&mut self, source: &[u8]) -> Result<Rc<Pattern>, String> {
        if let Some(known) = self.0.get(source) {
            return Ok(known.clone());
        }
        let compiled = Rc::new(Pattern::new(source)?);
        if self.0.len() >= MOST_KEPT {
            self.0.clear();
        }
        self.0.insert(source.to_vec(), compiled.clone());
        Ok(compiled)
    }
}

/// The expression in the syntax of the regex crate, and whether alternatives occur.
fn translate(text: &str) -> (String, bool) {
    let mut out = String::from("(?s)");
    let mut alternatives = false;
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    // Whether something stands before that a repetition can apply to.
    let mut repeatable = false;
    // Where that starts in `out`, whether it is repeated already, and where the open groups start.
    let (mut atom, mut repeated, mut groups) = (0, false, Vec::new());
    while at < chars.len() {
        let c = chars[at];
        at += 1;
        let repeats = repeatable && (matches!(c, '*' | '+' | '?') || c == '{' && interval(&chars, at).is_some());
        if repeats && repeated {
            // `a**` is `a*` of `a*`; to the regex crate `a*?` would be lazy.
            out.insert_str(atom, "(?:");
            out.push(')');
        }
        if !repeats {
            atom = if c == ')' {
                groups.pop().unwrap_or(out.len())
            } else {
                out.len()
            };
        }
        repeated = repeats;
        match c {
            '\\' => {
                let Some(&next) = chars.get(at) else {
                    out.push_str("\\\\");
                    break;
                };
                at += 1;
                escape(next, &chars, &mut at, &mut out);
                repeatable = !matches!(next, 'y' | '<' | '>' | 'B' | '`' | '\'');
                continue;
            }
            '[' => {
                if let Some(end) = bracket(&chars, at, &mut out) {
                    at = end;
                } else {
                    out.push_str("\\[");
                }
            }
            '{' => match interval(&chars, at) {
                Some((interval, end)) if repeatable => {
                    out.push_str(&interval);
                    at = end;
                }
                _ => out.push_str("\\{"),
            },
            '*' | '+' | '?' if !repeatable => {
                out.push('\\');
                out.push(c);
            }
            '|' => {
                alternatives = true;
                out.push('|');
                repeatable = false;
                continue;
            }
            '(' => {
                groups.push(out.len());
                out.push('(');
                repeatable = false;
                continue;
            }
            '^' => {
                out.push_str("\\A");
                repeatable = false;
                continue;
            }
            '$' => out.push_str("\\z"),
            '}' | ']' => {
                out.push('\\');
                out.push(c);
            }
            ')' | '.' | '*' | '+' | '?' => out.push(c),
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
        repeatable = true;
    }
    (out, alternatives)
}

fn escape(next: char, chars: &[char], at: &mut usize, out: &mut String) {
    match next {
        'n' => out.push_str("\\n"),
        't' => out.push_str("\\t"),
        'r' => out.push_str("\\r"),
        'f' => out.push_str("\\f"),
        'v' => out.push_str("\\v"),
        'a' => out.push_str("\\x07"),
        'b' => out.push_str("\\x08"),
        'y' => out.push_str("\\b"),
        'B' => out.push_str("\\B"),
        '<' => out.push_str("\\b{start}"),
        '>' => out.push_str("\\b{end}"),
        '`' => out.push_str("\\A"),
        '\'' => out.push_str("\\z"),
        'w' => out.push_str("[[:alnum:]_]"),
        'W' => out.push_str("[^[:alnum:]_]"),
        's' => out.push_str("[[:space:]]"),
        'S' => out.push_str("[^[:space:]]"),
        '0'..='7' => {
            let mut code = next.to_digit(8).unwrap_or(0);
            for _ in 0..2 {
                let Some(digit) = chars.get(*at).and_then(|c| c.to_digit(8)) else {
                    break;
                };
                code = code * 8 + digit;
                *at += 1;
            }
            out.push_str(&format!("\\x{{{:x}}}", code & 0xff));
        }
        other => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
    }
}

/// `{n}`, `{n,}` or `{n,m}` after its brace.
fn interval(chars: &[char], from: usize) -> Option<(String, usize)> {
    let end = from + chars[from..].iter().position(|c| *c == '}')?;
    let text: String = chars[from..end].iter().collect();
    let (least, most) = text.split_once(',').unwrap_or((&text, "0"));
    let numeric = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    (!least.is_empty() && numeric(least) && numeric(most)).then(|| (format!("{{{text}}}"), end + 1))
}

/// A bracket expression after its bracket; where it ends, or none if it does not.
fn bracket(chars: &[char], from: usize, out: &mut String) -> Option<usize> {
    let mut at = from;
    let mut set = String::from("[");
    if chars.get(at) == Some(&'^') {
        set.push('^');
        at += 1;
    }
    let first = at;
    loop {
        let c = *chars.get(at)?;
        match c {
            ']' if at > first => break,
            '[' if matches!(chars.get(at + 1), Some(':')) => {
                let close =
                    (at + 2..chars.len().saturating_sub(1)).find(|i| chars[*i] == ':' && chars[i + 1] == ']')?;
                set.extend(&chars[at..close + 2]);
                at = close + 2;
            }
            '\\' if at + 1 < chars.len() => {
                at += 2;
                match chars[at - 1] {
                    'n' | 't' | 'r' | 'f' | 'v' => {
                        set.push('\\');
                        set.push(chars[at - 1]);
                    }
                    'a' => set.push_str("\\x07"),
                    'b' => set.push_str("\\x08"),
                    other => push_literal(&mut set, other),
                }
            }
            '-' if at > first && chars.get(at + 1).is_some_and(|next| *next != ']') => {
                set.push('-');
                at += 1;
            }
            other => {
                push_literal(&mut set, other);
                at += 1;
            }
        }
    }
    set.push(']');
    out.push_str(&set);
    Some(at + 1)
}

fn push_literal(set: &mut String, c: char) {
    if c.is_ascii_punctuation() {
        set.push('\\');
    }
    set.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftmost_longest() {
        for (pattern, text, found) in [
            ("a|ab|abc", "xabcd", Some((1, 4))),
            ("a+b*", "caab", Some((1, 4))),
            ("^b", "ab", None),
            ("a.c", "a\nc", Some((0, 3))),
            ("[[:digit:]]+", "ab12", Some((2, 4))),
            ("a{2}", "aaa", Some((0, 2))),
            ("{", "a{", Some((1, 2))),
            ("[^]a]", "]ab", Some((2, 3))),
            ("[a\\]b]+", "x]b", Some((1, 3))),
            ("\\.", "a.", Some((1, 2))),
            ("+", "a+", Some((1, 2))),
            ("a**", "baa", Some((0, 0))),
        ] {
            assert_eq!(
                Pattern::new(pattern.as_bytes()).unwrap().find(text.as_bytes(), 0),
                found,
                "{pattern}"
            );
        }
        assert!(Pattern::new(b"(").is_err());
    }
}
