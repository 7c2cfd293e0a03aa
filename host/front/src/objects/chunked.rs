//! `aws-chunked` bodies with checksums in their trailer: the data comes out, signatures and trailers stay behind. (The checksum is
//! not needed: the transport has its own, and tar has another.)

/// Longest line of a chunk's head or of the trailer.
const LINE: usize = 1 << 10;
/// Lines of the trailer.
const TRAILERS: usize = 16;

/// Where in the body we are.
enum State {
    /// In a line that begins a chunk.
    Head,
    /// In data, with so many bytes to come.
    Data(u64),
    /// At the line end after data: what is still to come of it.
    After,
    /// In the trailer, with so many lines seen.
    Trailer(usize),
    End,
}

/// Takes the chunks' framing away, piece by piece.
pub struct Decoder {
    state: State,
    line: Vec<u8>,
}

/// The body is not framed as it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken;

impl Decoder {
    pub fn new() -> Self {
        Self {
            state: State::Head,
            line: Vec::new(),
        }
    }

    /// Whether the last chunk has come.
    pub fn ended(&self) -> bool {
        matches!(self.state, State::Trailer(_) | State::End)
    }

    /// Appends the data of one piece.
    pub fn push(&mut self, mut piece: &[u8], data: &mut Vec<u8>) -> Result<(), Broken> {
        while !piece.is_empty() {
            match &mut self.state {
                State::Data(left) => {
                    let take = piece.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    data.extend_from_slice(&piece[..take]);
                    piece = &piece[take..];
                    *left -= take as u64;
                    if *left == 0 {
                        self.state = State::After;
                    }
                }
                State::End => return Err(Broken),
                _ => {
                    let Some(line) = self.line(&mut piece)? else {
                        return Ok(());
                    };
                    self.state = self.after(&line)?;
                }
            }
        }
        Ok(())
    }

    /// A whole line without its end, or none yet.
    fn line(&mut self, piece: &mut &[u8]) -> Result<Option<Vec<u8>>, Broken> {
        let end = piece.iter().position(|&byte| byte == b'\n');
        let take = end.map_or(piece.len(), |end| end + 1);
        if self.line.len() + take > LINE {
            return Err(Broken);
        }
        self.line.extend_from_slice(&piece[..take]);
        *piece = &piece[take..];
        if end.is_none() {
            return Ok(None);
        }
        let mut line = std::mem::take(&mut self.line);
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }

    fn after(&self, line: &[u8]) -> Result<State, Broken> {
        match self.state {
            State::Head => {
                let text = std::str::from_utf8(line).map_err(|_| Broken)?;
                let size = text.split(';').next().unwrap_or_default().trim();
                match u64::from_str_radix(size, 16).map_err(|_| Broken)? {
                    0 => Ok(State::Trailer(0)),
                    size => Ok(State::Data(size)),
                }
            }
            State::After if line.is_empty() => Ok(State::Head),
            State::Trailer(_) if line.is_empty() => Ok(State::End),
            State::Trailer(lines) if lines < TRAILERS => Ok(State::Trailer(lines + 1)),
            _ => Err(Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"5\r\nhello\r\n1;chunk-signature=ab\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";

    #[test]
    fn data_comes_out_however_it_is_cut() {
        for size in 1..=BODY.len() {
            let (mut decoder, mut data) = (Decoder::new(), Vec::new());
            for piece in BODY.chunks(size) {
                assert_eq!(decoder.push(piece, &mut data), Ok(()), "pieces of {size}");
            }
            assert!(decoder.ended());
            assert_eq!(data, b"hello!");
        }
    }

    #[test]
    fn broken_framing_is_refused() {
        for body in [
            "x\r\n",
            "5\r\nhelloX\r\n",
            "0\r\n\r\nmore",
            "-1\r\n",
            "ffffffffffffffffff\r\n",
            &"1".repeat(2000),
        ] {
            let (mut decoder, mut data) = (Decoder::new(), Vec::new());
            assert_eq!(decoder.push(body.as_bytes(), &mut data), Err(Broken), "{body}");
        }
        let (mut decoder, mut data) = (Decoder::new(), Vec::new());
        assert_eq!(decoder.push(b"5\r\nhel", &mut data), Ok(()));
        assert!(!decoder.ended());
    }
}
