//! The line discipline: what typing means. Pure: bytes in, echo and signals out, lines to be read.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Mode;
use super::width::{erased_width, last_character, shown};
use crate::limits::MAX_LINE;
use crate::status::Signal;

const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const KILL: u8 = 0x15;
const WORD_ERASE: u8 = 0x17;
const SUSPEND: u8 = 0x1a;
const QUIT: u8 = 0x1c;
const DELETE: u8 = 0x7f;
const BELL: u8 = 0x07;

/// What came of bytes that were typed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// To be written to the terminal, line feeds not yet translated.
    pub(super) echo: Vec<u8>,
    /// For the foreground group, in order.
    pub(super) signals: Vec<Signal>,
}

/// What a read finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, or part of one; in raw mode whatever there is.
    Bytes(Bytes),
    /// Nothing yet.
    Nothing,
    /// Ctrl-D on an empty line: an end of input, once.
    End,
}

#[derive(Debug)]
enum Segment {
    Bytes(Vec<u8>),
    End,
}

/// The state of the discipline.
#[derive(Debug)]
pub(super) struct Discipline {
    mode: Mode,
    /// The line being typed, in canonical mode.
    line: Vec<u8>,
    /// What can be read: whole lines in canonical mode.
    ready: VecDeque<Segment>,
    /// Bytes in `ready`.
    waiting: usize,
}

impl Discipline {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            line: Vec::new(),
            ready: VecDeque::new(),
            waiting: 0,
        }
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Changes the mode. What waits stays readable; a line that is being typed becomes so without canonical mode.
    pub(super) fn set_mode(&mut self, mode: Mode) {
        if !mode.canonical && !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.push(line);
        }
        self.mode = mode;
    }

    /// Bytes that wait to be read or to be completed.
    pub(super) fn waiting(&self) -> usize {
        self.waiting + self.line.len()
    }

    pub(super) fn can_read(&self) -> bool {
        !self.ready.is_empty()
    }

    /// One typed byte.
    pub(super) fn type_byte(&mut self, byte: u8, typed: &mut Typed) {
        let byte = if byte == b'\r' && self.mode.canonical {
            b'\n'
        } else {
            byte
        };
        if self.mode.signals
            && let Some(signal) = signal_of(byte)
        {
            // What was typed before it is gone, also what waits to be read.
            self.line.clear();
            self.ready.clear();
            self.waiting = 0;
            self.echo(byte, typed);
            typed.signals.push(signal);
            return;
        }
        if !self.mode.canonical {
            self.push_byte(byte);
            self.echo(byte, typed);
            return;
        }
        match byte {
            DELETE | BACKSPACE => self.erase_character(typed),
            KILL => self.erase_while(typed, |_| true),
            WORD_ERASE => {
                self.erase_while(typed, |byte| byte.is_ascii_whitespace());
                self.erase_while(typed, |byte| !byte.is_ascii_whitespace());
            }
            END => {
                if self.line.is_empty() {
                    self.ready.push_back(Segment::End);
                } else {
                    let line = std::mem::take(&mut self.line);
                    self.push(line);
                }
            }
            b'\n' => {
                let mut line = std::mem::take(&mut self.line);
                line.push(byte);
                self.push(line);
                self.echo(byte, typed);
            }
            // Room for the line feed.
            _ if self.line.len() + 1 >= MAX_LINE => typed.echo.push(BELL),
            _ => {
                self.line.push(byte);
                self.echo(byte, typed);
            }
        }
    }

    /// Takes up to `most` bytes, at most one line.
    pub(super) fn take(&mut self, most: usize) -> Line {
        match self.ready.pop_front() {
            None => Line::Nothing,
            Some(Segment::End) => Line::End,
            Some(Segment::Bytes(mut bytes)) => {
                if bytes.len() > most {
                    let rest = bytes.split_off(most);
                    self.ready.push_front(Segment::Bytes(rest));
                }
                self.waiting -= bytes.len();
                Line::Bytes(bytes.into())
            }
        }
    }

    fn push(&mut self, line: Vec<u8>) {
        self.waiting += line.len();
        self.ready.push_back(Segment::Bytes(line));
    }

    fn push_byte(&mut self, byte: u8) {
        self.waiting += 1;
        match self.ready.back_mut() {
            // Lines of canonical mode keep their ends.
            Some(Segment::Bytes(bytes)) if bytes.last() != Some(&b'\n') || byte == b'\n' => bytes.push(byte),
            _ => self.ready.push_back(Segment::Bytes(vec![byte])),
        }
    }

    fn echo(&self, byte: u8, typed: &mut Typed) {
        if self.mode.echo {
            shown(byte, &mut typed.echo);
        }
    }

    fn erase_character(&mut self, typed: &mut Typed) {
        let length = last_character(&self.line);
        self.erase(length, typed);
    }

    fn erase_while(&mut self, typed: &mut Typed, condition: impl Fn(u8) -> bool) {
        while self.line.last().is_some_and(|byte| condition(*byte)) {
            self.erase_character(typed);
        }
    }

    fn erase(&mut self, bytes: usize, typed: &mut Typed) {
        let left = self.line.len() - bytes;
        if self.mode.echo {
            for _ in 0..erased_width(&self.line, left) {
                typed.echo.extend_from_slice(b"\x08 \x08");
            }
        }
        self.line.truncate(left);
    }
}

