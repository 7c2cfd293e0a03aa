//! Keys: which part of a line counts, and how it is compared.

use super::order;
use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};

/// How a key is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// Byte by byte.
    #[default]
    Text,
    /// `-n`.
    Numeric,
    /// `-g`.
    General,
    /// `-h`.
    Human,
    /// `-M`.
    Month,
    /// `-R`.
    Random,
    /// `-V`.
    Version,
}

/// What the letters of a key, or options for all of them, say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Manner {
    /// How it is read.
    pub kind: Kind,
    /// `-r`.
    pub reverse: bool,
    /// `-f`.
    pub fold: bool,
    /// `-d`.
    pub dictionary: bool,
    /// `-i`.
    pub printable: bool,
    /// `-b`, for the start.
    pub blanks_at_start: bool,
    /// `-b`, for the end.
    pub blanks_at_end: bool,
}

/// One key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Key {
    /// Fields before it, and bytes of its first field before it.
    pub start: (usize, usize),
    /// Fields before its end, and bytes of the last one that belong to it; 0 bytes: the field as a whole.
    pub end: Option<(usize, usize)>,
    /// How it is compared.
    pub manner: Manner,
}

/// An order of lines.
pub struct Order {
    /// The keys, the first most important. None: lines as they are.
    pub keys: Vec<Key>,
    /// `-t`.
    pub separator: Option<u8>,
    /// `-r` for the last comparison.
    pub reverse: bool,
    /// Whether lines with equal keys are compared as they are.
    pub last_resort: bool,
    /// For `-R`.
    pub seed: RandomState,
}

impl Order {
    /// Which of two lines comes first.
    pub fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        for key in &self.keys {
            let order = self.compare_key(key, self.part(key, a), self.part(key, b));
            if order != Ordering::Equal {
                return if key.manner.reverse { order.reverse() } else { order };
            }
        }
        if !self.last_resort && !self.keys.is_empty() {
            return Ordering::Equal;
        }
        if self.reverse { b.cmp(a) } else { a.cmp(b) }
    }

    /// A number that is never smaller for a later line: most comparisons need nothing else.
    pub fn prefix(&self, line: &[u8]) -> u64 {
        let Some(key) = self.keys.first() else {
            let prefix = first_bytes(line);
            return if self.reverse { !prefix } else { prefix };
        };
        let part = self.part(key, line);
        let manner = &key.manner;
        let prefix = match manner.kind {
            Kind::Text if manner.is_plain() => first_bytes(part),
            Kind::Text => {
                let mut bytes = [0; 8];
                for (to, from) in bytes.iter_mut().zip(manner.bytes(part)) {
                    *to = from;
                }
                u64::from_be_bytes(bytes)
            }
            Kind::Numeric => order::numeric_prefix(part),
            Kind::General => order::general_prefix(part),
            Kind::Human => order::human_prefix(part),
            Kind::Month => order::month(part),
            Kind::Random => self.seed.hash_one(part),
            Kind::Version => 0,
        };
        if manner.reverse { !prefix } else { prefix }
    }

    fn compare_key(&self, key: &Key, a: &[u8], b: &[u8]) -> Ordering {
        match key.manner.kind {
            Kind::Text if key.manner.is_plain() => a.cmp(b),
            Kind::Text => key.manner.bytes(a).cmp(key.manner.bytes(b)),
            Kind::Numeric => order::numeric(a, b),
            Kind::General => order::general_prefix(a).cmp(&order::general_prefix(b)),
            Kind::Human => order::human(a, b),
            Kind::Month => order::month(a).cmp(&order::month(b)),
            Kind::Random => self.seed.hash_one(a).cmp(&self.seed.hash_one(b)).then_with(|| a.cmp(b)),
            Kind::Version => order::version(a, b),
        }
    }

    fn part<'a>(&self, key: &Key, line: &'a [u8]) -> &'a [u8] {
        let start = self.start(key, line);
        let end = self.end(key, line);
        &line[start..end.max(start)]
    }

    /// Behind `count` fields; behind the separator as well, where there is one and `past` says so for the last.
    fn skip_fields(&self, line: &[u8], count: usize, past: bool) -> usize {
        let mut at = 0;
        for left in (0..count).rev() {
            if at >= line.len() {
                break;
            }
            match self.separator {
                Some(separator) => match memchr::memchr(separator, &line[at..]) {
                    Some(found) => at += found + usize::from(left > 0 || past),
                    None => return line.len(),
                },
                None => {
                    at += line[at..].iter().take_while(|byte| order::is_blank(**byte)).count();
                    at += line[at..].iter().take_while(|byte| !order::is_blank(**byte)).count();
                }
            }
        }
        at
    }

    fn start(&self, key: &Key, line: &[u8]) -> usize {
        let mut at = self.skip_fields(line, key.start.0, true);
        if key.manner.blanks_at_start {
            at += line[at..].iter().take_while(|byte| order::is_blank(**byte)).count();
        }
        at.saturating_add(key.start.1).min(line.len())
    }

    fn end(&self, key: &Key, line: &[u8]) -> usize {
        let Some((fields, bytes)) = key.end else {
            return line.len();
        };
        if bytes == 0 {
            return self.skip_fields(line, fields + 1, false);
        }
        let mut at = self.skip_fields(line, fields, true);
        if key.manner.blanks_at_end {
            at += line[at..].iter().take_while(|byte| order::is_blank(**byte)).count();
        }
        at.saturating_add(bytes).min(line.len())
    }
}

impl Manner {
    fn is_plain(&self) -> bool {
        !self.fold && !self.dictionary && !self.printable
    }

    /// The bytes that count, as they count.
    fn bytes<'a>(&self, text: &'a [u8]) -> impl Iterator<Item = u8> + 'a {
        let Self {
            fold,
            dictionary,
            printable,
            ..
        } = *self;
        text.iter()
            .copied()
            .filter(move |byte| !dictionary || byte.is_ascii_alphanumeric() || order::is_blank(*byte))
            .filter(move |byte| !printable || (b' '..=b'~').contains(byte))
            .map(move |byte| if fold { byte.to_ascii_uppercase() } else { byte })
    }
}

fn first_bytes(text: &[u8]) -> u64 {
    if let Some(first) = text.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    let mut bytes = [0; 8];
    bytes[..text.len()].copy_from_slice(text);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(separator: Option<u8>, key: Key, line: &str) -> String {
        let order = Order {
            keys: vec![],
            separator,
            reverse: false,
            last_resort: true,
            seed: RandomState::new(),
        };
        String::from_utf8(order.part(&key, line.as_bytes()).to_vec()).unwrap()
    }

    #[test]
    fn fields() {
        let key = |start, end| Key {
            start,
            end,
            manner: Manner::default(),
        };
        assert_eq!(part(None, key((1, 0), None), "a  b c"), "  b c");
        assert_eq!(part(None, key((1, 0), Some((1, 0))), "a  b c"), "  b");
        assert_eq!(part(None, key((0, 1), Some((0, 2))), "abc d"), "b");
        assert_eq!(part(None, key((5, 0), None), "a b"), "");
        assert_eq!(part(Some(b':'), key((1, 0), Some((1, 0))), "a:b:c"), "b");
        assert_eq!(part(Some(b':'), key((1, 0), Some((1, 0))), "a::c"), "");
        assert_eq!(part(Some(b':'), key((0, 0), Some((0, 0))), ":b"), "");
        assert_eq!(part(Some(b':'), key((1, 0), Some((2, 1))), "a:b:cd"), "b:c");
        assert_eq!(part(Some(b':'), key((2, 0), None), "a:b"), "");
    }
}
