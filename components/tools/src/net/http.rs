//! HTTP/1.1: heads and bodies.

use super::connection::Failure;
use std::io::{self, BufRead, Read};

/// A head may have this many bytes in all.
const MOST_HEAD: usize = 256 * 1024;

/// The head of an answer.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Such as 200.
    pub status: u16,
    /// All lines as they came, the empty one at the end included.
    pub raw: Vec<u8>,
    /// Names in lower case, and values.
    pub fields: Vec<(String, String)>,
}

impl Head {
    /// The first field of a name (in lower case).
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Reads one.
    ///
    /// # Errors
    /// The peer sends no HTTP, ends too early, or sends too much.
    pub fn read(input: &mut impl BufRead) -> Result<Self, Failure> {
        let mut head = Self::default();
        loop {
            let start = head.raw.len();
            let most = (MOST_HEAD - start) as u64;
            let read = input
                .by_ref()
                .take(most)
                .read_until(b'\n', &mut head.raw)
                .map_err(Failure::transfer)?;
            let line = head.raw[start..].trim_ascii_end();
            if read == 0 || head.raw.last() != Some(&b'\n') {
                return Err(if head.raw.is_empty() {
                    Failure::new(52, "Empty reply from server")
                } else if head.raw.len() >= MOST_HEAD {
                    Failure::new(56, "Too large response headers")
                } else {
                    Failure::new(56, "The connection ended in the middle of the headers")
                });
            }
            if start == 0 {
                let text = String::from_utf8_lossy(line).into_owned();
                let status = text
                    .strip_prefix("HTTP/1.")
                    .and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
                head.status = status.ok_or_else(|| Failure::new(1, "Received HTTP/0.9 when not allowed"))?;
            } else if line.is_empty() {
                return Ok(head);
            } else if let Some(colon) = memchr::memchr(b':', line) {
                let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
                let value = String::from_utf8_lossy(line[colon + 1..].trim_ascii()).into_owned();
                head.fields.push((name, value));
            }
        }
    }
}

/// How a body ends.
#[derive(Debug)]
enum Frame {
    Length(u64),
    /// What is left of the present chunk; none before its header.
    Chunked(Option<u64>),
    Close,
    Done,
}

/// The body of an answer.
pub struct Body<'a, R> {
    input: &'a mut R,
    frame: Frame,
}

impl<'a, R: BufRead> Body<'a, R> {
    /// The body that comes after a head, if the request is one that gets one.
    pub fn new(input: &'a mut R, head: &Head, method: &str) -> Self {
        let none = method == "HEAD" || head.status / 100 == 1 || head.status == 204 || head.status == 304;
        let chunked = head
            .field("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        let frame = if none {
            Frame::Done
        } else if chunked {
            Frame::Chunked(None)
        } else {
            match head.field("content-length").and_then(|text| text.parse().ok()) {
                Some(length) => Frame::Length(length),
                None => Frame::Close,
            }
        };
        Self { input, frame }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        self.input.by_ref().take(4096).read_until(b'\n', &mut line)?;
        if line.last() == Some(&b'\n') {
            Ok(line.trim_ascii().to_vec())
        } else {
            Err(short())
        }
    }
}

/// What curl calls a partial file.
fn short() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "transfer closed with outstanding read data remaining",
    )
}

impl<R: BufRead> Read for Body<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            let left = match &mut self.frame {
                Frame::Done | Frame::Length(0) => return Ok(0),
                Frame::Close => return self.input.read(bytes),
                Frame::Length(left) | Frame::Chunked(Some(left)) if *left > 0 => left,
                Frame::Length(_) => return Ok(0),
                Frame::Chunked(state) => {
                    if state.take().is_some() {
                        // The end of the chunk's last line.
                        self.line()?;
                    }
                    let line = self.line()?;
                    let text = String::from_utf8_lossy(&line);
                    let size = text.split(';').next().unwrap_or_default().trim();
                    let size = u64::from_str_radix(size, 16)
                        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "bad chunk size"))?;
                    if size == 0 {
                        while !self.line()?.is_empty() {}
                        self.frame = Frame::Done;
                        return Ok(0);
                    }
                    self.frame = Frame::Chunked(Some(size));
                    continue;
                }
            };
            let most = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
            let read = self.input.read(&mut bytes[..most])?;
            if read == 0 {
                return Err(short());
            }
            *left -= read as u64;
            return Ok(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<(u16, String), String> {
        let mut input = text.as_bytes();
        let head = Head::read(&mut input).map_err(|failure| failure.message)?;
        let mut body = String::new();
        Body::new(&mut input, &head, "GET")
            .read_to_string(&mut body)
            .map_err(|error| error.to_string())?;
        Ok((head.status, body))
    }

    #[test]
    fn bodies() {
        assert_eq!(
            answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd"),
            Ok((200, "abc".into()))
        );
        assert_eq!(
            answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n"),
            Ok((200, "abcde".into()))
        );
        assert_eq!(answer("HTTP/1.0 404 No\n\nrest"), Ok((404, "rest".into())));
        assert_eq!(answer("HTTP/1.1 204 No\r\n\r\nrest"), Ok((204, String::new())));
        for bad in [
            "",
            "SSH-2.0-x\r\n",
            "HTTP/1.1 200 OK\r\nA: b\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
        ] {
            assert!(answer(bad).is_err(), "{bad}");
        }
        assert!(answer(&format!("HTTP/1.1 200 OK\r\n{}", "A: b\r\n".repeat(100_000))).is_err());
    }
}
