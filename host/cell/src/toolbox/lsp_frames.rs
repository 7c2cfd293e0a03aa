//! Messages of the language server protocol on a stream: a header with `Content-Length`, and so many bytes of JSON.

use serde_json::Value;

/// Longest header of a message.
const HEADER_BYTES: usize = 1 << 10;

/// What is no message; the server that wrote it is of no more use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than it may be.
    #[error("a message is longer than {0} bytes")]
    TooLong(usize),
    /// No length, or a header without end.
    #[error("a message has no proper header")]
    Header,
    /// The body is no JSON.
    #[error("a message is not JSON")]
    Body,
}

/// The bytes of a message.
#[must_use]
pub fn encode(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Puts pieces of a stream together to messages.
#[derive(Debug)]
pub struct Decoder {
    held: Vec<u8>,
    most: usize,
}

impl Decoder {
    /// For messages of at most `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { held: Vec::new(), most }
    }

    /// The messages that are whole with these bytes.
    ///
    /// # Errors
    /// [`FrameError`]; what follows cannot be made out then.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<Value>, FrameError> {
        self.held.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some((start, length)) = self.header()? {
            let Some(body) = self.held.get(start..start + length) else {
                break;
            };
            messages.push(serde_json::from_slice(body).map_err(|_| FrameError::Body)?);
            self.held.drain(..start + length);
        }
        Ok(messages)
    }

    /// Where the body starts, and how long it is; none if the header is not whole.
    fn header(&self) -> Result<Option<(usize, usize)>, FrameError> {
        let Some(end) = memchr::memmem::find(&self.held, b"\r\n\r\n") else {
            return if self.held.len() > HEADER_BYTES {
                Err(FrameError::Header)
            } else {
                Ok(None)
            };
        };
        let header = self.held.get(..end).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let length = header
            .filter(|header| header.len() <= HEADER_BYTES)
            .and_then(|header| {
                header.split("\r\n").find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.trim().parse::<usize>().ok())?
                })
            })
            .ok_or(FrameError::Header)?;
        if length > self.most {
            return Err(FrameError::TooLong(self.most));
        }
        Ok(Some((end + 4, length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn messages_come_whole_however_they_are_cut() {
        let messages = [
            json!({ "id": 1 }),
            json!({ "text": "ü\r\n\r\nContent-Length: 3" }),
            json!([]),
        ];
        let stream: Vec<u8> = messages.iter().flat_map(encode).collect();
        for size in 1..stream.len() {
            let mut decoder = Decoder::new(100);
            let found: Vec<Value> = stream
                .chunks(size)
                .flat_map(|part| decoder.take(part).expect("messages"))
                .collect();
            assert_eq!(found, messages, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let take = |text: &str| Decoder::new(10).take(text.as_bytes());
        assert_eq!(take("Content-Length: 11\r\n\r\n"), Err(FrameError::TooLong(10)));
        assert_eq!(
            take("Content-Length: 99999999999999999999999\r\n\r\n"),
            Err(FrameError::Header)
        );
        assert_eq!(take("hello\r\n\r\n"), Err(FrameError::Header));
        assert_eq!(take(&"x".repeat(HEADER_BYTES + 1)), Err(FrameError::Header));
        assert_eq!(take("Content-Length: 2\r\n\r\nxx"), Err(FrameError::Body));
        assert_eq!(take("content-length:2\r\nOther: 1\r\n\r\n{}"), Ok(vec![json!({})]));
    }
}
