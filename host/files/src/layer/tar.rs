//! One entry of a layer's archive: pax headers over ustar, exactly as this crate writes them and nothing else.
//!
//! Any tar reads them. What comes in is hostile, so the reader takes only what the writer makes: no devices, no sparse
//! files, no GNU extensions, no owners.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::LayerError;
use crate::{MAX_DEPTH, MAX_NAME};

/// Unit of an archive.
pub(super) const RECORD: usize = 512;
/// Longest path of an entry, bytes: [`MAX_DEPTH`] directories and a name, each as long as it can be, with their slashes.
pub(super) const MAX_ARCHIVED_PATH: usize = (MAX_DEPTH + 1) * (MAX_NAME + 1);
/// Most bytes of the pax header of one entry: two paths, a time and a size.
const MAX_PAX: u64 = 2 * MAX_ARCHIVED_PATH as u64 + 256;
/// Largest number in the eleven octal digits of ustar.
const MAX_OCTAL: u64 = 0o777_7777_7777;
/// Furthest time from 1970, seconds; further ones are damage.
const MAX_SECONDS: u64 = 1 << 40;
const NANOS: u128 = 1_000_000_000;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Directory,
    /// With this many bytes, which follow.
    File(u64),
    /// With what it holds.
    Symlink(String),
    /// Another name of the file at this earlier path.
    Link(String),
}

/// One entry, its path relative to the layer's root, without slashes at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) body: Body,
    pub(super) mode: u32,
    pub(super) modified: SystemTime,
}

impl Entry {
    /// The headers of this entry.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(3 * RECORD);
        let target = match &self.body {
            Body::Symlink(target) | Body::Link(target) => target.as_str(),
            Body::Directory | Body::File(_) => "",
        };
        let size = match self.body {
            Body::File(size) => size,
            _ => 0,
        };
        let seconds = self
            .modified
            .duration_since(UNIX_EPOCH)
            .ok()
            .filter(|since| since.subsec_nanos() == 0 && since.as_secs() <= MAX_OCTAL)
            .map(|since| since.as_secs());
        let mut pax = String::new();
        if !plain(target) {
            record(&mut pax, "linkpath", target);
        }
        if seconds.is_none() {
            record(&mut pax, "mtime", &time_text(self.modified));
        }
        if !plain(&self.path) {
            record(&mut pax, "path", &self.path);
        }
        if size > MAX_OCTAL {
            record(&mut pax, "size", &size.to_string());
        }
        if !pax.is_empty() {
            header(&mut out, "pax", b'x', 0, pax.len() as u64, 0, "");
            out.extend_from_slice(pax.as_bytes());
            out.resize(out.len().next_multiple_of(RECORD), 0);
        }
        let kind = match self.body {
            Body::Directory => b'5',
            Body::File(_) => b'0',
            Body::Symlink(_) => b'2',
            Body::Link(_) => b'1',
        };
        let shown = |text: &'_ str| if plain(text) { text.to_owned() } else { "pax".to_owned() };
        let size = if size > MAX_OCTAL { 0 } else { size };
        header(
            &mut out,
            &shown(&self.path),
            kind,
            self.mode,
            size,
            seconds.unwrap_or(0),
            &shown(target),
        );
        out
    }

    /// The next entry; none at the end mark.
    pub(super) fn read(from: &mut impl Read) -> Result<Option<Self>, LayerError> {
        let mut raw = [0; RECORD];
        fill(from, &mut raw)?;
        if raw == [0; RECORD] {
            fill(from, &mut raw)?;
            return if raw == [0; RECORD] {
                Ok(None)
            } else {
                Err(LayerError::Damaged("an archive that goes on after its end"))
            };
        }
        let mut pax = BTreeMap::new();
        let mut fields = Fields::parse(&raw)?;
        if fields.kind == b'x' {
            pax = read_pax(from, fields.size)?;
            fill(from, &mut raw)?;
            fields = Fields::parse(&raw)?;
        }
        let mut take = |key| pax.remove(key);
        let path = take("path").unwrap_or(fields.name);
        let target = take("linkpath").unwrap_or(fields.target);
        let modified = match take("mtime") {
            Some(text) => parse_time(&text)?,
            None => UNIX_EPOCH + Duration::from_secs(fields.seconds),
        };
        let size = match take("size") {
            Some(text) => text.parse().map_err(|_| LayerError::Damaged("a size that is none"))?,
            None => fields.size,
        };
        let body = match fields.kind {
            b'0' => Body::File(size),
            b'1' => Body::Link(target),
            b'2' => Body::Symlink(target),
            b'5' => Body::Directory,
            _ => return Err(LayerError::Hostile("an entry that is no file, directory or link")),
        };
        if size != 0 && !matches!(body, Body::File(_)) {
            return Err(LayerError::Damaged("an entry with bytes that is no file"));
        }
        if fields.mode > 0o777 {
            return Err(LayerError::Hostile("a mode beyond permission bits"));
        }
        Ok(Some(Self {
            path,
            body,
            mode: fields.mode,
            modified,
        }))
    }
}

