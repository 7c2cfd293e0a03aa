//! Members of an archive: their headers, in the forms of ustar, pax and GNU, and back.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// Archives are made of blocks.
pub const BLOCK: usize = 512;
/// Long names and pax headers are held in memory; longer ones are refused.
const MOST_EXTENSION: u64 = 1 << 20;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Regular,
    HardLink,
    Symlink,
    Directory,
    /// A device, a pipe: nothing that a sandbox can have.
    Special,
    /// A file with holes, in the forms that GNU tar has for them.
    Sparse,
}

/// A member's header.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: String,
    pub kind: Kind,
    pub link: String,
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub user: String,
    pub group: String,
    /// Bytes of content in the archive.
    pub size: u64,
    /// Seconds since 1970.
    pub modified: i64,
}

fn bad(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.to_owned())
}

/// Text up to its NUL.
fn text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// A number: octal digits, or binary if its first bit is set.
fn number(field: &[u8]) -> io::Result<u64> {
    if field.first().is_some_and(|first| first & 0x80 != 0) {
        if field[0] & 0x40 != 0 {
            // A negative one: only times can be, and 1970 is as good.
            return Ok(0);
        }
        return field.iter().enumerate().try_fold(0_u64, |n, (at, byte)| {
            let byte = if at == 0 { byte & 0x3f } else { *byte };
            n.checked_mul(256)
                .map(|n| n + u64::from(byte))
                .ok_or_else(|| bad("a number in a header is too large"))
        });
    }
    let digits = text(field);
    let digits = digits.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| bad("a number in a header is none"))
}

/// Reads members one after the other.
pub struct Reader<R> {
    input: R,
    /// Content of the present member that was not read, and the padding after it.
    left: u64,
    padding: u64,
    /// Bytes of headers and content passed so far.
    passed: u64,
    global: BTreeMap<String, String>,
}

