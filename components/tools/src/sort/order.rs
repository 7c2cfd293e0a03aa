//! Ways to compare two keys: as text, numbers, sizes, months, versions.

use std::cmp::Ordering;

fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    &text[blanks..]
}

/// What separates fields when no separator is named; a newline is one where lines end with NUL.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// The number at the start of a text: its sign, and its digits without zeros that say nothing.
#[derive(Clone, Copy)]
struct Number<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    /// What follows.
    rest: &'a [u8],
}

impl<'a> Number<'a> {
    fn of(text: &'a [u8]) -> Self {
        let text = skip_blanks(text);
        let (minus, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let zeros = text.iter().take_while(|byte| **byte == b'0').count();
        let text = &text[zeros..];
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (whole, rest) = text.split_at(digits(text));
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(after) => after.split_at(digits(after)),
            None => (&b""[..], rest),
        };
        let said = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |at| at + 1);
        let fraction = &fraction[..said];
        Self {
            negative: minus && !(whole.is_empty() && fraction.is_empty()),
            whole,
            fraction,
            rest,
        }
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            _ => {}
        }
        let size = (self.whole.len().cmp(&other.whole.len()))
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction));
        if self.negative { size.reverse() } else { size }
    }

    /// Grows with the number; numbers with the same whole part share it.
    fn prefix(&self) -> u64 {
        const HALF: u64 = 1 << 63;
        /// As many digits as surely fit.
        const DIGITS: usize = 18;
        let size = if self.whole.len() > DIGITS {
            HALF - 1
        } else {
            self.whole
                .iter()
                .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
        };
        if self.negative { HALF - 1 - size } else { HALF + size }
    }

    /// The power that a size's suffix stands for, with the number's sign.
    fn power(&self) -> i8 {
        if self.is_zero() {
            return 0;
        }
        let power = match self.rest.first() {
            Some(b'k' | b'K') => 1,
            Some(letter) => b"MGTPEZYRQ"
                .iter()
                .position(|known| known == letter)
                .map_or(0, |at| at as i8 + 2),
            None => 0,
        };
        if self.negative { -power } else { power }
    }
}

/// `-n`.
pub fn numeric(a: &[u8], b: &[u8]) -> Ordering {
    Number::of(a).compare(&Number::of(b))
}

/// Grows with the number.
pub fn numeric_prefix(text: &[u8]) -> u64 {
    Number::of(text).prefix()
}

/// `-h`: by sign, then by suffix, then by number.
pub fn human(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (Number::of(a), Number::of(b));
    a.power().cmp(&b.power()).then_with(|| a.compare(&b))
}

/// Grows with the size.
pub fn human_prefix(text: &[u8]) -> u64 {
    let number = Number::of(text);
    let power = (i16::from(number.power()) + 128) as u64;
    power << 56 | number.prefix() >> 8
}

/// `-g`: what is no number comes first, then what is not a number (NaN), then by value.
pub fn general_prefix(text: &[u8]) -> u64 {
    let text = skip_blanks(text);
    let Some(value) = float(text) else { return 0 };
    if value.is_nan() {
        return 1;
    }
    // Negative zero is zero; the order of the bits is then that of the values.
    let bits = (value + 0.0).to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    ordered.saturating_add(2)
}

/// The longest prefix that is a number.
fn float(text: &[u8]) -> Option<f64> {
    let end = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        .count();
    let text = std::str::from_utf8(&text[..end]).ok()?;
    // No number is longer than this in any file that means something; what follows changes nothing.
    let most = text.len().min(400);
    (1..=most).rev().find_map(|length| text[..length].parse().ok())
}

/// `-M`: what is no month is 0.
pub fn month(text: &[u8]) -> u64 {
    const NAMES: &[u8; 36] = b"JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    let text = skip_blanks(text);
    let Some(name) = text.get(..3) else { return 0 };
    let name = name.to_ascii_uppercase();
    NAMES
        .chunks(3)
        .position(|known| known == name)
        .map_or(0, |at| at as u64 + 1)
}

/// `-V`: as file versions are ordered.
pub fn version(a: &[u8], b: &[u8]) -> Ordering {
    let special = |text: &[u8]| match text {
        b"" => 0,
        b"." => 1,
        b".." => 2,
        _ if text[0] == b'.' => 3,
        _ => 4,
    };
    let (kind_a, kind_b) = (special(a), special(b));
    if kind_a != kind_b || kind_a < 3 {
        return kind_a.cmp(&kind_b);
    }
    revision(without_suffix(a), without_suffix(b)).then_with(|| revision(a, b))
}

