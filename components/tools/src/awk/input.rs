//! Records of an input.

use super::regex::Pattern;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes asked for at once.
const PIECE: usize = 64 * 1024;
/// A longer record is refused: it must be held in memory whole.
const MOST_RECORD: usize = 256 << 20;

/// What ends a record.
#[derive(Clone)]
pub enum Separator {
    /// This byte.
    Byte(u8),
    /// Empty lines; newlines separate fields, too.
    Paragraph,
    /// What matches.
    Pattern(Rc<Pattern>),
}

/// An input, cut into records.
pub struct Records {
    input: Box<dyn Read>,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
}

impl Records {
    /// Over a whole input.
    pub fn new(input: Box<dyn Read>) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            ended: false,
        }
    }

    /// Reads more; false at the end of the input.
    fn more(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        if self.buffer.len() > MOST_RECORD {
            return Err(io::Error::other("a record is longer than 256 MiB"));
        }
        let length = self.buffer.len();
        self.buffer.resize(length + PIECE, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(length + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(!self.ended)
    }

    /// The next record, and what ended it; none at the end of the input.
    ///
    /// # Errors
    /// The input cannot be read, or a record is too long.
    pub fn next(&mut self, separator: &Separator) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        if matches!(separator, Separator::Paragraph) {
            // Empty lines before the first record are none of it.
            loop {
                while self.buffer.get(self.start) == Some(&b'\n') {
                    self.start += 1;
                }
                if self.start < self.buffer.len() || !self.more()? {
                    break;
                }
            }
        }
        let mut searched = 0;
        loop {
            let waiting = &self.buffer[self.start..];
            let found = match separator {
                Separator::Byte(byte) => {
                    memchr::memchr(*byte, &waiting[searched..]).map(|at| (searched + at, searched + at + 1))
                }
                Separator::Paragraph => {
                    memchr::memmem::find(&waiting[searched.saturating_sub(1)..], b"\n\n").and_then(|at| {
                        let at = searched.saturating_sub(1) + at;
                        let newlines = waiting[at..].iter().take_while(|b| **b == b'\n').count();
                        // More of them may come.
                        (at + newlines < waiting.len() || self.ended).then_some((at, at + newlines))
                    })
                }
                Separator::Pattern(pattern) => pattern
                    .find(waiting, 0)
                    .filter(|(from, to)| to > from && (*to < waiting.len() || self.ended)),
            };
            if let Some((end, next)) = found {
                let record = waiting[..end].to_vec();
                let ending = waiting[end..next].to_vec();
                self.start += next;
                return Ok(Some((record, ending)));
            }
            if !matches!(separator, Separator::Pattern(_)) {
                searched = waiting.len();
            }
            if !self.more()? {
                break;
            }
        }
        let mut rest = self.buffer.split_off(self.start);
        self.buffer.clear();
        self.start = 0;
        if rest.is_empty() {
            return Ok(None);
        }
        let mut ending = Vec::new();
        if matches!(separator, Separator::Paragraph) && rest.last() == Some(&b'\n') {
            rest.pop();
            ending.push(b'\n');
        }
        Ok(Some((rest, ending)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &'static str, separator: &Separator) -> Vec<String> {
        let mut records = Records::new(Box::new(text.as_bytes()));
        let mut found = Vec::new();
        while let Some((record, _)) = records.next(separator).unwrap() {
            found.push(String::from_utf8(record).unwrap());
        }
        found
    }

    #[test]
    fn cuts() {
        assert_eq!(all("a\nb\n\nc", &Separator::Byte(b'\n')), ["a", "b", "", "c"]);
        assert_eq!(all("\n\na\nb\n\n\n\nc\n", &Separator::Paragraph), ["a\nb", "c"]);
        let pattern = Separator::Pattern(Rc::new(Pattern::new(b"[0-9]+").unwrap()));
        assert_eq!(all("a1b22c\n", &pattern), ["a", "b", "c\n"]);
    }
}
