//! dd: copies blocks. uutils' own needs a thread and cannot read standard input on WASI.

mod operands;

use crate::console;
use operands::{Case, Operands, Status};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Instant;

/// Copies as its operands ask; exit code 0, or 1 with a message.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let operands = match operands::parse(arguments.into_iter().skip(1)) {
        Ok(operands) => operands,
        Err(message) => {
            console::complain("dd", message);
            return 1;
        }
    };
    let start = Instant::now();
    let mut counts = Counts::default();
    let done = copy(&operands, &mut counts);
    if let Err(message) = &done {
        console::complain("dd", message);
    }
    if operands.status != Status::None {
        report(&counts, operands.status, start.elapsed().as_secs_f64());
    }
    i32::from(done.is_err())
}

/// Blocks: whole ones and parts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    read: (u64, u64),
    written: (u64, u64),
    bytes: u64,
}

fn copy(operands: &Operands, counts: &mut Counts) -> Result<(), String> {
    let mut source = open_source(operands)?;
    let mut target = open_target(operands)?;
    let input = operands.input.as_deref().unwrap_or("standard input");
    let output = operands.output.as_deref().unwrap_or("standard output");
    transfer(&mut source, &mut target, operands, counts).map_err(|trouble| match trouble {
        Trouble::Reading(error) => format!("error reading '{input}': {}", console::reason(&error)),
        Trouble::Writing(error) => format!("error writing '{output}': {}", console::reason(&error)),
    })
}

fn open_source(operands: &Operands) -> Result<Box<dyn Read>, String> {
    let Some(path) = &operands.input else {
        let mut input = console::input();
        discard(&mut input, operands.skip)
            .map_err(|error| format!("'standard input': cannot skip: {}", console::reason(&error)))?;
        return Ok(Box::new(input));
    };
    let failed = |error: io::Error| format!("failed to open '{path}': {}", console::reason(&error));
    let mut file = File::open(path).map_err(failed)?;
    // What cannot seek, a device say, is read up to there.
    if operands.skip > 0 && file.seek(SeekFrom::Start(operands.skip)).is_err() {
        discard(&mut file, operands.skip).map_err(failed)?;
    }
    Ok(Box::new(file))
}

fn discard(source: &mut impl Read, bytes: u64) -> io::Result<()> {
    io::copy(&mut source.by_ref().take(bytes), &mut io::sink())?;
    Ok(())
}

fn open_target(operands: &Operands) -> Result<Box<dyn Write>, String> {
    let Some(path) = &operands.output else {
        return Ok(Box::new(console::output()));
    };
    let failed = |error: io::Error| format!("failed to open '{path}': {}", console::reason(&error));
    let mut how = OpenOptions::new();
    how.write(true).append(operands.append);
    if operands.exclusive {
        how.create_new(true);
    } else {
        how.create(operands.create);
    }
    // What lies before the place sought stays, even when the rest is cut off.
    how.truncate(operands.truncate && operands.seek == 0 && !operands.append);
    let mut file = how.open(path).map_err(failed)?;
    if operands.seek > 0 && !operands.append {
        if operands.truncate {
            // A device has no length, and needs none.
            let _ = file.set_len(operands.seek);
        }
        file.seek(SeekFrom::Start(operands.seek)).map_err(failed)?;
    }
    Ok(Box::new(file))
}

#[derive(Debug)]
enum Trouble {
    Reading(io::Error),
    Writing(io::Error),
}

fn transfer(
    source: &mut impl Read,
    target: &mut impl Write,
    operands: &Operands,
    counts: &mut Counts,
) -> Result<(), Trouble> {
    let mut block = vec![0; operands.input_block];
    let mut pending = Vec::new();
    let mut left = operands.count;
    loop {
        let most = match left {
            operands::Count::Blocks(0) | operands::Count::Bytes(0) => break,
            operands::Count::Bytes(bytes) => bytes.min(block.len() as u64) as usize,
            _ => block.len(),
        };
        let got = match read(source, &mut block[..most], operands.full_blocks) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                // What was read is not lost.
                write_blocks(target, &mut pending, 0, operands, counts)?;
                return Err(Trouble::Reading(error));
            }
        };
        left = left.after(got as u64);
        count(&mut counts.read, got, operands.input_block);
        let mut bytes = &mut block[..got];
        let mut padded;
        if operands.sync && got < operands.input_block {
            padded = bytes.to_vec();
            padded.resize(operands.input_block, 0);
            bytes = &mut padded;
        }
        match operands.case {
            Some(Case::Upper) => bytes.make_ascii_uppercase(),
            Some(Case::Lower) => bytes.make_ascii_lowercase(),
            None => {}
        }
        if operands.one_block_size && pending.is_empty() {
            target.write_all(bytes).map_err(Trouble::Writing)?;
            count(&mut counts.written, bytes.len(), operands.output_block);
            counts.bytes += bytes.len() as u64;
        } else {
            pending.extend_from_slice(bytes);
            write_blocks(target, &mut pending, operands.output_block, operands, counts)?;
        }
    }
    write_blocks(target, &mut pending, 0, operands, counts)?;
    target.flush().map_err(Trouble::Writing)
}

