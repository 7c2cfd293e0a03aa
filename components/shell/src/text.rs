//! Text and bytes: scripts and files are bytes, the interpreter works on `String`.
//!
//! A byte that is not part of valid UTF-8 travels as one private-use character
//! (`ESCAPE + byte`), so that it comes out again as it went in.

/// First of the 256 characters (end of plane 16, private use) that stand for stray bytes.
const ESCAPE: u32 = 0x10_FE00;

/// Bytes to text, losslessly.
pub(crate) fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len() + 16);
            for chunk in bytes.utf8_chunks() {
                out.push_str(chunk.valid());
                out.extend(chunk.invalid().iter().map(|&b| stray(b)));
            }
            out
        }
    }
}

/// The character that stands for a stray byte.
pub(crate) fn stray(byte: u8) -> char {
    if byte < 0x80 {
        return byte as char;
    }
    char::from_u32(ESCAPE + u32::from(byte)).unwrap_or('\u{FFFD}')
}

/// Whether a character stands for a stray byte.
pub(crate) fn is_stray(c: char) -> bool {
    stray_byte(c).is_some()
}

/// The stray byte that a character stands for, if it does.
fn stray_byte(c: char) -> Option<u8> {
    let n = (c as u32).checked_sub(ESCAPE)?;
    u8::try_from(n).ok().filter(|b| *b >= 0x80)
}

/// Text to the bytes it came from.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    // Every stray character starts with byte 0xF4 in UTF-8.
    if !text.as_bytes().contains(&0xF4) {
        return text.as_bytes().to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut buf = [0; 4];
    for c in text.chars() {
        match stray_byte(c) {
            Some(b) => out.push(b),
            None => out.extend_from_slice(c.encode_utf8(&mut buf).as_bytes()),
        }
    }
    out
}

/// Whether this is a variable name.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b == b'_' || b.is_ascii_alphabetic())
        && bytes.all(|b| b == b'_' || b.is_ascii_alphanumeric())
}

/// Quotes text so that the shell reads it back as one word (`printf %q`).
pub(crate) fn quote(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    if text.chars().any(|c| c.is_control() || stray_byte(c).is_some()) {
        return ansi_quote(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (i, c) in text.chars().enumerate() {
        let special = match c {
            '~' | '#' => i == 0,
            _ => " !\"$&'()*,;<>?[\\]^`{|}".contains(c),
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Quotes text in single quotes (`${x@Q}`, `declare -p` of scripts, `set -x`).
pub(crate) fn single_quote(text: &str) -> String {
    if text.chars().any(|c| c.is_control() || stray_byte(c).is_some()) {
        return ansi_quote(text);
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Quotes with single quotes only where needed, as `set -x` prints words.
pub(crate) fn trace_quote(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-+=./:,@%^".contains(c));
    if plain { text.to_owned() } else { single_quote(text) }
}

/// Quotes in double quotes, as `declare -p` prints values.
pub(crate) fn double_quote(text: &str) -> String {
    if text.chars().any(|c| c.is_control() || stray_byte(c).is_some()) {
        return ansi_quote(text);
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        if "\"\\$`".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

fn ansi_quote(text: &str) -> String {
    let mut out = String::from("$'");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0b' => out.push_str("\\v"),
            '\x0c' => out.push_str("\\f"),
            '\x1b' => out.push_str("\\E"),
            '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c => match stray_byte(c) {
                Some(b) => out.push_str(&format!("\\{b:03o}")),
                None if c.is_ascii_control() => out.push_str(&format!("\\{:03o}", c as u32)),
                None => out.push(c),
            },
        }
    }
    out.push('\'');
    out
}

/// Which dialect of backslash escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// `$'…'`.
    Dollar,
    /// `echo -e`, `printf %b`: octal is `\0nnn`, `\c` ends the output.
    Echo,
    /// The format of `printf`: octal is `\nnn`.
    Format,
}

/// Replaces backslash escapes. The flag tells that `\c` ended the output.
pub(crate) fn unescape(text: &str, dialect: Escapes) -> (String, bool) {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let bytes = encode(text);
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        i += 1;
        if b != b'\\' {
            out.push(b);
            continue;
        }
        let Some(&e) = bytes.get(i) else {
            out.push(b'\\');
            break;
        };
        i += 1;
        match e {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' | b'E' => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' => out.push(b'\\'),
            b'\'' | b'"' | b'?' if dialect == Escapes::Dollar => out.push(e),
            b'\'' | b'"' if dialect == Escapes::Format => out.push(e),
            b'c' if dialect == Escapes::Echo => return (decode(&out), true),
            b'c' if dialect == Escapes::Dollar => {
                if let Some(&c) = bytes.get(i) {
                    i += 1;
                    out.push(c.to_ascii_uppercase() ^ 0x40);
                }
            }
            b'x' => match digits(&bytes, &mut i, 16, 2) {
                Some(v) => out.push(v as u8),
                None => out.extend_from_slice(b"\\x"),
            },
            b'u' | b'U' => match digits(&bytes, &mut i, 16, if e == b'u' { 4 } else { 8 }).and_then(char::from_u32) {
                Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => out.extend_from_slice(&[b'\\', e]),
            },
            b'0'..=b'7' => {
                if !(dialect == Escapes::Echo && e == b'0') {
                    i -= 1;
                }
                out.push(digits(&bytes, &mut i, 8, 3).unwrap_or(0) as u8);
            }
            other => out.extend_from_slice(&[b'\\', other]),
        }
    }
    (decode(&out), false)
}

fn digits(bytes: &[u8], i: &mut usize, radix: u32, most: usize) -> Option<u32> {
    let mut value = None;
    for _ in 0..most {
        let Some(d) = bytes.get(*i).and_then(|b| (*b as char).to_digit(radix)) else {
            break;
        };
        value = Some(value.unwrap_or(0u32) * radix + d);
        *i += 1;
    }
    value
}