fn signal_of(byte: u8) -> Option<Signal> {
    match byte {
        INTERRUPT => Some(Signal::INT),
        QUIT => Some(Signal::QUIT),
        SUSPEND => Some(Signal::TSTP),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(discipline: &mut Discipline, bytes: &[u8]) -> Typed {
        let mut typed = Typed::default();
        for byte in bytes {
            discipline.type_byte(*byte, &mut typed);
        }
        typed
    }

    fn cooked() -> Discipline {
        Discipline::new(Mode::cooked())
    }

    fn line(text: &'static str) -> Line {
        Line::Bytes(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn lines_come_one_by_one_when_complete() {
        let mut d = cooked();
        assert_eq!(typed(&mut d, b"ab").echo, b"ab");
        assert_eq!(d.take(100), Line::Nothing);
        typed(&mut d, b"c\rsecond\n");
        assert_eq!(d.take(2), line("ab"));
        assert_eq!(d.take(100), line("c\n"));
        assert_eq!(d.take(100), line("second\n"));
        assert_eq!(d.take(100), Line::Nothing);
        assert_eq!(d.waiting(), 0);
    }

    #[test]
    fn erasing_is_echoed_by_width() {
        let mut d = cooked();
        assert_eq!(typed(&mut d, b"a\x7f\x7f").echo, b"a\x08 \x08");
        assert_eq!(typed(&mut d, "ü\u{7f}".as_bytes()).echo, "ü\x08 \x08".as_bytes());
        assert_eq!(typed(&mut d, b"\x01\x08").echo, b"^A\x08 \x08\x08 \x08");
        typed(&mut d, b"one two  \x17");
        typed(&mut d, b"x\n");
        assert_eq!(d.take(100), line("one x\n"));
        let echo = typed(&mut d, b"abc\x15").echo;
        assert_eq!(echo, b"abc\x08 \x08\x08 \x08\x08 \x08");
        typed(&mut d, b"\n");
        assert_eq!(d.take(100), line("\n"));
    }

    #[test]
    fn ends_of_input_come_once() {
        let mut d = cooked();
        assert_eq!(typed(&mut d, b"\x04").echo, b"");
        assert_eq!(d.take(9), Line::End);
        assert_eq!(d.take(9), Line::Nothing);
        typed(&mut d, b"ab\x04");
        assert_eq!(d.take(9), line("ab"));
        assert_eq!(d.take(9), Line::Nothing);
    }

    #[test]
    fn signals_flush_what_was_typed() {
        let mut d = cooked();
        let result = typed(&mut d, b"whole\npart\x03");
        assert_eq!(result.signals, [Signal::INT]);
        assert_eq!(result.echo, b"whole\npart^C");
        assert_eq!(d.take(100), Line::Nothing);
        assert_eq!(typed(&mut d, b"\x1a\x1c").signals, [Signal::TSTP, Signal::QUIT]);
    }

    #[test]
    fn raw_mode_hands_on_everything_at_once() {
        let mut d = cooked();
        typed(&mut d, b"half");
        let raw = Mode {
            echo: false,
            canonical: false,
            signals: false,
            output: true,
        };
        d.set_mode(raw);
        assert_eq!(typed(&mut d, b"\x03\x04\x7f\r").echo, b"");
        assert_eq!(d.take(100), line("half\x03\x04\x7f\r"));
        d.set_mode(Mode::cooked());
        assert_eq!(d.take(100), Line::Nothing);
    }

    #[test]
    fn long_lines_ring_the_bell() {
        let mut d = cooked();
        let result = typed(&mut d, &vec![b'x'; MAX_LINE + 10]);
        assert_eq!(result.echo.iter().filter(|byte| **byte == BELL).count(), 11);
        typed(&mut d, b"\n");
        let Line::Bytes(bytes) = d.take(usize::MAX) else {
            panic!("a line")
        };
        assert_eq!(bytes.len(), MAX_LINE);
    }

    #[test]
    fn without_echo_nothing_shows() {
        let mut d = Discipline::new(Mode {
            echo: false,
            ..Mode::cooked()
        });
        let result = typed(&mut d, b"secret\x7f\x03\n");
        assert_eq!((result.echo.as_slice(), result.signals), (&b""[..], vec![Signal::INT]));
    }
}
