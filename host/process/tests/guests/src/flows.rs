//! Behaviours that move bytes.

use std::io::{Read, Write};
use std::time::Duration;

pub fn echo(words: &[&str]) -> u8 {
    println!("{}", words.join(" "));
    0
}

pub fn environment() -> u8 {
    for (name, value) in std::env::vars() {
        println!("{name}={value}");
    }
    0
}

pub fn sleep(millis: u64) -> u8 {
    std::thread::sleep(Duration::from_millis(millis));
    0
}

/// Writes so many bytes.
pub fn generate(bytes: u64) -> u8 {
    let block = [b'x'; 64 << 10];
    let mut out = std::io::stdout().lock();
    let mut left = bytes;
    while left > 0 {
        let now = left.min(block.len() as u64);
        if out.write_all(&block[..now as usize]).is_err() {
            return 1;
        }
        left -= now;
    }
    u8::from(out.flush().is_err())
}

pub fn copy() -> u8 {
    let mut block = vec![0; 64 << 10];
    let mut out = std::io::stdout().lock();
    loop {
        match std::io::stdin().read(&mut block) {
            Ok(0) => return u8::from(out.flush().is_err()),
            Ok(count) if out.write_all(&block[..count]).is_ok() => {}
            _ => return 1,
        }
    }
}

/// Prints the number of bytes read.
pub fn count() -> u8 {
    let mut block = vec![0; 64 << 10];
    let mut total = 0;
    loop {
        match std::io::stdin().read(&mut block) {
            Ok(0) => break,
            Ok(count) => total += count,
            Err(_) => return 1,
        }
    }
    println!("{total}");
    0
}

/// Writes for ever; 3 if told that nobody reads.
pub fn yes() -> u8 {
    let block = b"y\n".repeat(4096);
    let mut out = std::io::stdout().lock();
    while out.write_all(&block).is_ok() {}
    3
}

/// Reads so many bytes, prints how many it got, and ends.
pub fn head(bytes: u64) -> u8 {
    let mut block = vec![0; bytes as usize];
    let got = std::io::stdin().read_exact(&mut block).is_ok();
    println!("head {}", if got { bytes } else { 0 });
    0
}

/// Writes single bytes for ever, flushing each, with empty writes between.
pub fn drip() -> u8 {
    let mut out = std::io::stdout().lock();
    while out.write_all(b"").is_ok() && out.write_all(b".").is_ok() && out.flush().is_ok() {}
    3
}
