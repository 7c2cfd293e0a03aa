//! The zip format: the directory of an archive, and its entries.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// The end of the directory is looked for in this much, as its comment may be 64 KiB long.
const TAIL: u64 = 66_000;
/// More entries than this are refused: each is held in memory.
const MOST_ENTRIES: usize = 1_000_000;
/// Content as it is.
pub const STORED: u16 = 0;
/// Content compressed.
pub const DEFLATED: u16 = 8;

/// An entry of the directory.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
    /// Time and date as DOS has them, in UTC.
    pub stamp: u32,
    /// Mode and kind as Unix has them, or 0.
    pub mode: u32,
    /// Where its local header is.
    pub offset: u64,
}

fn bad(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.to_owned())
}

fn u16_at(bytes: &[u8], at: usize) -> io::Result<u16> {
    let two = bytes.get(at..at + 2).and_then(|two| two.try_into().ok());
    two.map(u16::from_le_bytes)
        .ok_or_else(|| bad("the directory of the archive is cut off"))
}

fn u32_at(bytes: &[u8], at: usize) -> io::Result<u32> {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map(u32::from_le_bytes)
        .ok_or_else(|| bad("the directory of the archive is cut off"))
}

/// The directory of an archive.
///
/// # Errors
/// It is no zip file, or damaged, or of the kind for more than 4 GiB.
pub fn directory<R: Read + Seek>(file: &mut R) -> io::Result<Vec<Entry>> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL).read_to_end(&mut tail)?;
    let at = memchr::memmem::rfind(&tail, &END.to_le_bytes())
        .ok_or_else(|| bad("End-of-central-directory signature not found: this is no zip file, or it is cut off"))?;
    let (count, size, offset) = (
        u16_at(&tail, at + 10)?,
        u32_at(&tail, at + 12)?,
        u32_at(&tail, at + 16)?,
    );
    if count == u16::MAX || offset == u32::MAX {
        return Err(bad("archives of the ZIP64 kind are not supported"));
    }
    if u64::from(offset) + u64::from(size) > length {
        return Err(bad("the directory of the archive lies outside of it"));
    }
    file.seek(SeekFrom::Start(u64::from(offset)))?;
    let mut bytes = Vec::new();
    file.by_ref().take(u64::from(size)).read_to_end(&mut bytes)?;
    let mut entries = Vec::new();
    let mut rest = &bytes[..];
    while entries.len() < usize::from(count).min(MOST_ENTRIES) {
        if u32_at(rest, 0)? != CENTRAL {
            return Err(bad("the directory of the archive is damaged"));
        }
        let (name, extra, comment) = (
            usize::from(u16_at(rest, 28)?),
            usize::from(u16_at(rest, 30)?),
            usize::from(u16_at(rest, 32)?),
        );
        let end = 46 + name + extra + comment;
        if rest.len() < end {
            return Err(bad("the directory of the archive is cut off"));
        }
        let is_unix = u16_at(rest, 4)? >> 8 == 3;
        entries.push(Entry {
            name: String::from_utf8_lossy(&rest[46..46 + name]).into_owned(),
            flags: u16_at(rest, 8)?,
            method: u16_at(rest, 10)?,
            stamp: u32::from(u16_at(rest, 14)?) << 16 | u32::from(u16_at(rest, 12)?),
            crc: u32_at(rest, 16)?,
            packed: u64::from(u32_at(rest, 20)?),
            size: u64::from(u32_at(rest, 24)?),
            mode: if is_unix { u32_at(rest, 38)? >> 16 } else { 0 },
            offset: u64::from(u32_at(rest, 42)?),
        });
        rest = &rest[end..];
    }
    Ok(entries)
}

/// The packed content of an entry.
///
/// # Errors
/// Its header is not where the directory says.
pub fn packed<'a, R: Read + Seek>(file: &'a mut R, entry: &Entry) -> io::Result<io::Take<&'a mut R>> {
    file.seek(SeekFrom::Start(entry.offset))?;
    let mut header = [0; 30];
    file.read_exact(&mut header)?;
    if u32_at(&header, 0)? != LOCAL {
        return Err(bad("the header of an entry is damaged"));
    }
    let skip = u64::from(u16_at(&header, 26)?) + u64::from(u16_at(&header, 28)?);
    file.seek(SeekFrom::Current(i64::try_from(skip).unwrap_or(0)))?;
    Ok(file.take(entry.packed))
}

/// Copies the content of an entry, and checks it.
///
/// # Errors
/// It is encrypted, of an unknown method, larger than it says, or damaged.
pub fn unpack<R: Read + Seek>(file: &mut R, entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    if entry.flags & 1 != 0 {
        return Err(io::Error::other("it is encrypted, which is not supported"));
    }
    let packed = packed(file, entry)?;
    let mut content: Box<dyn Read + '_> = match entry.method {
        STORED => Box::new(packed),
        DEFLATED => Box::new(flate2::read::DeflateDecoder::new(packed)),
        other => return Err(io::Error::other(format!("compression method {other} is not supported"))),
    };
    let mut crc = flate2::Crc::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        let read = content.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > entry.size {
            return Err(bad("its content is longer than the directory says"));
        }
        crc.update(&buffer[..read]);
        out.write_all(&buffer[..read])?;
    }
    if size != entry.size || crc.sum() != entry.crc {
        return Err(bad("bad CRC: its content is damaged"));
    }
    Ok(())
}

