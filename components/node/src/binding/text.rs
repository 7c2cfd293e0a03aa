//! Text and bytes: encodings of `Buffer`, `TextEncoder` and `TextDecoder`.

use super::{bytes, bytes_mut, fail};
use rquickjs::{Ctx, Function, Object, Result, String as JsString, TypedArray, Value, qjs};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    binding.set("utf8Encode", Function::new(ctx.clone(), utf8_encode)?)?;
    binding.set("utf8Write", Function::new(ctx.clone(), utf8_write)?)?;
    binding.set("utf8Length", Function::new(ctx.clone(), utf8_length)?)?;
    binding.set("utf8Decode", Function::new(ctx.clone(), utf8_decode)?)?;
    binding.set("utf8Valid", Function::new(ctx.clone(), utf8_valid)?)?;
    binding.set("latin1Decode", Function::new(ctx.clone(), latin1_decode)?)?;
    binding.set("utf16Decode", Function::new(ctx.clone(), utf16_decode)?)?;
    binding.set("hexDecode", Function::new(ctx.clone(), hex_text)?)?;
    binding.set("base64Text", Function::new(ctx.clone(), base64_text)?)?;
    binding.set("base64Bytes", Function::new(ctx.clone(), base64_bytes)?)?;
    binding.set("indexOfBytes", Function::new(ctx.clone(), index_of)?)
}

/// The UTF-8 of a string; halves of surrogate pairs become U+FFFD.
pub fn bytes_of(text: JsString<'_>) -> Result<Vec<u8>> {
    let text = text.to_cstring()?;
    // SAFETY: the engine guarantees `len` bytes there for as long as `text` lives.
    let raw = unsafe { std::slice::from_raw_parts(text.as_ptr().cast::<u8>(), text.len()) };
    if std::str::from_utf8(raw).is_ok() {
        return Ok(raw.to_vec());
    }
    // The engine writes halves of pairs as three bytes each, ED A0..BF xx.
    let mut out = raw.to_vec();
    let mut at = 0;
    while at + 2 < out.len() {
        if out[at] == 0xED && out[at + 1] >= 0xA0 {
            out[at..at + 3].copy_from_slice("\u{FFFD}".as_bytes());
        }
        at += 1;
    }
    Ok(out)
}

fn utf8_encode<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx, bytes_of(text)?)
}

/// Writes whole characters while they fit; returns (bytes written, UTF-16 units read).
fn utf8_write<'js>(
    ctx: Ctx<'js>,
    text: JsString<'js>,
    into: TypedArray<'js, u8>,
    offset: usize,
    length: usize,
) -> Result<Vec<usize>> {
    let text = bytes_of(text)?;
    let target = bytes_mut(&ctx, &into)?;
    let room = target.len().saturating_sub(offset).min(length);
    let mut end = text.len().min(room);
    while end < text.len() && end > 0 && text[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    target[offset..offset + end].copy_from_slice(&text[..end]);
    let units = text[..end]
        .iter()
        .map(|byte| match byte {
            0x80..=0xBF => 0,
            0xF0.. => 2,
            _ => 1,
        })
        .sum();
    Ok(vec![end, units])
}

fn utf8_length(text: JsString<'_>) -> Result<usize> {
    Ok(text.to_cstring()?.len())
}

fn slice<'a>(ctx: &Ctx<'_>, array: &'a TypedArray<'_, u8>, start: usize, end: usize) -> Result<&'a [u8]> {
    let all = bytes(ctx, array)?;
    let end = end.min(all.len());
    Ok(all.get(start..end).unwrap_or_default())
}

fn utf8_decode<'js>(ctx: Ctx<'js>, array: TypedArray<'js, u8>, start: usize, end: usize) -> Result<JsString<'js>> {
    let text = String::from_utf8_lossy(slice(&ctx, &array, start, end)?);
    JsString::from_str(ctx.clone(), &text)
}

fn utf8_valid<'js>(ctx: Ctx<'js>, array: TypedArray<'js, u8>) -> Result<bool> {
    Ok(std::str::from_utf8(bytes(&ctx, &array)?).is_ok())
}

fn latin1_decode<'js>(ctx: Ctx<'js>, array: TypedArray<'js, u8>, start: usize, end: usize) -> Result<JsString<'js>> {
    let text: String = slice(&ctx, &array, start, end)?
        .iter()
        .copied()
        .map(char::from)
        .collect();
    JsString::from_str(ctx.clone(), &text)
}

fn utf16_decode<'js>(ctx: Ctx<'js>, array: TypedArray<'js, u8>, start: usize, end: usize) -> Result<Value<'js>> {
    let units: Vec<u16> = slice(&ctx, &array, start, end)?
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    // SAFETY: the pointer and length are of a live vector, and the engine copies.
    Ok(unsafe {
        Value::from_raw(
            ctx.clone(),
            qjs::JS_NewStringUTF16(ctx.as_raw().as_ptr(), units.as_ptr(), units.len() as _),
        )
    })
}

fn hex_text<'js>(ctx: Ctx<'js>, array: TypedArray<'js, u8>, start: usize, end: usize) -> Result<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    Ok(slice(&ctx, &array, start, end)?
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect())
}

fn base64_text<'js>(ctx: Ctx<'js>, array: TypedArray<'js, u8>, start: usize, end: usize, url: bool) -> Result<String> {
    let alphabet = if url { BASE64URL } else { BASE64 };
    let source = slice(&ctx, &array, start, end)?;
    let mut out = String::with_capacity(source.len().div_ceil(3) * 4);
    for chunk in source.chunks(3) {
        let word = chunk
            .iter()
            .chain([&0, &0])
            .take(3)
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(alphabet[(word >> (18 - 6 * place) & 63) as usize]));
            } else if !url {
                out.push('=');
            }
        }
    }
    Ok(out)
}

/// Reads both alphabets and skips what is in neither, as `Buffer` does.
fn base64_bytes<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> Result<TypedArray<'js, u8>> {
    let text = bytes_of(text)?;
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut bits) = (0_u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        word = word << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits & 0xFF) as u8);
        }
    }
    TypedArray::new(ctx, out)
}

/// Where `needle` first (or last) is at or after (before) `from`; -1 if nowhere.
fn index_of<'js>(
    ctx: Ctx<'js>,
    hay: TypedArray<'js, u8>,
    needle: TypedArray<'js, u8>,
    from: usize,
    last: bool,
) -> Result<i64> {
    let (hay, needle) = (bytes(&ctx, &hay)?, bytes(&ctx, &needle)?);
    if needle.len() > hay.len() {
        return Ok(-1);
    }
    let most = hay.len() - needle.len();
    let found = if last {
        (0..=most.min(from)).rev().find(|at| hay[*at..].starts_with(needle))
    } else if needle.is_empty() {
        Some(from.min(hay.len()))
    } else {
        (from..=most).find(|at| hay[*at] == needle[0] && hay[*at..].starts_with(needle))
    };
    found.map_or(Ok(-1), |at| i64::try_from(at).map_err(|_| fail(&ctx, "EINVAL")))
}
