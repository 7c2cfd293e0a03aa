//! Values, arrays, and how text becomes a number and back.

use super::format;
use indexmap::IndexMap;
use std::cell::RefCell;
use std::rc::Rc;

/// Text: any bytes.
pub type Str = Rc<[u8]>;
/// An array; elements keep the order in which they were made.
pub type Array = Rc<RefCell<IndexMap<Str, Value>>>;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Never assigned: both "" and 0.
    Unset,
    /// A number.
    Number(f64),
    /// Text.
    Text(Str),
    /// Text from outside that looks like a number, and that number.
    Numeric(Str, f64),
}

impl Value {
    /// Text of the program's own.
    pub fn text(bytes: &[u8]) -> Self {
        Self::Text(bytes.into())
    }

    /// Text from outside, which counts as a number if it looks like one.
    pub fn input(bytes: &[u8]) -> Self {
        match looks_numeric(bytes) {
            Some(number) => Self::Numeric(bytes.into(), number),
            None => Self::Text(bytes.into()),
        }
    }

    /// As a number; text counts as far as it is one.
    pub fn number(&self) -> f64 {
        match self {
            Self::Unset => 0.0,
            Self::Number(number) | Self::Numeric(_, number) => *number,
            Self::Text(text) => prefix(text).0,
        }
    }

    /// Whether it is true: a number but 0, or text but "".
    pub fn truth(&self) -> bool {
        match self {
            Self::Unset => false,
            Self::Number(number) | Self::Numeric(_, number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
        }
    }

    /// As text; numbers that are no integers by `convert` (CONVFMT or OFMT).
    pub fn to_str(&self, convert: &[u8]) -> Str {
        match self {
            Self::Unset => Rc::from(&b""[..]),
            Self::Number(number) => number_text(*number, convert).into(),
            Self::Text(text) | Self::Numeric(text, _) => text.clone(),
        }
    }

    /// Whether it compares as a number.
    pub fn is_numeric(&self) -> bool {
        !matches!(self, Self::Text(_))
    }
}

/// A number as text.
pub fn number_text(number: f64, convert: &[u8]) -> Vec<u8> {
    if number == number.trunc() && number.abs() < 1e16 {
        #[allow(clippy::cast_possible_truncation)]
        let whole = number as i64;
        return whole.to_string().into_bytes();
    }
    if number.is_nan() {
        return if number.is_sign_negative() {
            b"-nan".to_vec()
        } else {
            b"+nan".to_vec()
        };
    }
    if number.is_infinite() {
        return if number < 0.0 {
            b"-inf".to_vec()
        } else {
            b"+inf".to_vec()
        };
    }
    if number == number.trunc() {
        return format!("{number:.0}").into_bytes();
    }
    let mut out = Vec::new();
    // A conversion that is no format gives the text itself, as printf would.
    let _ = format::format(&mut out, convert, &[Value::Number(number)], b"%.6g");
    out
}

/// The number that the whole text is, but for blanks around it.
pub fn looks_numeric(text: &[u8]) -> Option<f64> {
    let first = text.iter().find(|b| !b.is_ascii_whitespace())?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    let (number, end) = prefix(text);
    (end > 0 && text[end..].iter().all(u8::is_ascii_whitespace)).then_some(number)
}

/// The number that text starts with, and where it ends; 0 and 0 if it starts with none.
pub fn prefix(text: &[u8]) -> (f64, usize) {
    let start = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut at = start;
    let digits = |mut at: usize| {
        let from = at;
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at - from
    };
    if matches!(text.get(at), Some(b'+' | b'-')) {
        at += 1;
        let word = text[at..].get(..3).map(<[u8]>::to_ascii_lowercase);
        let sign = if text[at - 1] == b'-' { -1.0 } else { 1.0 };
        match word.as_deref() {
            Some(b"inf") => return (sign * f64::INFINITY, at + 3),
            Some(b"nan") => return (f64::NAN.copysign(sign), at + 3),
            _ => {}
        }
    }
    let whole = digits(at);
    at += whole;
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        if whole + fraction > 0 {
            at += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return (0.0, 0);
    }
    // Most numbers are short integers.
    if fraction == 0 && whole < 16 && at == start + whole && !matches!(text.get(at), Some(b'e' | b'E')) {
        let number = text[start..at].iter().fold(0_u64, |n, b| n * 10 + u64::from(b - b'0'));
        #[allow(clippy::cast_precision_loss)]
        return (number as f64, at);
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    let number = std::str::from_utf8(&text[start..at])
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0);
    (number, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_text() {
        for (text, number, end) in [
            ("12", 12.0, 2),
            (" -3.5e2x", -350.0, 7),
            ("0x1A", 0.0, 1),
            (".5.", 0.5, 2),
            ("abc", 0.0, 0),
            ("1e", 1.0, 1),
            ("+", 0.0, 0),
            ("12345678901234567890", 12_345_678_901_234_567_890.0, 20),
        ] {
            assert_eq!(prefix(text.as_bytes()), (number, end), "{text}");
        }
        assert_eq!(looks_numeric(b" 1 "), Some(1.0));
        assert_eq!(looks_numeric(b"1a"), None);
        assert_eq!(looks_numeric(b""), None);
    }

    #[test]
    fn numbers_as_text() {
        for (number, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (1e6, "1000000"),
            (3.251_592_65, "3.25159"),
            (-0.0, "0"),
            (1e300 * 1e10, "+inf"),
        ] {
            assert_eq!(String::from_utf8(number_text(number, b"%.6g")).unwrap(), text);
        }
    }
}
