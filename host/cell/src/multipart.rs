//! Multipart bodies, parsed as they arrive: bytes in, events out, in bounded memory however they are cut.

use crate::limits::{BOUNDARY_BYTES, PART_HEADER_BYTES, PREAMBLE_BYTES};
use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;

/// What the parser has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A part begins.
    Part(PartHead),
    /// Some of the part's bytes.
    Data(Bytes),
    /// The part ends.
    PartEnd,
    /// The closing boundary was read; what follows is ignored.
    End,
}

/// What the header lines of a part say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartHead {
    /// `name` of Content-Disposition.
    pub name: String,
    /// `filename` of Content-Disposition.
    pub filename: Option<String>,
}

/// Why a body is not multipart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The Content-Type is not multipart/form-data with a usable boundary.
    #[error("the Content-Type is not multipart/form-data with a boundary")]
    NoBoundary,
    /// Too much before the first boundary.
    #[error("the body does not start with its boundary")]
    NoStart,
    /// After a boundary comes neither a new line nor the end mark.
    #[error("a boundary is followed by garbage")]
    BadDelimiter,
    /// A part's header lines are too long.
    #[error("the headers of a part are longer than {PART_HEADER_BYTES} bytes")]
    LongHeaders,
    /// A part without Content-Disposition and name, or with one that is not UTF-8.
    #[error("a part has no readable Content-Disposition with a name")]
    NoName,
    /// The body ended before its closing boundary.
    #[error("the body ends before its closing boundary")]
    Truncated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    AfterDelimiter,
    Headers,
    Data,
    End,
}

/// The parser. Alternate [`Parser::feed`] and [`Parser::next`] until `next` gives [`Event::End`].
#[derive(Debug)]
pub struct Parser {
    /// `\r\n--boundary`
    delimiter: Vec<u8>,
    buffer: BytesMut,
    state: State,
    finished: bool,
}

impl Parser {
    /// A parser for a body of this Content-Type.
    ///
    /// # Errors
    /// [`MultipartError::NoBoundary`].
    pub fn for_content_type(content_type: &str) -> Result<Self, MultipartError> {
        let (kind, parameters) = content_type.split_once(';').ok_or(MultipartError::NoBoundary)?;
        let multipart = kind.trim().to_ascii_lowercase().starts_with("multipart/");
        let boundary = parameter(parameters, "boundary")
            .filter(|boundary| !boundary.is_empty() && boundary.len() <= BOUNDARY_BYTES && boundary.is_ascii());
        match (multipart, boundary) {
            (true, Some(boundary)) => Ok(Self::new(&boundary)),
            _ => Err(MultipartError::NoBoundary),
        }
    }

    fn new(boundary: &str) -> Self {
        Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            // The first boundary needs no line break before it: give it one.
            buffer: BytesMut::from(&b"\r\n"[..]),
            state: State::Preamble,
            finished: false,
        }
    }

    /// More bytes of the body. Call it only when [`Parser::next`] has given `None`: what is buffered stays small then.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.state != State::End {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The body has ended.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next event; `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`MultipartError`]; the parser is of no use afterwards.
    #[allow(clippy::should_implement_trait)] // fallible, and None does not mean the end
    pub fn next(&mut self) -> Result<Option<Event>, MultipartError> {
        loop {
            let step = match self.state {
                State::Preamble => self.preamble()?,
                State::AfterDelimiter => self.after_delimiter()?,
                State::Headers => self.headers()?,
                State::Data => self.data(),
                State::End => return Ok(Some(Event::End)),
            };
            match step {
                Step::Event(event) => return Ok(Some(event)),
                Step::Go => {}
                Step::More if self.finished => return Err(MultipartError::Truncated),
                Step::More => return Ok(None),
            }
        }
    }

    fn preamble(&mut self) -> Result<Step, MultipartError> {
        match memmem::find(&self.buffer, &self.delimiter) {
            Some(at) => {
                self.buffer.advance(at + self.delimiter.len());
                self.state = State::AfterDelimiter;
                Ok(Step::Go)
            }
            None if self.buffer.len() > PREAMBLE_BYTES + self.delimiter.len() => Err(MultipartError::NoStart),
            None => Ok(Step::More),
        }
    }

    fn after_delimiter(&mut self) -> Result<Step, MultipartError> {
        // Transport padding: blanks that a gateway may have added.
        let padding = self
            .buffer
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        if padding > PART_HEADER_BYTES {
            return Err(MultipartError::BadDelimiter);
        }
        match self.buffer.get(padding..padding + 2) {
            Some(b"--") if padding == 0 => {
                self.state = State::End;
                self.buffer.clear();
                Ok(Step::Go)
            }
            Some(b"\r\n") => {
                // The line break stays: it makes a part without headers look like one with.
                self.buffer.advance(padding);
                self.state = State::Headers;
                Ok(Step::Go)
            }
            Some(_) => Err(MultipartError::BadDelimiter),
            None => Ok(Step::More),
        }
    }

    fn headers(&mut self) -> Result<Step, MultipartError> {
        match memmem::find(&self.buffer, b"\r\n\r\n") {
            Some(end) if end <= PART_HEADER_BYTES => {
                let head = parse_head(&self.buffer[..end])?;
                self.buffer.advance(end + 4);
                self.state = State::Data;
                Ok(Step::Event(Event::Part(head)))
            }
            None if self.buffer.len() <= PART_HEADER_BYTES => Ok(Step::More),
            _ => Err(MultipartError::LongHeaders),
        }
    }

    fn data(&mut self) -> Step {
        if let Some(at) = memmem::find(&self.buffer, &self.delimiter) {
            if at > 0 {
                return Step::Event(Event::Data(self.buffer.split_to(at).freeze()));
            }
            self.buffer.advance(self.delimiter.len());
            self.state = State::AfterDelimiter;
            return Step::Event(Event::PartEnd);
        }
        // The last bytes may be the beginning of a delimiter.
        let keep = self.delimiter.len() - 1;
        if self.buffer.len() > keep {
            let surely = self.buffer.len() - keep;
            return Step::Event(Event::Data(self.buffer.split_to(surely).freeze()));
        }
        Step::More
    }
}

