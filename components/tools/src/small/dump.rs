//! xxd and hexdump.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};

const XXD: &[Opt] = &[
    opt('p', "", Takes::Nothing),
    opt('r', "", Takes::Nothing),
    opt('u', "", Takes::Nothing),
    opt('i', "", Takes::Nothing),
    opt('b', "", Takes::Nothing),
    opt('c', "", Takes::Value),
    opt('g', "", Takes::Value),
    opt('l', "", Takes::Value),
    opt('s', "", Takes::Value),
];
/// Bytes in a line of xxd, at most.
const MOST_COLUMNS: usize = 256;

fn open(name: Option<&OsString>) -> io::Result<Box<dyn Read>> {
    match name {
        Some(name) if name != "-" => Ok(Box::new(BufReader::new(File::open(name)?))),
        _ => Ok(Box::new(BufReader::new(console::input()))),
    }
}

fn fail(program: &str, name: Option<&OsString>, error: &io::Error) -> i32 {
    let shown = name
        .map(|name| name.display().to_string())
        .unwrap_or_else(|| "standard input".into());
    console::complain(program, format_args!("{shown}: {}", console::reason(error)));
    1
}

/// xxd: bytes in hexadecimal, and back with `-r`.
pub fn xxd(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(XXD, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("xxd", message);
            return 1;
        }
    };
    let (mut plain, mut reverse, mut upper, mut include, mut bits) = (false, false, false, false, false);
    let (mut columns, mut group, mut most, mut skip) = (None, None, u64::MAX, 0_u64);
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).unwrap_or(0),
            None => text.parse::<u64>().unwrap_or(0),
        };
        match option {
            'p' => plain = true,
            'r' => reverse = true,
            'u' => upper = true,
            'i' => include = true,
            'b' => bits = true,
            'c' => columns = Some(number as usize),
            'g' => group = Some(number as usize),
            'l' => most = number,
            's' => skip = number,
            _ => {}
        }
    }
    let name = parsed.operands.first();
    let mut out = console::output();
    let run = |out: &mut console::Output| -> io::Result<()> {
        let mut input = open(name)?;
        if reverse {
            return back(&mut input, plain, out);
        }
        io::copy(&mut input.by_ref().take(skip), &mut io::sink())?;
        let mut input = input.take(most);
        if include {
            return array(&mut input, name, out);
        }
        let usual = if plain {
            30
        } else if bits {
            6
        } else {
            16
        };
        let columns = columns.filter(|count| *count > 0).unwrap_or(usual).min(MOST_COLUMNS);
        let group = group.unwrap_or(if bits { 1 } else { 2 });
        let group = if group == 0 { columns } else { group };
        let digit = |byte: u8| match (bits, upper) {
            (true, _) => format!("{byte:08b}"),
            (false, true) => format!("{byte:02X}"),
            (false, false) => format!("{byte:02x}"),
        };
        let mut at = skip;
        loop {
            let mut line = Vec::new();
            input.by_ref().take(columns as u64).read_to_end(&mut line)?;
            if line.is_empty() {
                return Ok(());
            }
            if plain {
                let text: String = line.iter().map(|byte| digit(*byte)).collect();
                writeln!(out, "{text}")?;
                continue;
            }
            let mut text = String::new();
            for place in 0..columns {
                match line.get(place) {
                    Some(byte) => text.push_str(&digit(*byte)),
                    None => text.push_str(if bits { "        " } else { "  " }),
                }
                if place % group == group - 1 || place == columns - 1 {
                    text.push(' ');
                }
            }
            writeln!(out, "{at:08x}: {text} {}", visible(&line))?;
            at += line.len() as u64;
        }
    };
    let done = run(&mut out).and_then(|()| out.flush());
    done.map_or_else(|error| fail("xxd", name, &error), |()| 0)
}

fn visible(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| {
            if (32..127).contains(byte) {
                char::from(*byte)
            } else {
                '.'
            }
        })
        .collect()
}

