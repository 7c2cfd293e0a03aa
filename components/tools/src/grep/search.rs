//! Searching one stream: lines in, selected lines out, with context.

use super::matcher::Matcher;
use super::options::{Options, Report};
use std::collections::VecDeque;
use std::io::{self, Read, Write};

/// Bytes read at once: a pipe's capacity.
const CHUNK: usize = 64 * 1024;
/// A longer line is refused: it must be held in memory whole.
const MOST_LINE: usize = 256 << 20;

/// One line that may yet be printed as context before a match.
struct Held {
    number: u64,
    offset: u64,
    line: Vec<u8>,
}

/// The search of one file.
pub struct Search<'a, W: Write> {
    options: &'a Options,
    matcher: &'a Matcher,
    out: &'a mut W,
    /// Printed before each line, if names are.
    name: Option<&'a [u8]>,
    /// For messages.
    shown_name: &'a str,
    binary: bool,
    selected: u64,
    /// Number of the line that comes next.
    number: u64,
    /// Offset of the line that comes next.
    offset: u64,
    after_left: usize,
    held: VecDeque<Held>,
    last_printed: Option<u64>,
}

impl<'a, W: Write> Search<'a, W> {
    /// `name` is printed before lines if given; `shown_name` is for messages.
    pub fn new(
        options: &'a Options,
        matcher: &'a Matcher,
        out: &'a mut W,
        name: Option<&'a [u8]>,
        shown_name: &'a str,
    ) -> Self {
        Self {
            options,
            matcher,
            out,
            name,
            shown_name,
            binary: false,
            selected: 0,
            number: 1,
            offset: 0,
            after_left: 0,
            held: VecDeque::new(),
            last_printed: None,
        }
    }

