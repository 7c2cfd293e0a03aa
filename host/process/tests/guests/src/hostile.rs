//! Behaviours that try to use up what the host keeps for a process.

use crate::bindings::sandbar::process::processes::{self, OpenFlags, null, open, stdio};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::random::random;

/// So many writes of nothing, then of something.
pub fn empty_writes(count: u64) -> u8 {
    let Ok(stream) = stdio(1).and_then(|descriptor| descriptor.write_stream()) else {
        return 1;
    };
    for _ in 0..count {
        if stream.check_write().is_err() || stream.write(&[]).is_err() || stream.flush().is_err() {
            return 2;
        }
        if stream.blocking_write_and_flush(&[]).is_err() {
            return 3;
        }
    }
    u8::from(stream.blocking_write_and_flush(b"done\n").is_err())
}

/// So many writes of one byte each.
pub fn byte_writes(count: u64) -> u8 {
    let Ok(stream) = stdio(1).and_then(|descriptor| descriptor.write_stream()) else {
        return 1;
    };
    for _ in 0..count {
        if stream.blocking_write_and_flush(b"x").is_err() {
            return 2;
        }
    }
    0
}

/// Takes handles without end.
pub fn descriptors() -> u8 {
    let mut kept = vec![null()];
    loop {
        kept.push(kept[0].dup());
        if kept.len() > 1_000_000 {
            return 1;
        }
    }
}

/// Takes pollables without end.
pub fn pollables() -> u8 {
    let mut kept = Vec::new();
    loop {
        kept.push(processes::subscribe_signals());
        if kept.len() > 1_000_000 {
            return 1;
        }
    }
}

/// Sends itself signals that it catches and never takes.
pub fn signal_storm() -> u8 {
    if processes::catch(&[1, 2, 10, 15]).is_err() {
        return 1;
    }
    let own = processes::own_pid() as i32;
    for round in 0..200_000 {
        let signal = [1, 2, 10, 15][round % 4];
        if processes::kill(own, signal).is_err() || processes::kill(-own, 0).is_err() {
            return 2;
        }
    }
    let mut taken = 0;
    while processes::take_signal().is_some() {
        taken += 1;
    }
    println!("{taken}");
    0
}

/// Opens and closes files so many times.
pub fn reopen(count: u64) -> u8 {
    for _ in 0..count {
        let Ok(file) = open("/tmp/keep", OpenFlags::READ) else {
            return 1;
        };
        let Ok(stream) = file.read_stream() else { return 2 };
        drop(stream);
    }
    println!("fine");
    0
}

/// Waits of five centuries, without end.
pub fn timers() -> u8 {
    let mut kept = Vec::new();
    loop {
        kept.push(monotonic_clock::subscribe_duration(u64::MAX));
        if kept.len() > 1_000_000 {
            return 1;
        }
    }
}

/// More random bytes than anybody's memory holds, in one call.
pub fn huge_random() -> u8 {
    u8::from(random::get_random_bytes(4 << 30).is_empty())
}

/// Bytes that the next instance must never see.
const PATTERN: u64 = 0xdead_7ea1_5ec2_e7ed;
const PAGE: u64 = 64 << 10;

/// Memory that no allocator has touched yet, as words.
fn fresh(bytes: u64) -> Option<&'static mut [u64]> {
    let pages = (bytes / PAGE) as usize;
    let before = core::arch::wasm32::memory_grow::<0>(pages);
    if before == usize::MAX {
        return None;
    }
    // SAFETY: the pages were added just now, so nobody else has them, and any bits are a number.
    Some(unsafe { core::slice::from_raw_parts_mut((before * PAGE as usize) as *mut u64, pages * (PAGE as usize / 8)) })
}

/// Fills new memory with a pattern and ends.
pub fn leave_pattern(bytes: u64) -> u8 {
    let Some(words) = fresh(bytes) else { return 1 };
    words.fill(PATTERN);
    0
}

/// Whether new memory holds anything at all.
pub fn seek_pattern(bytes: u64) -> u8 {
    let Some(words) = fresh(bytes) else { return 1 };
    if words.iter().any(|word| *word != 0) { 2 } else { 0 }
}