fn array(input: &mut impl Read, name: Option<&OsString>, out: &mut impl Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    input.take(64 << 20).read_to_end(&mut bytes)?;
    let list: Vec<String> = bytes
        .chunks(12)
        .map(|line| {
            let line: Vec<String> = line.iter().map(|byte| format!("0x{byte:02x}")).collect();
            format!("  {}", line.join(", "))
        })
        .collect();
    match name {
        Some(name) => {
            let word: String = name
                .to_string_lossy()
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect();
            writeln!(
                out,
                "unsigned char {word}[] = {{\n{}\n}};\nunsigned int {word}_len = {};",
                list.join(",\n"),
                bytes.len()
            )
        }
        None => writeln!(out, "{}", list.join(",\n")),
    }
}

fn back(input: &mut impl Read, plain: bool, out: &mut impl Write) -> io::Result<()> {
    let mut text = String::new();
    input.take(256 << 20).read_to_string(&mut text)?;
    for line in text.lines() {
        let digits = if plain {
            line
        } else {
            // Between the place and the two blanks before the text.
            let after = line.split_once(':').map_or("", |(_, after)| after).trim_start();
            after.split("  ").next().unwrap_or_default()
        };
        let digits: Vec<u8> = digits
            .chars()
            .filter_map(|c| c.to_digit(16))
            .filter_map(|digit| u8::try_from(digit).ok())
            .collect();
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect();
        out.write_all(&bytes)?;
    }
    Ok(())
}

const HEXDUMP: &[Opt] = &[
    opt('C', "canonical", Takes::Nothing),
    opt('v', "no-squeezing", Takes::Nothing),
    opt('n', "length", Takes::Value),
    opt('s', "skip", Takes::Value),
    opt('x', "two-bytes-hex", Takes::Nothing),
    opt('e', "format", Takes::Value),
];

/// hexdump: with `-C` and without.
pub fn hexdump(arguments: Vec<OsString>) -> i32 {
    let canonical_name = arguments
        .first()
        .is_some_and(|name| name.to_string_lossy().ends_with("hd"));
    let parsed = match getopt::parse(HEXDUMP, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("hexdump", message);
            return 1;
        }
    };
    let (mut canonical, mut squeeze, mut most, mut skip) = (canonical_name, true, u64::MAX, 0_u64);
    for (option, value) in parsed.options {
        let number = value
            .and_then(|value| value.to_string_lossy().parse().ok())
            .unwrap_or(0);
        match option {
            'C' => canonical = true,
            'v' => squeeze = false,
            'n' => most = number,
            's' => skip = number,
            'e' => {
                console::complain("hexdump", "-e is not supported; use xxd or od for other forms");
                return 1;
            }
            _ => {}
        }
    }
    let name = parsed.operands.first();
    let mut out = console::output();
    let run = |out: &mut console::Output| -> io::Result<()> {
        let mut input = open(name)?;
        io::copy(&mut input.by_ref().take(skip), &mut io::sink())?;
        let mut input = input.take(most);
        let (mut at, mut before, mut starred) = (skip, Vec::new(), false);
        loop {
            let mut line = Vec::new();
            input.by_ref().take(16).read_to_end(&mut line)?;
            if line.is_empty() {
                break;
            }
            if squeeze && line == before && line.len() == 16 {
                if !starred {
                    writeln!(out, "*")?;
                }
                starred = true;
            } else {
                starred = false;
                if canonical {
                    let mut text = String::new();
                    for place in 0..16 {
                        text.push_str(&line.get(place).map_or("   ".to_owned(), |byte| format!("{byte:02x} ")));
                        if place == 7 {
                            text.push(' ');
                        }
                    }
                    writeln!(out, "{at:08x}  {text} |{}|", visible(&line))?;
                } else {
                    let words: Vec<String> = line
                        .chunks(2)
                        .map(|two| format!("{:04x}", u16::from(two[0]) | u16::from(*two.get(1).unwrap_or(&0)) << 8))
                        .collect();
                    let text = words.join(" ");
                    writeln!(out, "{at:07x} {text:<39}")?;
                }
            }
            at += line.len() as u64;
            before = line;
        }
        if at > skip {
            if canonical {
                writeln!(out, "{at:08x}")
            } else {
                writeln!(out, "{at:07x}")
            }
        } else {
            Ok(())
        }
    };
    let done = run(&mut out).and_then(|()| out.flush());
    done.map_or_else(|error| fail("hexdump", name, &error), |()| 0)
}
