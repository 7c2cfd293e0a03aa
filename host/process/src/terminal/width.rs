//! How typed bytes show, and how many columns erasing them takes back.

const TAB: usize = 8;

/// Bytes of the last character of `line`: UTF-8 as far as it is any.
pub(super) fn last_character(line: &[u8]) -> usize {
    let continuation = |byte: &u8| *byte & 0xc0 == 0x80;
    let trailing = line.iter().rev().take(3).take_while(|byte| continuation(byte)).count();
    let starts = line.len() > trailing && line[line.len() - trailing - 1] >= 0xc0;
    if trailing > 0 && starts {
        trailing + 1
    } else {
        usize::from(!line.is_empty())
    }
}

/// The echo of one byte: control characters as `^X`.
pub(super) fn shown(byte: u8, echo: &mut Vec<u8>) {
    match byte {
        b'\n' | b'\t' => echo.push(byte),
        0..0x20 => echo.extend_from_slice(&[b'^', byte + 0x40]),
        0x7f => echo.extend_from_slice(b"^?"),
        _ => echo.push(byte),
    }
}

/// Columns that `line` takes beyond its first `left` bytes. Lines are taken to start in the first column.
pub(super) fn erased_width(line: &[u8], left: usize) -> usize {
    let mut column = 0;
    let mut before = 0;
    for (index, byte) in line.iter().enumerate() {
        if index == left {
            before = column;
        }
        column += match byte {
            b'\t' => TAB - column % TAB,
            0..0x20 | 0x7f => 2,
            // Part of a character that is counted already.
            0x80..0xc0 => 0,
            _ => 1,
        };
    }
    if left >= line.len() { 0 } else { column - before }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters() {
        assert_eq!(last_character(b""), 0);
        assert_eq!(last_character(b"ab"), 1);
        assert_eq!(last_character("aü".as_bytes()), 2);
        assert_eq!(last_character("€".as_bytes()), 3);
        assert_eq!(last_character("😀".as_bytes()), 4);
        assert_eq!(last_character(b"\x80\x80\x80\x80\x80"), 1);
    }

    #[test]
    fn widths() {
        assert_eq!(erased_width(b"ab\t", 2), 6);
        assert_eq!(erased_width(b"a\x01", 1), 2);
        assert_eq!(erased_width("ü".as_bytes(), 0), 1);
        assert_eq!(erased_width(b"", 0), 0);
    }
}
