//! Behaviours that misuse something.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::bindings::sandbar::process::processes::stdio;

pub fn spin() -> u8 {
    let mut number = 0_u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

/// So many times: computes for some milliseconds, then waits for some.
pub fn bursts(count: u64) -> u8 {
    for _ in 0..count {
        let since = std::time::Instant::now();
        while since.elapsed().as_millis() < 15 {
            black_box(since);
        }
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    println!("done");
    0
}

/// Takes memory, a MiB at a time, up to so many MiB; 4 if refused and told so.
pub fn grow(mebibytes: u64) -> u8 {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for _ in 0..mebibytes {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(1 << 20).is_err() {
            println!("refused after {} MiB", kept.len());
            return 4;
        }
        piece.resize(1 << 20, 1_u8);
        kept.push(black_box(piece));
    }
    println!("took {} MiB", kept.len());
    0
}

/// Takes memory (aborting if refused), then holds it for so many milliseconds.
pub fn hold(mebibytes: u64, millis: u64) -> u8 {
    let kept = black_box(vec![1_u8; (mebibytes as usize) << 20]);
    std::thread::sleep(Duration::from_millis(millis));
    u8::from(kept.is_empty())
}

/// Recurses without end, keeping nothing in linear memory, so that the native stack overflows first.
#[inline(never)]
pub fn recurse(depth: u64) -> u8 {
    static STEP: AtomicU64 = AtomicU64::new(1);
    let step = STEP.load(Ordering::Relaxed);
    if step == 0 {
        return 0;
    }
    // Not associative, or the compiler would make a loop of it.
    recurse(depth.wrapping_add(step)).rotate_left(1) ^ (depth as u8)
}

pub fn wild() -> u8 {
    // SAFETY: none; reading outside of linear memory is what this behaviour is for, and the sandbox ends it.
    unsafe { black_box(0xffff_fff0_usize as *const u8).read_volatile() }
}

/// Writes more than was permitted: a host must end this, not obey it.
pub fn write_without_permit() -> u8 {
    let Ok(stream) = stdio(1).and_then(|descriptor| descriptor.write_stream()) else {
        return 1;
    };
    let _ = stream.check_write();
    let _ = stream.write(&vec![0; 8 << 20]);
    0
}
