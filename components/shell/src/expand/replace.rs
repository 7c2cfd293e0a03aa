//! `${x/pattern/replacement}`.

use crate::pattern::{Pattern, PatternChar};

/// A piece of the replacement of `${x/pattern/replacement}`.
pub(super) enum Part {
    Text(String),
    /// What matched.
    Match,
}

/// Splits a replacement at each `&` that stands for the match.
pub(super) fn parts(chars: &[PatternChar], matches: bool) -> Vec<Part> {
    let mut out = Vec::new();
    let mut text = String::new();
    let mut iter = chars.iter().peekable();
    while let Some(&(c, quoted)) = iter.next() {
        match c {
            '&' if matches && !quoted => {
                out.push(Part::Text(std::mem::take(&mut text)));
                out.push(Part::Match);
            }
            '\\' if matches && !quoted && iter.peek().is_some_and(|(c, _)| *c == '&') => {
                text.push('&');
                iter.next();
            }
            c => text.push(c),
        }
    }
    out.push(Part::Text(text));
    out
}

fn put(out: &mut String, with: &[Part], matched: &str) {
    for part in with {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Match => out.push_str(matched),
        }
    }
}

/// Replaces the first match, or all; anchored at the start (`#`) or the end (`%`).
pub(super) fn replace(text: &str, pattern: &Pattern, with: &[Part], all: bool, anchor: Option<char>) -> String {
    if let Some(literal) = pattern.literal()
        && anchor.is_none()
    {
        if literal.is_empty() {
            return text.to_owned();
        }
        let mut replacement = String::new();
        put(&mut replacement, with, &literal);
        return if all {
            text.replace(&literal, &replacement)
        } else {
            text.replacen(&literal, &replacement, 1)
        };
    }
    let chars: Vec<char> = text.chars().collect();
    let slice = |from: usize, to: usize| -> String { chars.get(from..to).unwrap_or_default().iter().collect() };
    if anchor == Some('%') {
        let mut backwards = chars.clone();
        backwards.reverse();
        return match pattern.reversed().ends(&backwards, 0).last() {
            Some(&n) => {
                let mut kept = slice(0, chars.len() - n);
                put(&mut kept, with, &slice(chars.len() - n, chars.len()));
                kept
            }
            None => text.to_owned(),
        };
    }
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i <= chars.len() {
        let end = pattern.ends(&chars, i).last().copied();
        match end {
            Some(end) if end > i || (anchor == Some('#') && i == 0) => {
                put(&mut out, with, &slice(i, end));
                i = end;
                if !all || anchor.is_some() {
                    break;
                }
            }
            _ => {
                if anchor == Some('#') {
                    break;
                }
                out.extend(chars.get(i));
                i += 1;
            }
        }
    }
    out.extend(chars.get(i..).unwrap_or_default());
    out
}