/// One read, or reads until the block is full.
fn read(source: &mut impl Read, block: &mut [u8], full: bool) -> io::Result<usize> {
    let mut got = source.read(block)?;
    while full && got > 0 && got < block.len() {
        match source.read(&mut block[got..])? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

/// Writes whole output blocks while at least `least` bytes are pending; all that is pending if `least` is 0.
fn write_blocks(
    target: &mut impl Write,
    pending: &mut Vec<u8>,
    least: usize,
    operands: &Operands,
    counts: &mut Counts,
) -> Result<(), Trouble> {
    let mut done = 0;
    while pending.len() - done >= least.max(1) {
        let size = (pending.len() - done).min(operands.output_block);
        target
            .write_all(&pending[done..done + size])
            .map_err(Trouble::Writing)?;
        count(&mut counts.written, size, operands.output_block);
        counts.bytes += size as u64;
        done += size;
    }
    pending.drain(..done);
    Ok(())
}

fn count(blocks: &mut (u64, u64), size: usize, block: usize) {
    if size == block {
        blocks.0 += 1;
    } else {
        blocks.1 += 1;
    }
}

fn report(counts: &Counts, status: Status, seconds: f64) {
    let (read, written, bytes) = (counts.read, counts.written, counts.bytes);
    let mut text = format!(
        "{}+{} records in\n{}+{} records out\n",
        read.0, read.1, written.0, written.1
    );
    if status == Status::All {
        let rate = bytes as f64 / seconds.max(1e-9);
        let sizes = match bytes {
            0..1000 => String::new(),
            1000..1024 => format!(" ({})", scaled(bytes as f64, 1000.0, "kMGTPE", "B")),
            _ => format!(
                " ({}, {})",
                scaled(bytes as f64, 1000.0, "kMGTPE", "B"),
                scaled(bytes as f64, 1024.0, "KMGTPE", "iB")
            ),
        };
        let plural = if bytes == 1 { "" } else { "s" };
        let rate = scaled(rate, 1000.0, "kMGTPE", "B");
        text += &format!("{bytes} byte{plural}{sizes} copied, {seconds:.6} s, {rate}/s\n");
    }
    // That it cannot be written is nobody's to hear.
    let _ = io::stderr().write_all(text.as_bytes());
}

fn scaled(mut amount: f64, base: f64, prefixes: &str, unit: &str) -> String {
    let mut prefix = None;
    for next in prefixes.chars() {
        if amount < base {
            break;
        }
        amount /= base;
        prefix = Some(next);
    }
    match prefix {
        None => format!("{amount:.0} B"),
        Some(prefix) if amount < 9.95 => format!("{amount:.1} {prefix}{unit}"),
        Some(prefix) => format!("{amount:.0} {prefix}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str], mut input: &[u8]) -> (Vec<u8>, Counts) {
        let operands = operands::parse(words.iter().map(OsString::from)).expect("operands");
        let (mut out, mut counts) = (Vec::new(), Counts::default());
        transfer(&mut input, &mut out, &operands, &mut counts).expect("memory does not fail");
        (out, counts)
    }

    #[test]
    fn blocks_are_counted() {
        let (out, counts) = run(&["bs=4"], b"0123456789");
        assert_eq!(out, b"0123456789");
        assert_eq!(((2, 1), (2, 1), 10), (counts.read, counts.written, counts.bytes));
        assert_eq!(run(&["bs=4", "count=2"], b"0123456789").0, b"01234567");
        assert_eq!(run(&["bs=4", "count=5B"], b"0123456789").0, b"01234");
        let (out, counts) = run(&["ibs=3", "obs=4"], b"0123456789");
        assert_eq!(
            (out.as_slice(), counts.read, counts.written),
            (&b"0123456789"[..], (3, 1), (2, 1))
        );
    }

    #[test]
    fn conversions() {
        assert_eq!(run(&["conv=ucase"], b"abC").0, b"ABC");
        assert_eq!(run(&["bs=4", "conv=sync,lcase"], b"ABCDE").0, b"abcde\0\0\0");
    }

    #[test]
    fn sizes_as_gnu_writes_them() {
        assert_eq!(scaled(5120.0, 1000.0, "kMGTPE", "B"), "5.1 kB");
        assert_eq!(scaled(5120.0, 1024.0, "KMGTPE", "iB"), "5.0 KiB");
        assert_eq!(scaled(52_428_800.0, 1000.0, "kMGTPE", "B"), "52 MB");
        assert_eq!(scaled(7.0, 1000.0, "kMGTPE", "B"), "7 B");
    }
}