/// Without the file's suffixes: `.tar.gz`, but not `.1`.
fn without_suffix(text: &[u8]) -> &[u8] {
    let mut end = text.len();
    let mut at = text.len();
    while at > 0 {
        let Some(dot) = text[..at].iter().rposition(|byte| *byte == b'.') else {
            break;
        };
        let part = &text[dot + 1..at];
        let good = part
            .first()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'~')
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'~');
        if !good || dot == 0 {
            break;
        }
        end = dot;
        at = dot;
    }
    &text[..end]
}

/// Digits as numbers; letters before all else, `~` before everything, even the end.
fn revision(mut a: &[u8], mut b: &[u8]) -> Ordering {
    fn weight(byte: Option<&u8>) -> i32 {
        match byte {
            None => -1,
            Some(byte) if byte.is_ascii_digit() => 0,
            Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
            Some(b'~') => -2,
            Some(byte) => i32::from(*byte) + 256,
        }
    }
    while !a.is_empty() || !b.is_empty() {
        while a.first().is_some_and(|byte| !byte.is_ascii_digit())
            || b.first().is_some_and(|byte| !byte.is_ascii_digit())
        {
            let order = weight(a.first()).cmp(&weight(b.first()));
            if order != Ordering::Equal {
                return order;
            }
            a = a.get(1..).unwrap_or_default();
            b = b.get(1..).unwrap_or_default();
        }
        let number = |text: &mut &[u8]| {
            let zeros = text.iter().take_while(|byte| **byte == b'0').count();
            let rest = &text[zeros..];
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, rest) = rest.split_at(digits);
            *text = rest;
            digits.to_vec()
        };
        let (left, right) = (number(&mut a), number(&mut b));
        let order = left.len().cmp(&right.len()).then_with(|| left.cmp(&right));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(compare: impl Fn(&[u8], &[u8]) -> Ordering, words: &[&str]) {
        for (at, a) in words.iter().enumerate() {
            for (other, b) in words.iter().enumerate() {
                assert_eq!(compare(a.as_bytes(), b.as_bytes()), at.cmp(&other), "{a} {b}");
            }
        }
    }

    #[test]
    fn numbers() {
        let words = [
            "-100000000000000000000",
            "-10.5",
            " -10.25",
            "-0.1",
            "x",
            "0.09",
            "00.1",
            "1",
            "1.01",
            "10",
            "99999999999999999999",
        ];
        ascending(numeric, &words);
        assert!(
            words
                .windows(2)
                .all(|pair| numeric_prefix(pair[0].as_bytes()) <= numeric_prefix(pair[1].as_bytes()))
        );
        assert_eq!(numeric(b"-0", b"0.00"), Ordering::Equal);
    }

    #[test]
    fn sizes() {
        let words = [
            "-1G", "-2K", "-1K", "-5", "0", "3", "1000", "1K", "1023K", "1M", "1.5G", "2T",
        ];
        ascending(human, &words);
        assert!(
            words
                .windows(2)
                .all(|pair| human_prefix(pair[0].as_bytes()) <= human_prefix(pair[1].as_bytes()))
        );
    }

    #[test]
    fn general() {
        let prefix = |a: &[u8], b: &[u8]| general_prefix(a).cmp(&general_prefix(b));
        ascending(
            prefix,
            &[
                "x", "nan", "-inf", "-1e9", "-1", "-1e-3", "0", "1e-3", "1", "1.5e2x", "1e9", "inf",
            ],
        );
        assert_eq!(prefix(b"-0", b"0"), Ordering::Equal);
    }

    #[test]
    fn versions() {
        ascending(
            version,
            &[
                "",
                ".",
                "..",
                ".a",
                "a~",
                "a",
                "a1",
                "a1.tar.gz",
                "a1b",
                "a02",
                "a10",
                "b-1.2",
                "b-1.10",
            ],
        );
    }

    #[test]
    fn months() {
        assert_eq!(
            [month(b" jan"), month(b"DECember"), month(b"?"), month(b"fe")],
            [1, 12, 0, 0]
        );
    }
}
