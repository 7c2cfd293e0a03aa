//! Bytes from a terminal to keys.

/// Longest escape sequence; what is longer is no key, and is dropped.
const MAX_SEQUENCE: usize = 32;

/// Most bytes that one paste may bring.
const MAX_PASTE: usize = super::MAX_LINE;

/// What was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    /// Ctrl and a letter, or one of `@[\]^_`.
    Ctrl(char),
    Alt(char),
    AltBackspace,
    Enter,
    Tab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    WordLeft,
    WordRight,
    /// Text pasted at once (bracketed paste): no key of it is a command.
    Paste(String),
    /// A sequence that means nothing here.
    Unknown,
}

/// Assembles keys from bytes.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// An escape sequence or a UTF-8 character that is not complete.
    held: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// The end of a bracketed paste.
const PASTE_END: &[u8] = b"\x1b[201~";

impl Decoder {
    /// Takes a byte; the key that it completes.
    pub fn feed(&mut self, byte: u8) -> Option<Key> {
        if let Some(paste) = &mut self.paste {
            paste.push(byte);
            if paste.ends_with(PASTE_END) || paste.len() >= MAX_PASTE {
                let mut bytes = self.paste.take().unwrap_or_default();
                if bytes.ends_with(PASTE_END) {
                    bytes.truncate(bytes.len() - PASTE_END.len());
                }
                let text = crate::text::decode(&bytes).replace("\r\n", "\n").replace('\r', "\n");
                return Some(Key::Paste(text));
            }
            return None;
        }
        self.held.push(byte);
        let key = self.decode()?;
        self.held.clear();
        match key {
            // A byte that no character continues with begins the next key.
            Held::Broken(text) => Some(Key::Char(text)),
            Held::Key(Key::Unknown) => Some(Key::Unknown),
            Held::Key(key) => Some(key),
            Held::PasteBegins => {
                self.paste = Some(Vec::new());
                None
            }
        }
    }

    /// What the held bytes are; none if more must come.
    fn decode(&self) -> Option<Held> {
        let first = *self.held.first()?;
        if first == 0x1b {
            return self.escape();
        }
        if first < 0x80 {
            return Some(Held::Key(plain(first)));
        }
        let want = match first {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => return Some(Held::Broken(crate::text::stray(first))),
        };
        match std::str::from_utf8(&self.held) {
            Ok(text) => text.chars().next().map(|c| Held::Key(Key::Char(c))),
            // Not a character, and never will be: a key that follows must not be lost with it.
            Err(e) if e.error_len().is_some() || self.held.len() >= want => match self.held.last() {
                Some(last) if *last < 0x80 && *last != 0x1b => Some(Held::Key(plain(*last))),
                _ => Some(Held::Broken(crate::text::stray(first))),
            },
            Err(_) => None,
        }
    }

    fn escape(&self) -> Option<Held> {
        let rest = self.held.get(1..)?;
        let second = *rest.first()?;
        if self.held.len() > MAX_SEQUENCE {
            return Some(Held::Key(Key::Unknown));
        }
        match second {
            b'[' => {
                let last = *rest.last()?;
                if rest.len() < 2 || !(0x40..=0x7e).contains(&last) {
                    // The Linux console's function keys have a second bracket; and a control byte breaks a sequence.
                    return (rest.len() >= 2 && last < 0x20).then_some(Held::Key(Key::Unknown));
                }
                let parameters = rest.get(1..rest.len() - 1).unwrap_or_default();
                Some(csi(parameters, last))
            }
            b'O' => {
                let third = *rest.get(1)?;
                Some(csi(&[], third))
            }
            0x1b => Some(Held::Key(Key::Unknown)),
            0x7f | 0x08 => Some(Held::Key(Key::AltBackspace)),
            c if c.is_ascii_graphic() => Some(Held::Key(Key::Alt(c.to_ascii_lowercase() as char))),
            _ => Some(Held::Key(Key::Unknown)),
        }
    }
}

enum Held {
    Key(Key),
    Broken(char),
    PasteBegins,
}

fn plain(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x7f | 0x08 => Key::Backspace,
        0..=0x1f => Key::Ctrl((byte + 0x40).to_ascii_lowercase() as char),
        _ => Key::Char(byte as char),
    }
}

fn csi(parameters: &[u8], last: u8) -> Held {
    let modified = parameters.contains(&b';');
    Held::Key(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if modified => Key::WordRight,
        b'C' => Key::Right,
        b'D' if modified => Key::WordLeft,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'M' => Key::Enter,
        b'~' => match parameters.split(|b| *b == b';').next().unwrap_or_default() {
            b"1" | b"7" => Key::Home,
            b"4" | b"8" => Key::End,
            b"3" => Key::Delete,
            b"200" => return Held::PasteBegins,
            _ => Key::Unknown,
        },
        _ => Key::Unknown,
    })
}