/// Whether a text stands in the hundred bytes of ustar as it is.
fn plain(text: &str) -> bool {
    text.len() <= 100 && text.is_ascii() && !text.contains('\0')
}

/// `<length> <key>=<value>\n`, the length counting itself.
fn record(pax: &mut String, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    pax.push_str(&format!("{length} {key}={value}\n"));
}

fn header(out: &mut Vec<u8>, name: &str, kind: u8, mode: u32, size: u64, seconds: u64, target: &str) {
    let mut raw = [0_u8; RECORD];
    let mut put = |at: usize, bytes: &[u8]| raw[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, format!("{mode:07o}").as_bytes());
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, format!("{size:011o}").as_bytes());
    put(136, format!("{seconds:011o}").as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(157, target.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = raw.iter().map(|byte| u32::from(*byte)).sum();
    raw[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    out.extend_from_slice(&raw);
}

/// What a ustar header says.
struct Fields {
    name: String,
    kind: u8,
    mode: u32,
    size: u64,
    seconds: u64,
    target: String,
}

impl Fields {
    fn parse(raw: &[u8; RECORD]) -> Result<Self, LayerError> {
        if &raw[257..265] != b"ustar\x0000" {
            return Err(LayerError::Damaged("a header that is no ustar"));
        }
        let mut summed = *raw;
        summed[148..156].fill(b' ');
        let sum: u64 = summed.iter().map(|byte| u64::from(*byte)).sum();
        if octal(&raw[148..156])? != sum {
            return Err(LayerError::Damaged("a header with a wrong checksum"));
        }
        if raw[345..].iter().any(|byte| *byte != 0) {
            return Err(LayerError::Hostile("a header with a prefix"));
        }
        Ok(Self {
            name: text(&raw[..100])?,
            kind: raw[156],
            mode: u32::try_from(octal(&raw[100..108])?).map_err(|_| LayerError::Damaged("a mode that is none"))?,
            size: octal(&raw[124..136])?,
            seconds: octal(&raw[136..148])?,
            target: text(&raw[157..257])?,
        })
    }
}

fn text(field: &[u8]) -> Result<String, LayerError> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    std::str::from_utf8(&field[..end])
        .map(str::to_owned)
        .map_err(|_| LayerError::Damaged("a name that is not UTF-8"))
}

fn octal(field: &[u8]) -> Result<u64, LayerError> {
    let wrong = LayerError::Damaged("a number that is none");
    let end = field
        .iter()
        .position(|byte| matches!(byte, 0 | b' '))
        .unwrap_or(field.len());
    match std::str::from_utf8(&field[..end]) {
        Ok(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            u64::from_str_radix(digits, 8).map_err(|_| wrong)
        }
        _ => Err(wrong),
    }
}

fn read_pax(from: &mut impl Read, size: u64) -> Result<BTreeMap<String, String>, LayerError> {
    const KNOWN: [&str; 4] = ["linkpath", "mtime", "path", "size"];
    let wrong = || LayerError::Damaged("a pax header that cannot be read");
    if size > MAX_PAX {
        return Err(LayerError::Hostile("a pax header beyond any path's length"));
    }
    let size = usize::try_from(size).map_err(|_| wrong())?;
    let mut raw = vec![0; size.next_multiple_of(RECORD)];
    fill(from, &mut raw)?;
    raw.truncate(size);
    let mut rest = std::str::from_utf8(&raw).map_err(|_| wrong())?;
    let mut pax = BTreeMap::new();
    while !rest.is_empty() {
        let (length, _) = rest.split_once(' ').ok_or_else(wrong)?;
        let skip = length.len() + 1;
        let length: usize = length.parse().map_err(|_| wrong())?;
        let record = rest.get(skip..length).and_then(|record| record.strip_suffix('\n'));
        let (key, value) = record.and_then(|record| record.split_once('=')).ok_or_else(wrong)?;
        if !KNOWN.contains(&key) || pax.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(LayerError::Hostile("a pax header with what no layer has"));
        }
        rest = &rest[length..];
    }
    Ok(pax)
}

