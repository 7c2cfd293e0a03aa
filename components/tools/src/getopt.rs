//! Command lines as GNU programs read them: clusters of short options, long options that may be abbreviated,
//! options after operands, and `--`.

use std::ffi::{OsStr, OsString};

/// Whether an option takes a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Never.
    Nothing,
    /// Always: attached or the next argument.
    Value,
    /// Only if attached (`--color=always`).
    Optional,
}

/// One option of a program. `short` is also what [`Parsed::options`] names it by; options without a
/// short form choose an upper private-use character.
pub struct Opt {
    /// Its letter.
    pub short: char,
    /// Its long name without dashes, or "".
    pub long: &'static str,
    /// Whether it takes a value.
    pub takes: Takes,
}

/// Shorthand for a table of options.
pub const fn opt(short: char, long: &'static str, takes: Takes) -> Opt {
    Opt { short, long, takes }
}

/// A command line taken apart.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Options in the order given, each with its value.
    pub options: Vec<(char, Option<OsString>)>,
    /// What is no option.
    pub operands: Vec<OsString>,
}

/// Takes `arguments` (without the program's name) apart. With `permute`, options may follow operands;
/// without, the first operand ends the options.
///
/// # Errors
/// A sentence without the program's name, as GNU programs phrase it.
pub fn parse(table: &[Opt], arguments: impl IntoIterator<Item = OsString>, permute: bool) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        let bytes = argument.as_encoded_bytes();
        if bytes == b"--" {
            parsed.operands.extend(rest);
            break;
        } else if let Some(long) = bytes.strip_prefix(b"--") {
            parse_long(table, long, &mut rest, &mut parsed)?;
        } else if bytes.len() > 1 && bytes[0] == b'-' {
            parse_cluster(table, &bytes[1..], &mut rest, &mut parsed)?;
        } else {
            parsed.operands.push(argument);
            if !permute {
                parsed.operands.extend(rest);
                break;
            }
        }
    }
    Ok(parsed)
}

fn os(bytes: &[u8]) -> OsString {
    match std::str::from_utf8(bytes) {
        Ok(text) => OsStr::new(text).to_owned(),
        Err(_) => OsString::from(String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn parse_long(
    table: &[Opt],
    text: &[u8],
    rest: &mut impl Iterator<Item = OsString>,
    parsed: &mut Parsed,
) -> Result<(), String> {
    let (name, attached) = match text.iter().position(|b| *b == b'=') {
        Some(at) => (&text[..at], Some(os(&text[at + 1..]))),
        None => (text, None),
    };
    let shown = String::from_utf8_lossy(name);
    let exact = table.iter().find(|o| !o.long.is_empty() && o.long.as_bytes() == name);
    let mut candidates = table
        .iter()
        .filter(|o| !o.long.is_empty() && o.long.as_bytes().starts_with(name));
    let option = match exact {
        Some(option) => option,
        None => {
            let first = candidates
                .next()
                .ok_or_else(|| format!("unrecognized option '--{shown}'"))?;
            if candidates.any(|other| other.short != first.short) {
                return Err(format!("option '--{shown}' is ambiguous"));
            }
            first
        }
    };
    let value = match (option.takes, attached) {
        (Takes::Nothing, Some(_)) => return Err(format!("option '--{}' doesn't allow an argument", option.long)),
        (Takes::Value, None) => Some(
            rest.next()
                .ok_or_else(|| format!("option '--{}' requires an argument", option.long))?,
        ),
        (_, attached) => attached,
    };
    parsed.options.push((option.short, value));
    Ok(())
}

fn parse_cluster(
    table: &[Opt],
    mut cluster: &[u8],
    rest: &mut impl Iterator<Item = OsString>,
    parsed: &mut Parsed,
) -> Result<(), String> {
    while let Some((&letter, tail)) = cluster.split_first() {
        let letter = char::from(letter);
        let option = table
            .iter()
            .find(|o| o.short == letter)
            .ok_or_else(|| format!("invalid option -- '{letter}'"))?;
        let value = match option.takes {
            Takes::Nothing => {
                cluster = tail;
                None
            }
            Takes::Optional => {
                cluster = b"";
                (!tail.is_empty()).then(|| os(tail))
            }
            Takes::Value => {
                cluster = b"";
                if tail.is_empty() {
                    Some(
                        rest.next()
                            .ok_or_else(|| format!("option requires an argument -- '{letter}'"))?,
                    )
                } else {
                    Some(os(tail))
                }
            }
        };
        parsed.options.push((letter, value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Opt] = &[
        opt('n', "line-number", Takes::Nothing),
        opt('l', "files-with-matches", Takes::Nothing),
        opt('e', "regexp", Takes::Value),
        opt('c', "color", Takes::Optional),
    ];

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn clusters_values_and_operands() {
        let parsed = parse(TABLE, words("-nex file --color=always -l -- -n"), true).unwrap();
        let options: Vec<_> = parsed
            .options
            .iter()
            .map(|(c, v)| (*c, v.as_ref().map(|v| v.to_str().unwrap())))
            .collect();
        assert_eq!(
            options,
            [('n', None), ('e', Some("x")), ('c', Some("always")), ('l', None)]
        );
        assert_eq!(parsed.operands, words("file -n"));
    }

    #[test]
    fn stops_at_the_first_operand_when_asked() {
        let parsed = parse(TABLE, words("-n cmd -l"), false).unwrap();
        assert_eq!(parsed.options.len(), 1);
        assert_eq!(parsed.operands, words("cmd -l"));
    }

    #[test]
    fn abbreviations_and_mistakes() {
        assert_eq!(parse(TABLE, words("--line"), true).unwrap().options[0].0, 'n');
        for (line, message) in [
            ("-x", "invalid option -- 'x'"),
            ("--nope", "unrecognized option '--nope'"),
            ("--regexp", "option '--regexp' requires an argument"),
            ("-e", "option requires an argument -- 'e'"),
            ("--line-number=3", "option '--line-number' doesn't allow an argument"),
        ] {
            assert_eq!(parse(TABLE, words(line), true).unwrap_err(), message);
        }
    }
}