impl<R: Read> Reader<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            left: 0,
            padding: 0,
            passed: 0,
            global: BTreeMap::new(),
        }
    }

    fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.input.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(bad("Unexpected EOF in archive")),
                Ok(read) => {
                    filled += read;
                    self.passed += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(block))
    }

    /// Where the present member ends in the archive.
    pub fn position_after(&self) -> u64 {
        self.passed + self.left + self.padding
    }

    /// Passes over what is left of the present member.
    fn skip(&mut self) -> io::Result<()> {
        let rest = self.left.saturating_add(self.padding);
        self.passed = self.passed.saturating_add(rest);
        (self.left, self.padding) = (0, 0);
        let skipped = io::copy(&mut self.input.by_ref().take(rest), &mut io::sink())?;
        if skipped < rest {
            return Err(bad("Unexpected EOF in archive"));
        }
        Ok(())
    }

    /// The whole content of an extension header.
    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > MOST_EXTENSION {
            return Err(bad("an extended header is longer than 1 MiB"));
        }
        let mut bytes = Vec::new();
        self.input.by_ref().take(size).read_to_end(&mut bytes)?;
        self.passed += bytes.len() as u64;
        if (bytes.len() as u64) < size {
            return Err(bad("Unexpected EOF in archive"));
        }
        (self.left, self.padding) = (0, padding(size));
        self.skip()?;
        Ok(bytes)
    }

    /// The next member, or none at the end.
    ///
    /// # Errors
    /// The archive cannot be read, or is none.
    pub fn next(&mut self) -> io::Result<Option<Member>> {
        self.skip()?;
        let (mut long_name, mut long_link) = (None, None);
        let mut local = BTreeMap::new();
        loop {
            let Some(block) = self.block()? else { return Ok(None) };
            if block.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            let told = number(&block[148..156])?;
            let sum: u64 = block
                .iter()
                .enumerate()
                .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
                .sum();
            if told != sum {
                return Err(bad("This does not look like a tar archive"));
            }
            let size = number(&block[124..136])?;
            match block[156] {
                b'L' => long_name = Some(text(&self.extension(size)?)),
                b'K' => long_link = Some(text(&self.extension(size)?)),
                b'x' => local.extend(pax(&self.extension(size)?)?),
                b'g' => {
                    let more = pax(&self.extension(size)?)?;
                    self.global.extend(more);
                }
                _ => return self.member(&block, size, long_name, long_link, local).map(Some),
            }
        }
    }

    fn member(
        &mut self,
        block: &[u8; BLOCK],
        size: u64,
        long_name: Option<String>,
        long_link: Option<String>,
        local: BTreeMap<String, String>,
    ) -> io::Result<Member> {
        let value = |key: &str| local.get(key).or_else(|| self.global.get(key)).cloned();
        let mut name = text(&block[..100]);
        // The prefix of ustar; GNU's own form has other things there.
        if &block[257..263] == b"ustar\0" {
            let prefix = text(&block[345..500]);
            if !prefix.is_empty() {
                name = format!("{prefix}/{name}");
            }
        }
        let name = value("path").or(long_name).unwrap_or(name);
        let link = value("linkpath")
            .or(long_link)
            .unwrap_or_else(|| text(&block[157..257]));
        let size = match value("size") {
            Some(text) => text.parse().map_err(|_| bad("a size in an extended header is none"))?,
            None => size,
        };
        let modified = match value("mtime").and_then(|text| text.split('.').next()?.parse().ok()) {
            Some(seconds) => seconds,
            None => i64::try_from(number(&block[136..148])?).unwrap_or(0),
        };
        let is_sparse = ["GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size"]
            .iter()
            .any(|key| value(key).is_some());
        let kind = match block[156] {
            _ if is_sparse => Kind::Sparse,
            b'0' | 0 | b'7' if name.ends_with('/') => Kind::Directory,
            b'0' | 0 | b'7' => Kind::Regular,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'5' => Kind::Directory,
            b'S' => Kind::Sparse,
            b'3' | b'4' | b'6' => Kind::Special,
            _ => Kind::Regular,
        };
        let member = Member {
            name,
            kind,
            link,
            mode: u32::try_from(number(&block[100..108])? & 0o7777).unwrap_or(0o644),
            uid: number(&block[108..116]).unwrap_or(0),
            gid: number(&block[116..124]).unwrap_or(0),
            user: text(&block[265..297]),
            group: text(&block[297..329]),
            // Links have no content, whatever their header says.
            size: if matches!(kind, Kind::HardLink | Kind::Symlink | Kind::Directory | Kind::Special) {
                0
            } else {
                size
            },
            modified,
        };
        (self.left, self.padding) = (member.size, padding(member.size));
        Ok(member)
    }
}

impl<R: Read> Read for Reader<R> {
    /// Content of the present member.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.input.read(&mut bytes[..most])?;
        if read == 0 {
            return Err(bad("Unexpected EOF in archive"));
        }
        self.left -= read as u64;
        self.passed += read as u64;
        Ok(read)
    }
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

/// Lines of `length key=value`.
fn pax(bytes: &[u8]) -> io::Result<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    let mut rest = bytes;
    while !rest.is_empty() && rest[0] != 0 {
        let wrong = || bad("an extended header is malformed");
        let blank = memchr::memchr(b' ', rest).ok_or_else(wrong)?;
        let length: usize = std::str::from_utf8(&rest[..blank])
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|length| (blank + 2..=rest.len()).contains(length))
            .ok_or_else(wrong)?;
        let line = &rest[blank + 1..length - 1];
        let equals = memchr::memchr(b'=', line).ok_or_else(wrong)?;
        pairs.insert(
            String::from_utf8_lossy(&line[..equals]).into_owned(),
            String::from_utf8_lossy(&line[equals + 1..]).into_owned(),
        );
        rest = &rest[length..];
    }
    Ok(pairs)
}

/// Writes a member's header, with GNU's headers for long names before it.
///
/// # Errors
/// The output fails.
pub fn write(member: &Member, out: &mut impl Write) -> io::Result<()> {
    for (long, letter) in [(&member.link, b'K'), (&member.name, b'L')] {
        if long.len() > 100 {
            let mut content = long.clone().into_bytes();
            content.push(0);
            let extension = Member {
                name: "././@LongLink".into(),
                link: String::new(),
                size: content.len() as u64,
                mode: 0o644,
                uid: 0,
                gid: 0,
                modified: 0,
                ..member.clone()
            };
            out.write_all(&block(&extension, letter))?;
            out.write_all(&content)?;
            pad(content.len() as u64, out)?;
        }
    }
    let letter = match member.kind {
        Kind::HardLink => b'1',
        Kind::Symlink => b'2',
        Kind::Directory => b'5',
        _ => b'0',
    };
    out.write_all(&block(member, letter))
}