fn fill(from: &mut impl Read, buffer: &mut [u8]) -> Result<(), LayerError> {
    from.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => LayerError::Damaged("an archive that ends too early"),
        _ => LayerError::Read(error),
    })
}

/// Seconds with nine decimals.
fn time_text(time: SystemTime) -> String {
    let (sign, distance) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => ("", after),
        Err(before) => ("-", before.duration()),
    };
    format!("{sign}{}.{:09}", distance.as_secs(), distance.subsec_nanos())
}

fn parse_time(text: &str) -> Result<SystemTime, LayerError> {
    let wrong = || LayerError::Damaged("a time that is none");
    let (before, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').ok_or_else(wrong)?;
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || fraction.len() != 9 || !all_digits(fraction) {
        return Err(wrong());
    }
    let seconds: u64 = whole.parse().map_err(|_| wrong())?;
    let nanos: u32 = fraction.parse().map_err(|_| wrong())?;
    if seconds > MAX_SECONDS || u128::from(nanos) >= NANOS {
        return Err(wrong());
    }
    let distance = Duration::new(seconds, nanos);
    let time = if before {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body() -> impl Strategy<Value = Body> {
        prop_oneof![
            Just(Body::Directory),
            prop_oneof![0_u64..9000, (1_u64 << 33)..(1 << 40)].prop_map(Body::File),
            "[a-z/.ä]{1,300}".prop_map(Body::Symlink),
            "[a-z/]{1,300}".prop_map(Body::Link),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            path in "[a-zä ]{1,90}(/[a-z]{1,60}){0,4}", body in body(), mode in 0_u32..0o1000,
            seconds in -(1_i64 << 35)..(1_i64 << 35), nanos in prop_oneof![Just(0_u32), 0..1_000_000_000_u32],
        ) {
            let distance = Duration::new(seconds.unsigned_abs(), nanos);
            let modified = if seconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
            let entry = Entry { path, body, mode, modified };
            let encoded = entry.encode();
            prop_assert_eq!(encoded.len() % RECORD, 0);
            let mut rest = encoded.as_slice();
            prop_assert_eq!(Entry::read(&mut rest).unwrap(), Some(entry));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn any_bytes_are_an_entry_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..2048), at in 0_usize..4096, with: u8) {
            let _ = Entry::read(&mut bytes.as_slice());
            bytes.truncate(0);
            let entry = Entry { path: "ä".repeat(90), body: Body::File(0), mode: 0o644, modified: UNIX_EPOCH };
            bytes.extend(entry.encode());
            let at = at % bytes.len();
            bytes[at] = with;
            let _ = Entry::read(&mut bytes.as_slice());
        }
    }
}