    /// Searches to the end, or as far as needed, and tells how many lines were selected.
    ///
    /// # Errors
    /// Those of reading and writing, and a line over 256 MiB.
    pub fn run(mut self, input: &mut impl Read) -> io::Result<u64> {
        let mut buffer: Vec<u8> = Vec::with_capacity(CHUNK);
        loop {
            let ended = fill(&mut buffer, input)? == 0;
            let complete = if ended {
                buffer.len()
            } else {
                memchr::memrchr(b'\n', &buffer).map_or(0, |newline| newline + 1)
            };
            if !self.options.binary_as_text && !self.binary && memchr::memchr(0, &buffer).is_some() {
                self.binary = true;
                if self.options.skip_binary {
                    return Ok(0);
                }
            }
            let finished = self.lines(&buffer[..complete])?;
            if finished || ended {
                return Ok(self.selected);
            }
            buffer.drain(..complete);
            if buffer.len() > MOST_LINE {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "line is longer than 256 MiB",
                ));
            }
        }
    }

    /// Whole lines. True if the search may end.
    fn lines(&mut self, lines: &[u8]) -> io::Result<bool> {
        let mut at = 0;
        let mut next = self.matcher.next_line(lines, 0);
        while at < lines.len() {
            if self.options.most.is_some_and(|most| self.selected >= most) {
                if self.after_left == 0 {
                    return Ok(true);
                }
                self.skip(&lines[at..])?;
                return Ok(self.after_left == 0);
            }
            let matched = next.map(|(start, _)| start);
            if !self.options.invert {
                let Some((start, end)) = next else {
                    self.skip(&lines[at..])?;
                    break;
                };
                self.skip(&lines[at..start])?;
                if self.select(&lines[start..end])? {
                    return Ok(true);
                }
                at = end;
                next = self.matcher.next_line(lines, end);
            } else if matched == Some(at) {
                let end = next.map_or(lines.len(), |(_, end)| end);
                self.skip(&lines[at..end])?;
                at = end;
                next = self.matcher.next_line(lines, end);
            } else {
                let end = memchr::memchr(b'\n', &lines[at..]).map_or(lines.len(), |newline| at + newline + 1);
                if self.select(&lines[at..end])? {
                    return Ok(true);
                }
                at = end;
            }
        }
        Ok(false)
    }

    /// Lines that are not selected; some may be context.
    fn skip(&mut self, lines: &[u8]) -> io::Result<()> {
        let context = self.options.before > 0 || self.options.after > 0;
        if !context || !matches!(self.options.report, Report::Lines) {
            if self.options.line_numbers {
                self.number += memchr::memchr_iter(b'\n', lines).count() as u64;
            }
            self.offset += lines.len() as u64;
            return Ok(());
        }
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if self.after_left > 0 {
                self.after_left -= 1;
                self.print(self.number, self.offset, line, b'-')?;
            } else if self.options.before > 0 {
                if self.held.len() == self.options.before {
                    self.held.pop_front();
                }
                self.held.push_back(Held {
                    number: self.number,
                    offset: self.offset,
                    line: line.to_vec(),
                });
            }
            self.number += 1;
            self.offset += line.len() as u64;
        }
        Ok(())
    }

    /// One selected line. True if the search may end.
    fn select(&mut self, line: &[u8]) -> io::Result<bool> {
        self.selected += 1;
        match self.options.report {
            Report::Nothing | Report::FilesWith | Report::FilesWithout => return Ok(true),
            Report::Count => {}
            Report::Lines | Report::Matches if self.binary => {
                writeln!(self.out, "grep: {}: binary file matches", self.shown_name)?;
                return Ok(true);
            }
            Report::Lines => {
                while let Some(held) = self.held.pop_front() {
                    self.print(held.number, held.offset, &held.line, b'-')?;
                }
                self.print(self.number, self.offset, line, b':')?;
                self.after_left = self.options.after;
            }
            Report::Matches if self.options.invert => {}
            Report::Matches => self.print_matches(line)?,
        }
        self.number += 1;
        self.offset += line.len() as u64;
        if self.options.line_buffered {
            self.out.flush()?;
        }
        Ok(false)
    }

    fn print_matches(&mut self, line: &[u8]) -> io::Result<()> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let mut from = 0;
        while let Some((start, end)) = self.matcher.find(text, from) {
            if end > start {
                self.prefix(self.number, self.offset + start as u64, b':')?;
                self.out.write_all(&text[start..end])?;
                self.out.write_all(b"\n")?;
            }
            from = if end > start { end } else { next_boundary(text, end) };
            if from > text.len() {
                break;
            }
        }
        Ok(())
    }

    fn print(&mut self, number: u64, offset: u64, line: &[u8], separator: u8) -> io::Result<()> {
        if self.options.before > 0 || self.options.after > 0 {
            if self.last_printed.is_some_and(|last| number > last + 1) {
                self.out.write_all(b"--\n")?;
            }
            self.last_printed = Some(number);
        }
        self.prefix(number, offset, separator)?;
        self.out.write_all(line)?;
        if !line.ends_with(b"\n") {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn prefix(&mut self, number: u64, offset: u64, separator: u8) -> io::Result<()> {
        if let Some(name) = self.name {
            self.out.write_all(name)?;
            self.out
                .write_all(&[if self.options.null_after_name { 0 } else { separator }])?;
        }
        if self.options.line_numbers {
            write!(self.out, "{number}{}", char::from(separator))?;
        }
        if self.options.byte_offsets {
            write!(self.out, "{offset}{}", char::from(separator))?;
        }
        Ok(())
    }
}

/// Behind the character at `at`, so that an empty match is not found again nor a character cut in two.
fn next_boundary(text: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while next < text.len() && text[next] & 0xc0 == 0x80 {
        next += 1;
    }
    next
}

/// Reads once more into the buffer's spare room.
fn fill(buffer: &mut Vec<u8>, input: &mut impl Read) -> io::Result<usize> {
    let old = buffer.len();
    // A long line doubles the buffer each time, so that it is copied only a few times over.
    buffer.resize(old + CHUNK.max(old), 0);
    let read = loop {
        match input.read(&mut buffer[old..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other,
        }
    };
    buffer.truncate(old + *read.as_ref().unwrap_or(&0));
    read
}