fn header(entry: &Entry, signature: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&signature.to_le_bytes());
    if signature == CENTRAL {
        // Made by: Unix, version 3.0.
        bytes.extend_from_slice(&(3_u16 << 8 | 30).to_le_bytes());
    }
    for number in [20, entry.flags, entry.method] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&entry.stamp.to_le_bytes());
    bytes.extend_from_slice(&entry.crc.to_le_bytes());
    for number in [entry.packed, entry.size] {
        bytes.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }
    bytes.extend_from_slice(&u16::try_from(entry.name.len()).unwrap_or(0).to_le_bytes());
    bytes.extend_from_slice(&0_u16.to_le_bytes());
    if signature == CENTRAL {
        bytes.extend_from_slice(&[0; 6]);
        let directory = u32::from(entry.name.ends_with('/')) << 4;
        bytes.extend_from_slice(&(entry.mode << 16 | directory).to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(entry.offset).unwrap_or(u32::MAX).to_le_bytes());
    }
    bytes.extend_from_slice(entry.name.as_bytes());
    bytes
}

/// Writes an entry with its packed content.
///
/// # Errors
/// The output fails.
pub fn write_entry(entry: &Entry, packed: &mut dyn Read, out: &mut dyn Write) -> io::Result<u64> {
    let header = header(entry, LOCAL);
    out.write_all(&header)?;
    let copied = crate::data::codec::copy(packed, out)?;
    Ok(header.len() as u64 + copied)
}

/// Writes the directory at the end.
///
/// # Errors
/// There is too much in the archive, or the output fails.
pub fn write_directory(entries: &[Entry], at: u64, out: &mut dyn Write) -> io::Result<()> {
    let too_much = || io::Error::other("archives over 4 GiB, or with more than 65,534 entries, are not supported");
    let offset = u32::try_from(at).map_err(|_| too_much())?;
    let count = u16::try_from(entries.len())
        .ok()
        .filter(|count| *count < u16::MAX)
        .ok_or_else(too_much)?;
    let directory: Vec<u8> = entries.iter().flat_map(|entry| header(entry, CENTRAL)).collect();
    out.write_all(&directory)?;
    let mut end = Vec::new();
    end.extend_from_slice(&END.to_le_bytes());
    end.extend_from_slice(&[0; 4]);
    end.extend_from_slice(&count.to_le_bytes());
    end.extend_from_slice(&count.to_le_bytes());
    end.extend_from_slice(&u32::try_from(directory.len()).map_err(|_| too_much())?.to_le_bytes());
    end.extend_from_slice(&offset.to_le_bytes());
    end.extend_from_slice(&[0; 2]);
    out.write_all(&end)
}

/// A moment as DOS has it: from 1980, in steps of two seconds.
pub fn stamp(time: SystemTime) -> u32 {
    let civil = crate::calendar::civil(time);
    let year = civil.year.clamp(1980, 2107) - 1980;
    let number =
        year << 25 | civil.month << 21 | civil.day << 16 | civil.hour << 11 | civil.minute << 5 | (civil.second / 2);
    u32::try_from(number).unwrap_or(0)
}

/// The moment of a stamp.
pub fn moment(stamp: u32) -> SystemTime {
    let part = |shift: u32, bits: u32| i64::from(stamp >> shift & ((1 << bits) - 1));
    let days = crate::calendar::days_from_civil(part(25, 7) + 1980, part(21, 4), part(16, 5)).unwrap_or(0);
    let seconds = days * 86_400 + part(11, 5) * 3600 + part(5, 6) * 60 + part(0, 5) * 2;
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn there_and_back_and_hostile() {
        let entry = Entry {
            name: "a/b.txt".into(),
            method: STORED,
            flags: 0,
            crc: crc32(b"hello"),
            packed: 5,
            size: 5,
            stamp: stamp(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
            mode: 0o100_644,
            offset: 0,
        };
        let mut archive = Vec::new();
        let at = write_entry(&entry, &mut &b"hello"[..], &mut archive).unwrap();
        write_directory(std::slice::from_ref(&entry), at, &mut archive).unwrap();
        let mut file = Cursor::new(archive.clone());
        let found = directory(&mut file).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].mode), ("a/b.txt", 0o100_644));
        let mut out = Vec::new();
        unpack(&mut file, &found[0], &mut out).unwrap();
        assert_eq!(out, b"hello");
        assert_eq!(
            moment(entry.stamp),
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
        );
        // Whatever byte is changed or wherever it is cut: an error or other content, never a panic.
        for at in 0..archive.len() {
            for change in [0xff, 1, 0x80] {
                let mut damaged = archive.clone();
                damaged[at] ^= change;
                let mut file = Cursor::new(damaged);
                if let Ok(entries) = directory(&mut file) {
                    for entry in entries {
                        let _ = unpack(&mut file, &entry, &mut Vec::new());
                    }
                }
            }
            let _ = directory(&mut Cursor::new(archive[..at].to_vec()));
        }
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }
}