enum Step {
    Event(Event),
    Go,
    More,
}

fn parse_head(lines: &[u8]) -> Result<PartHead, MultipartError> {
    let text = std::str::from_utf8(lines).map_err(|_| MultipartError::NoName)?;
    let disposition = text
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        .and_then(|(_, value)| value.split_once(';'))
        .map(|(_, parameters)| parameters)
        .ok_or(MultipartError::NoName)?;
    Ok(PartHead {
        name: parameter(disposition, "name").ok_or(MultipartError::NoName)?,
        filename: parameter(disposition, "filename"),
    })
}

/// The value of one `key=value` or `key="value"` of a header's parameters.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        let (key, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        if key.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// Reads a token or a quoted string; gives it and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return Some((text[..end].trim().to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            // Only a quote or a backslash is ever escaped; a lone backslash belongs to a Windows file name.
            '\\' if quoted[at + 1..].starts_with(['"', '\\']) => {
                value.extend(characters.next().map(|(_, escaped)| escaped));
            }
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that a body gives when it arrives in pieces of `size`: heads with their bytes.
    fn parse(body: &[u8], size: usize) -> Result<Vec<(PartHead, Vec<u8>)>, MultipartError> {
        let mut parser = Parser::for_content_type("multipart/form-data; boundary=B")?;
        let mut parts: Vec<(PartHead, Vec<u8>)> = Vec::new();
        let mut pieces = body.chunks(size);
        let mut open = false;
        loop {
            match parser.next()? {
                Some(Event::Part(head)) => {
                    assert!(!open);
                    open = true;
                    parts.push((head, Vec::new()));
                }
                Some(Event::Data(data)) => {
                    assert!(open && !data.is_empty());
                    parts.last_mut().expect("a part").1.extend_from_slice(&data);
                }
                Some(Event::PartEnd) => {
                    assert!(open);
                    open = false;
                }
                Some(Event::End) => {
                    assert!(!open);
                    return Ok(parts);
                }
                None => match pieces.next() {
                    Some(piece) => parser.feed(piece),
                    None => parser.finish(),
                },
            }
        }
    }

    const BODY: &[u8] = b"--B\r\nContent-Disposition: form-data; name=\"files[0].path\"\r\n\r\n/a b\r\n\
        --B\r\ncontent-type: x/y\r\nCONTENT-DISPOSITION: form-data; name=\"files[0].file\"; filename=\"q\\\"uo;te.txt\"\r\n\r\n\
        one\r\n--Bx is data\r\n-\r\n--B \r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n--B--\r\nepilogue";

    #[test]
    fn every_cut_gives_the_same_parts() {
        let delimiter_in_data = b"one\r\n-\r\n-B";
        assert!(!BODY.windows(9).any(|window| window == delimiter_in_data));
        // `--Bx` begins with the delimiter and is therefore refused, as every parser does: use another body.
        let body = String::from_utf8_lossy(BODY).replace("--Bx", "--x");
        let whole = parse(body.as_bytes(), usize::MAX).expect("a good body");
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0].0.name, "files[0].path");
        assert_eq!(whole[0].1, b"/a b");
        assert_eq!(whole[1].0.filename.as_deref(), Some("q\"uo;te.txt"));
        assert_eq!(whole[1].1, b"one\r\n--x is data\r\n-");
        assert_eq!(whole[2].0.name, "empty");
        assert!(whole[2].1.is_empty());
        for size in 1..body.len() {
            assert_eq!(parse(body.as_bytes(), size).as_ref(), Ok(&whole), "{size}");
        }
    }

    #[test]
    fn every_truncation_is_noticed() {
        let body = String::from_utf8_lossy(BODY).replace("--Bx", "--x");
        let end = body.find("--B--").expect("an end") + 5;
        for length in 0..end {
            assert!(parse(&body.as_bytes()[..length], 7).is_err(), "{length}");
        }
        assert!(parse(&body.as_bytes()[..end], 7).is_ok());
    }

    #[test]
    fn hostile_bodies_are_refused_early() {
        assert_eq!(parse(BODY, 64), Err(MultipartError::BadDelimiter));
        assert_eq!(parse(&vec![b'x'; 10_000], 100), Err(MultipartError::NoStart));
        let mut long = b"--B\r\nA: ".to_vec();
        long.resize(100_000, b'y');
        assert_eq!(parse(&long, 1000), Err(MultipartError::LongHeaders));
        assert_eq!(
            parse(b"--B\r\nContent-Type: a/b\r\n\r\nx\r\n--B--", 9),
            Err(MultipartError::NoName)
        );
    }

    #[test]
    fn boundaries_are_read_from_the_content_type() {
        let parser = |kind| Parser::for_content_type(kind);
        assert!(parser("multipart/form-data; charset=x; Boundary=\"a b\"").is_ok());
        for bad in [
            "application/json; boundary=x",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"",
        ] {
            assert_eq!(parser(bad).err(), Some(MultipartError::NoBoundary), "{bad}");
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        assert!(parser(&long).is_err());
    }
}
