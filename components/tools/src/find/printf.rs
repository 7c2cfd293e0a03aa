//! find's `-printf`.

use super::Entry;
use crate::{calendar, modes, users};
use std::io::{self, Write};

/// A piece of a format.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Printed as it is.
    Text(String),
    /// A directive by its letter, with a least width, negative to the left.
    Field(char, i32),
    /// `%T` and a letter: the time of modification in one format.
    Time(char),
}

/// Reads a format.
///
/// # Errors
/// A directive that is not known.
pub fn parse(format: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.push(match rest.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('0') => '\0',
                Some('r') => '\r',
                Some('a') => '\x07',
                Some(other) => other,
                None => '\\',
            }),
            '%' => {
                let mut width = String::new();
                while let Some(part) = rest.next_if(|c| c.is_ascii_digit() || *c == '-') {
                    width.push(part);
                }
                let letter = rest.next().ok_or("trailing % in -printf format")?;
                if letter == '%' {
                    text.push('%');
                    continue;
                }
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(match letter {
                    'T' | 'A' | 'C' => Piece::Time(rest.next().ok_or("missing time format in -printf")?),
                    'p' | 'f' | 'h' | 'P' | 's' | 'm' | 'M' | 'y' | 'l' | 'd' | 'u' | 'U' | 'g' | 'G' | 'n' | 'i'
                    | 't' | 'k' | 'b' | 'H' | 'a' | 'c' => Piece::Field(letter, width.parse().unwrap_or(0)),
                    other => return Err(format!("unrecognized -printf directive '%{other}'")),
                });
            }
            other => text.push(other),
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

/// Prints the pieces for one file.
///
/// # Errors
/// Those of writing.
pub fn print(pieces: &[Piece], entry: &Entry, out: &mut impl Write) -> io::Result<()> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.write_all(text.as_bytes())?,
            Piece::Time(letter) => out.write_all(time(*letter, entry).as_bytes())?,
            Piece::Field(letter, width) => {
                let text = field(*letter, entry);
                let columns = width.unsigned_abs() as usize;
                if *width < 0 {
                    write!(out, "{text:<columns$}")?
                } else {
                    write!(out, "{text:>columns$}")?
                }
            }
        }
    }
    Ok(())
}

fn field(letter: char, entry: &Entry) -> String {
    let path = entry.path.to_string_lossy();
    let status = &entry.status;
    match letter {
        'p' => path.into_owned(),
        'f' => entry.name().to_string_lossy().into_owned(),
        'h' => path
            .trim_end_matches('/')
            .rsplit_once('/')
            .map_or(".", |(parent, _)| parent)
            .to_owned(),
        'H' => entry.root.to_string_lossy().into_owned(),
        'P' => path
            .strip_prefix(&*entry.root.to_string_lossy())
            .unwrap_or(&path)
            .trim_start_matches('/')
            .to_owned(),
        's' => status.size.to_string(),
        'k' => status.size.div_ceil(1024).to_string(),
        'b' => status.size.div_ceil(512).to_string(),
        'm' => format!("{:o}", status.mode),
        'M' => modes::in_letters(status),
        'y' => entry.type_letter().to_string(),
        'l' => std::fs::read_link(&entry.path)
            .map(|to| to.to_string_lossy().into_owned())
            .unwrap_or_default(),
        'd' => entry.depth.to_string(),
        'u' => users::name_of(users::PASSWD, status.uid),
        'U' => status.uid.to_string(),
        'g' => users::name_of(users::GROUP, status.gid),
        'G' => status.gid.to_string(),
        'n' => status.links.to_string(),
        'i' => status.inode.to_string(),
        _ => {
            let civil = calendar::civil(status.modified);
            format!("{}.{:09}0", civil.full(), civil.nanosecond)
        }
    }
}

fn time(letter: char, entry: &Entry) -> String {
    let civil = calendar::civil(entry.status.modified);
    let (seconds, nanoseconds) = calendar::unix(entry.status.modified);
    match letter {
        '@' => format!("{seconds}.{nanoseconds:09}0"),
        'Y' => civil.year.to_string(),
        'm' => format!("{:02}", civil.month),
        'd' => format!("{:02}", civil.day),
        'H' => format!("{:02}", civil.hour),
        'M' => format!("{:02}", civil.minute),
        'S' => format!("{:02}.{nanoseconds:09}0", civil.second),
        'F' => civil.full()[..10].to_owned(),
        'T' => format!("{}.{nanoseconds:09}0", &civil.full()[11..]),
        'b' => civil.month_name().to_owned(),
        's' => seconds.to_string(),
        _ => civil.full(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        assert_eq!(
            parse("%p\\t%-5s%%\\n").unwrap(),
            [
                Piece::Field('p', 0),
                Piece::Text("\t".into()),
                Piece::Field('s', -5),
                Piece::Text("%\n".into())
            ]
        );
        assert_eq!(parse("%T@").unwrap(), [Piece::Time('@')]);
        assert!(parse("%q").is_err());
    }
}
