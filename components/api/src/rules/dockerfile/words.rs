//! The parts of an instruction: keyword, flags, words, `name=value` pairs and JSON lists.

use super::error::{Refusal, refuse};

/// The keyword of an instruction, in capitals, and what follows it.
pub(super) fn keyword(text: &str) -> (String, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word.to_ascii_uppercase(), rest.trim())
}

/// `--name=value` and `--name` at the beginning, and what follows them.
pub(super) fn flags(mut text: &str) -> (Vec<(&str, Option<&str>)>, &str) {
    let mut flags = Vec::new();
    while let Some(rest) = text.strip_prefix("--") {
        let (flag, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if flag.is_empty() {
            return (flags, after.trim_start());
        }
        flags.push(match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        });
        text = after.trim_start();
    }
    (flags, text)
}

/// A JSON list of strings, if the text is one: Docker takes everything else as words.
pub(super) fn json(text: &str) -> Option<Vec<String>> {
    text.starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

/// Words between blanks; quotes and escapes stay in them.
pub(super) fn split(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == escape && quote != Some('\'') {
            word.push(c);
            word.extend(chars.next());
        } else if quote.is_none() && c.is_whitespace() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        } else {
            match quote {
                Some(open) if open == c => quote = None,
                None if c == '\'' || c == '"' => quote = Some(c),
                _ => {}
            }
            word.push(c);
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// The pairs of `ENV` and `LABEL`: `a=b c="d e"`, or `a b c` in the old form, where one name takes all that follows.
pub(super) fn pairs(text: &str, escape: char) -> Result<Vec<(String, String)>, Refusal> {
    let words = split(text, escape);
    let Some(first) = words.first() else {
        return Err(refuse("it has no arguments", "write NAME=value"));
    };
    if !first.contains('=') {
        let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if value.trim().is_empty() {
            return Err(refuse(format!("{name} has no value"), "write NAME=value"));
        }
        return Ok(vec![(name.to_owned(), value.trim().to_owned())]);
    }
    let pair = |word: &String| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(refuse(
            format!("{word} is not NAME=value"),
            "put quotes around values with blanks",
        )),
    };
    words.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_come_apart() {
        assert_eq!(keyword("run  a b"), ("RUN".to_owned(), "a b"));
        assert_eq!(keyword("CMD"), ("CMD".to_owned(), ""));
        let (found, rest) = flags("--chown=a:b --link  x y");
        assert_eq!((found, rest), (vec![("chown", Some("a:b")), ("link", None)], "x y"));
        assert_eq!(json(r#"["a", "b c"]"#), Some(vec!["a".into(), "b c".into()]));
        assert_eq!((json("[a]"), json("[1]"), json("a")), (None, None, None));
        assert_eq!(
            split(r#"a "b c"d 'e f' g\ h"#, '\\'),
            ["a", r#""b c"d"#, "'e f'", r"g\ h"]
        );
    }

    #[test]
    fn pairs_in_both_forms() {
        let of = |text: &str| pairs(text, '\\').map_err(|_| ());
        let own = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(of("A=b C='d e'"), Ok(vec![own("A", "b"), own("C", "'d e'")]));
        assert_eq!(of("A b  c=d"), Ok(vec![own("A", "b  c=d")]));
        assert_eq!(of("A="), Ok(vec![own("A", "")]));
        for bad in ["", "A", "A=b c", "=b"] {
            assert_eq!(of(bad), Err(()), "{bad}");
        }
    }
}
