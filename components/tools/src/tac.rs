//! tac: lines last to first.

use crate::console;
use std::ffi::OsString;
use std::io::{self, Read, Write};

/// A longer input is refused: it must be held in memory whole.
const MOST_INPUT: u64 = 512 << 20;

/// Prints the lines of each file, or of standard input, in reverse; exit code 0, or 1 if one could not be read.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let mut files: Vec<OsString> = arguments.into_iter().skip(1).collect();
    if files.is_empty() {
        files.push("-".into());
    }
    let mut out = console::output();
    let mut trouble = false;
    for file in &files {
        match read(file) {
            Ok(bytes) => trouble |= reversed(&bytes, &mut out).is_err(),
            Err(error) => {
                trouble = true;
                console::complain(
                    "tac",
                    format_args!(
                        "failed to open '{}' for reading: {}",
                        file.display(),
                        console::reason(&error)
                    ),
                );
            }
        }
    }
    i32::from(out.flush().is_err() || trouble)
}

fn read(file: &OsString) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = if file == "-" {
        console::input().take(MOST_INPUT).read_to_end(&mut bytes)?
    } else {
        std::fs::File::open(file)?.take(MOST_INPUT).read_to_end(&mut bytes)?
    };
    if length as u64 == MOST_INPUT {
        Err(io::Error::other("longer than 512 MiB"))
    } else {
        Ok(bytes)
    }
}

fn reversed(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut end = bytes.len();
    while end > 0 {
        let start = memchr::memrchr(b'\n', &bytes[..end - 1]).map_or(0, |newline| newline + 1);
        out.write_all(&bytes[start..end])?;
        end = start;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn last_line_first() {
        for (text, found) in [("a\nb\n", "b\na\n"), ("a\nb", "ba\n"), ("", ""), ("\n\n", "\n\n")] {
            let mut out = Vec::new();
            super::reversed(text.as_bytes(), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), found);
        }
    }
}
