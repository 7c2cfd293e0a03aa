//! `printf`.

use super::value::{Value, number_text};
use std::io::Write;

/// Widest field, in characters; a wider one is refused.
const MOST_WIDTH: usize = 1 << 20;

#[derive(Default, Clone, Copy)]
struct Flags {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
}

/// Appends `values` as `format` has it; numbers that become text go by `convert`.
///
/// # Errors
/// More conversions than values, or a field beyond [`MOST_WIDTH`].
pub fn format(out: &mut Vec<u8>, format: &[u8], values: &[Value], convert: &[u8]) -> Result<(), String> {
    let mut values = values.iter();
    let mut missing = false;
    let mut rest = format;
    while let Some(percent) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..percent]);
        let start = &rest[percent..];
        let mut at = 1;
        let mut flags = Flags::default();
        while let Some(c) = start.get(at) {
            match c {
                b'-' => flags.left = true,
                b'+' => flags.plus = true,
                b' ' => flags.space = true,
                b'#' => flags.alternate = true,
                b'0' => flags.zero = true,
                b'\'' => {}
                _ => break,
            }
            at += 1;
        }
        let mut next = || {
            let value = values.next().cloned();
            missing |= value.is_none();
            value.unwrap_or(Value::Unset)
        };
        let mut amount = |at: &mut usize| -> (usize, bool) {
            if start.get(*at) == Some(&b'*') {
                *at += 1;
                let given = next().number();
                return (whole(given.abs()), given < 0.0);
            }
            let mut number = 0_usize;
            while let Some(digit) = start.get(*at).filter(|b| b.is_ascii_digit()) {
                number = number.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
                *at += 1;
            }
            (number, false)
        };
        let (width, negative) = amount(&mut at);
        flags.left |= negative;
        let mut precision = None;
        if start.get(at) == Some(&b'.') {
            at += 1;
            let (given, negative) = amount(&mut at);
            precision = (!negative).then_some(given);
        }
        while matches!(start.get(at), Some(b'l' | b'h' | b'L' | b'q' | b'j' | b'z')) {
            at += 1;
        }
        let Some(&conversion) = start.get(at) else {
            out.extend_from_slice(start);
            rest = b"";
            break;
        };
        rest = &start[at + 1..];
        if conversion == b'%' {
            out.push(b'%');
            continue;
        }
        if !b"cdisouxXeEfFgGa".contains(&conversion) {
            out.extend_from_slice(&start[..=at]);
            continue;
        }
        // Of a text the precision takes away; it adds nothing.
        let digits = precision.filter(|_| conversion != b's').unwrap_or(0);
        if width.max(digits) > MOST_WIDTH {
            return Err(format!("a field of printf has at most {MOST_WIDTH} characters"));
        }
        convert_one(out, conversion, flags, width, precision, &next(), convert);
    }
    out.extend_from_slice(rest);
    if missing {
        Err("not enough arguments to satisfy format string".into())
    } else {
        Ok(())
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(number: f64) -> usize {
    // Saturates.
    number as usize
}

fn convert_one(
    out: &mut Vec<u8>,
    conversion: u8,
    flags: Flags,
    width: usize,
    precision: Option<usize>,
    value: &Value,
    convert: &[u8],
) {
    match conversion {
        b'c' => {
            let mut piece = Vec::new();
            match value {
                Value::Number(number) | Value::Numeric(_, number) => push_character(&mut piece, *number),
                other => {
                    let text = other.to_str(convert);
                    piece.extend_from_slice(characters(&text, 1));
                }
            }
            pad(out, &piece, "", flags, width, false);
        }
        b's' => {
            let text = value.to_str(convert);
            let piece = match precision {
                Some(most) => characters(&text, most),
                None => &text,
            };
            pad(out, piece, "", flags, width, false);
        }
        _ => {
            let number = value.number();
            if !number.is_finite() {
                let mut text = number_text(number, convert);
                if text.starts_with(b"+") && !flags.plus {
                    text.remove(0);
                    text.insert(0, b'+');
                }
                pad(out, &text, "", flags, width, false);
                return;
            }
            let negative = number.is_sign_negative() && (number != 0.0 || !b"dioxXu".contains(&conversion));
            let (sign, body) = match conversion {
                b'd' | b'i' => integer(
                    number.trunc(),
                    precision,
                    flags,
                    10,
                    false,
                    negative && number.trunc() != 0.0,
                ),
                b'o' | b'x' | b'X' | b'u' if negative && number.trunc() != 0.0 => {
                    // As gawk: a negative number has no unsigned form.
                    integer(number.trunc(), precision, flags, 10, false, true)
                }
                b'o' => integer(number.trunc(), precision, flags, 8, false, false),
                b'u' => integer(number.trunc(), precision, flags, 10, false, false),
                b'x' => integer(number.trunc(), precision, flags, 16, false, false),
                b'X' => integer(number.trunc(), precision, flags, 16, true, false),
                _ => {
                    let mut text = real(conversion, number.abs(), precision.unwrap_or(6), flags.alternate);
                    if conversion.is_ascii_uppercase() {
                        text = text.to_ascii_uppercase();
                    }
                    (sign_of(negative, flags), text)
                }
            };
            let zero = flags.zero && !(precision.is_some() && b"dioxXu".contains(&conversion));
            pad(out, body.as_bytes(), &sign, flags, width, zero);
        }
    }
}

fn sign_of(negative: bool, flags: Flags) -> String {
    String::from(if negative {
        "-"
    } else if flags.plus {
        "+"
    } else if flags.space {
        " "
    } else {
        ""
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn integer(
    number: f64,
    precision: Option<usize>,
    flags: Flags,
    base: u32,
    upper: bool,
    negative: bool,
) -> (String, String) {
    let magnitude = number.abs();
    let mut digits = if magnitude >= 1e19 {
        format!("{magnitude:.0}")
    } else {
        let whole = magnitude as u64;
        match (base, upper) {
            (8, _) => format!("{whole:o}"),
            (16, false) => format!("{whole:x}"),
            (16, true) => format!("{whole:X}"),
            _ => whole.to_string(),
        }
    };
    if let Some(least) = precision {
        if least == 0 && digits == "0" {
            digits.clear();
        }
        if digits.len() < least {
            digits.insert_str(0, &"0".repeat(least - digits.len()));
        }
    }
    let mut sign = if base == 10 {
        sign_of(negative, flags)
    } else {
        String::new()
    };
    if flags.alternate && magnitude != 0.0 {
        match base {
            8 => digits.insert(0, '0'),
            16 => sign.push_str(if upper { "0X" } else { "0x" }),
            _ => {}
        }
    }
    (sign, digits)
}

/// The magnitude of a number by `%e`, `%f` or `%g`.
fn real(conversion: u8, number: f64, precision: usize, alternate: bool) -> String {
    match conversion {
        b'f' | b'F' => {
            let mut text = format!("{number:.precision$}");
            if alternate && precision == 0 {
                text.push('.');
            }
            text
        }
        b'e' | b'E' => exponent(number, precision),
        _ => {
            let precision = precision.max(1);
            let scientific = exponent(number, precision - 1);
            let power: i32 = scientific
                .rsplit('e')
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            let precision = i32::try_from(precision).unwrap_or(i32::MAX);
            let text = if power < -4 || power >= precision {
                scientific
            } else {
                let decimals = usize::try_from(precision - 1 - power).unwrap_or(0);
                format!("{number:.decimals$}")
            };
            if alternate { text } else { without_zeros(&text) }
        }
    }
}

/// Without zeros at the end of the fraction.
fn without_zeros(text: &str) -> String {
    let (mantissa, power) = text.split_at(text.find('e').unwrap_or(text.len()));
    if !mantissa.contains('.') {
        return text.to_owned();
    }
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    format!("{mantissa}{power}")
}

/// `1.5e+02`
fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match power.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', power),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn pad(out: &mut Vec<u8>, body: &[u8], sign: &str, flags: Flags, width: usize, zero: bool) {
    let missing = width.saturating_sub(count(body) + sign.len());
    if flags.left {
        out.extend_from_slice(sign.as_bytes());
        out.extend_from_slice(body);
        out.resize(out.len() + missing, b' ');
    } else if zero {
        out.extend_from_slice(sign.as_bytes());
        out.resize(out.len() + missing, b'0');
        out.extend_from_slice(body);
    } else {
        out.resize(out.len() + missing, b' ');
        out.extend_from_slice(sign.as_bytes());
        out.extend_from_slice(body);
    }
}

/// Characters in text; each byte that is no UTF-8 counts as one.
pub fn count(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let mut characters = 0;
    for chunk in text.utf8_chunks() {
        characters += chunk.valid().chars().count() + chunk.invalid().len();
    }
    characters
}

/// The first `most` characters of text.
pub fn characters(text: &[u8], most: usize) -> &[u8] {
    &text[..offset(text, most)]
}

/// The byte at which character `number` (from 0) starts; the text's end if it has fewer.
pub fn offset(text: &[u8], number: usize) -> usize {
    if text.is_ascii() {
        return number.min(text.len());
    }
    let (mut left, mut at) = (number, 0);
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            if left == 0 {
                return at;
            }
            left -= 1;
            at += c.len_utf8();
        }
        for _ in chunk.invalid() {
            if left == 0 {
                return at;
            }
            left -= 1;
            at += 1;
        }
    }
    at
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn push_character(out: &mut Vec<u8>, number: f64) {
    let code = number as i64;
    match u32::try_from(code).ok().and_then(char::from_u32) {
        Some(c) => {
            let _ = write!(out, "{c}");
        }
        None => out.push((code & 0xff) as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        for (format_text, value, text) in [
            ("%5d|", 42.0, "   42|"),
            ("%-5d|", 42.0, "42   |"),
            ("%05d", -42.0, "-0042"),
            ("%.2f", 2.345, "2.35"),
            ("%e", 12345.678, "1.234568e+04"),
            ("%g", 0.0001, "0.0001"),
            ("%g", 1e-5, "1e-05"),
            ("%g", 1e6, "1e+06"),
            ("%x %%", 255.0, "ff %"),
            ("%c", 65.0, "A"),
            ("%+d", 5.0, "+5"),
            ("%.3d", 5.0, "005"),
            ("%s", 3.0, "3"),
            ("%#o", 8.0, "010"),
        ] {
            let mut out = Vec::new();
            format(&mut out, format_text.as_bytes(), &[Value::Number(value)], b"%.6g").unwrap();
            // 2.345 lies a little over its decimal form here.
            assert_eq!(String::from_utf8(out).unwrap(), text, "{format_text}");
        }
    }
}
