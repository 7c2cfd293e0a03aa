//! cmp.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};

const TABLE: &[Opt] = &[
    opt('s', "silent", Takes::Nothing),
    opt('s', "quiet", Takes::Nothing),
    opt('l', "verbose", Takes::Nothing),
    opt('b', "print-bytes", Takes::Nothing),
    opt('n', "bytes", Takes::Value),
    opt('i', "ignore-initial", Takes::Value),
];
/// cmp itself failed.
const TROUBLE: i32 = 2;

fn open(name: &str, skip: u64) -> io::Result<Box<dyn Read>> {
    let mut input: Box<dyn Read> = if name == "-" {
        Box::new(BufReader::new(console::input()))
    } else {
        Box::new(BufReader::with_capacity(64 * 1024, File::open(name)?))
    };
    io::copy(&mut input.by_ref().take(skip), &mut io::sink())?;
    Ok(input)
}

/// Compares two files byte by byte: 0 if they are the same, 1 if not, 2 if something went wrong.
pub fn main(arguments: Vec<OsString>) -> i32 {
    run(arguments).unwrap_or_else(|message| {
        console::complain("cmp", message);
        TROUBLE
    })
}

fn run(arguments: Vec<OsString>) -> Result<i32, String> {
    let parsed = getopt::parse(TABLE, arguments.into_iter().skip(1), true)?;
    let (mut silent, mut verbose, mut most, mut skip) = (false, false, u64::MAX, (0, 0));
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("invalid number '{text}'"));
        match option {
            's' => silent = true,
            'l' => verbose = true,
            'n' => most = number(&text)?,
            'i' => {
                skip = match text.split_once(':') {
                    Some((one, two)) => (number(one)?, number(two)?),
                    None => (number(&text)?, number(&text)?),
                }
            }
            _ => {}
        }
    }
    let mut names = parsed.operands.iter().map(|name| name.to_string_lossy().into_owned());
    let first = names.next().ok_or("missing operand: cmp compares two files")?;
    let second = names.next().unwrap_or_else(|| "-".into());
    let opened = |name: &str, skip| open(name, skip).map_err(|error| format!("{name}: {}", console::reason(&error)));
    let mut a = opened(&first, skip.0)?.take(most);
    let mut b = opened(&second, skip.1)?.take(most);
    let mut out = console::output();
    // As wide as the last place of the shorter file.
    let size =
        |name: &str, skip: u64| std::fs::metadata(name).map_or(u64::MAX, |found| found.len().saturating_sub(skip));
    let width = size(&first, skip.0)
        .min(size(&second, skip.1))
        .min(most)
        .to_string()
        .len();
    let how = How { silent, verbose, width };
    let code = compare(&mut a, &mut b, (&first, &second), how, &mut out)
        .and_then(|code| out.flush().map(|()| code))
        .map_err(|error| console::reason(&error))?;
    Ok(code)
}

#[derive(Clone, Copy)]
struct How {
    silent: bool,
    verbose: bool,
    width: usize,
}

fn fill(input: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    input.by_ref().take(64 * 1024).read_to_end(buffer).map(drop)
}

fn compare(
    a: &mut impl Read,
    b: &mut impl Read,
    names: (&str, &str),
    how: How,
    out: &mut impl Write,
) -> io::Result<i32> {
    let How { silent, verbose, width } = how;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let (mut at, mut line, mut differ) = (0_u64, 1_u64, false);
    loop {
        fill(a, &mut left)?;
        fill(b, &mut right)?;
        let both = left.len().min(right.len());
        for position in 0..both {
            let (x, y) = (left[position], right[position]);
            at += 1;
            if x != y {
                if silent {
                    return Ok(1);
                }
                if !verbose {
                    writeln!(out, "{} {} differ: byte {at}, line {line}", names.0, names.1)?;
                    return Ok(1);
                }
                differ = true;
                writeln!(out, "{at:>width$} {x:>3o} {y:>3o}")?;
            }
            line += u64::from(x == b'\n');
        }
        if left.len() != right.len() {
            if !silent {
                out.flush()?;
                let (short, last) = if left.len() < right.len() {
                    (names.0, &left)
                } else {
                    (names.1, &right)
                };
                let ends_line = both > 0 && last[both - 1] == b'\n' || both == 0 && at > 0;
                let place = if verbose {
                    String::new()
                } else if ends_line {
                    format!(", line {}", line - 1)
                } else {
                    format!(", in line {line}")
                };
                let what = if at == 0 {
                    "which is empty".to_owned()
                } else {
                    format!("after byte {at}{place}")
                };
                console::complain("cmp", format_args!("EOF on {short} {what}"));
            }
            return Ok(1);
        }
        if left.is_empty() {
            return Ok(i32::from(differ));
        }
    }
}