/// Fills the last block of a member.
///
/// # Errors
/// The output fails.
pub fn pad(size: u64, out: &mut impl Write) -> io::Result<()> {
    let zeros = [0; BLOCK];
    out.write_all(&zeros[..usize::try_from(padding(size)).unwrap_or(0)])
}

fn block(member: &Member, letter: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |from: usize, length: usize, bytes: &[u8]| {
        let length = length.min(bytes.len());
        block[from..from + length].copy_from_slice(&bytes[..length]);
    };
    put(0, 100, member.name.as_bytes());
    put(100, 8, format!("{:07o}\0", member.mode & 0o7777).as_bytes());
    put(108, 8, format!("{:07o}\0", member.uid & 0o7_777_777).as_bytes());
    put(116, 8, format!("{:07o}\0", member.gid & 0o7_777_777).as_bytes());
    if member.size < 1 << 33 {
        put(124, 12, format!("{:011o}\0", member.size).as_bytes());
    } else {
        let mut binary = [0; 12];
        binary[0] = 0x80;
        binary[4..].copy_from_slice(&member.size.to_be_bytes());
        put(124, 12, &binary);
    }
    let modified = u64::try_from(member.modified).unwrap_or(0) & 0o77_777_777_777;
    put(136, 12, format!("{modified:011o}\0").as_bytes());
    put(156, 1, &[letter]);
    put(157, 100, member.link.as_bytes());
    put(257, 8, b"ustar  \0");
    put(265, 31, member.user.as_bytes());
    put(297, 31, member.group.as_bytes());
    put(148, 8, b"        ");
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, size: u64) -> Member {
        Member {
            name: name.into(),
            kind: Kind::Regular,
            link: String::new(),
            mode: 0o640,
            uid: 1000,
            gid: 1000,
            user: "daytona".into(),
            group: "daytona".into(),
            size,
            modified: 1_700_000_000,
        }
    }

    #[test]
    fn there_and_back() {
        let mut archive = Vec::new();
        let long = "d/".repeat(150) + "file";
        for name in ["short", &long] {
            write(&member(name, 5), &mut archive).unwrap();
            archive.extend_from_slice(b"hello");
            pad(5, &mut archive).unwrap();
        }
        archive.extend_from_slice(&[0; 1024]);
        let mut reader = Reader::new(&*archive);
        let first = reader.next().unwrap().unwrap();
        assert_eq!(
            (first.name.as_str(), first.mode, first.modified, first.size),
            ("short", 0o640, 1_700_000_000, 5)
        );
        let mut content = String::new();
        reader.read_to_string(&mut content).unwrap();
        assert_eq!(content, "hello");
        assert_eq!(reader.next().unwrap().unwrap().name, long);
        assert!(reader.next().unwrap().is_none());
    }

    #[test]
    fn hostile_headers_are_errors() {
        let mut huge = block(&member("x", 0), b'L');
        // A long name of eight gigabytes.
        huge[124..136].copy_from_slice(b"77777777777\0");
        huge[148..156].copy_from_slice(b"        ");
        let sum: u64 = huge.iter().map(|byte| u64::from(*byte)).sum();
        huge[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(Reader::new(&huge[..]).next().is_err());
        assert!(Reader::new(&[1_u8; BLOCK][..]).next().is_err());
        assert!(Reader::new(&[1_u8; 100][..]).next().is_err());
        for lines in [
            "5 a=",
            "999999999999999999999 a=b\n",
            "3 a\n",
            "0 a=b\n",
            "-1 a=b\n",
            "6 a=b\n",
        ] {
            let found = pax(lines.as_bytes());
            assert!(found.is_err() || lines == "6 a=b\n", "{lines}");
        }
    }
}
