//! Signals of the native process: caught ones are noted in a mask and wake `poll` through a pipe.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use super::super::Errno;

/// What `catch` and `ignore` take: the same signals as in a sandbox.
const TAKEN: [u32; 11] = [1, 2, 3, 10, 12, 13, 14, 15, 17, 20, 28];

/// Caught signals that wait, one bit each.
static PENDING: AtomicU64 = AtomicU64::new(0);
/// Signals that were asked for; CHLD is always watched, since a stopped child has no other way to say so.
static WANTED: AtomicU64 = AtomicU64::new(0);
/// The writing end of the pipe that wakes `poll`.
static WAKE: AtomicI32 = AtomicI32::new(-1);
static PIPE: OnceLock<Option<(OwnedFd, OwnedFd)>> = OnceLock::new();

fn bit(signal: u32) -> u64 {
    1u64.checked_shl(signal).unwrap_or(0)
}

extern "C" fn note(signal: libc::c_int) {
    let signal = u32::try_from(signal).unwrap_or(0);
    PENDING.fetch_or(bit(signal), Ordering::SeqCst);
    let fd = WAKE.load(Ordering::SeqCst);
    if fd >= 0 {
        let byte = 1u8;
        // SAFETY: write(2) is async-signal-safe; the descriptor is never closed, the byte lives here.
        unsafe { libc::write(fd, (&raw const byte).cast(), 1) };
    }
}

/// The reading end of the wake-up pipe; made, and CHLD watched, on first use.
pub(super) fn wake_pipe() -> Option<&'static OwnedFd> {
    let pipe = PIPE.get_or_init(|| {
        let flags = rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK;
        let (reader, writer) = rustix::pipe::pipe_with(flags).ok()?;
        WAKE.store(writer.as_raw_fd(), Ordering::SeqCst);
        set(17, Some(note));
        Some((reader, writer))
    });
    pipe.as_ref().map(|(reader, _)| reader)
}

/// Empties the pipe: its bytes only wake.
pub(super) fn drain() {
    if let Some(reader) = wake_pipe() {
        let mut buffer = [0; 64];
        while rustix::io::read(reader, &mut buffer).is_ok_and(|n| n > 0) {}
    }
}

fn set(signal: u32, handler: Option<extern "C" fn(libc::c_int)>) {
    let number = i32::try_from(signal).unwrap_or(0);
    let action = match handler {
        Some(handler) => handler as *const () as libc::sighandler_t,
        None => libc::SIG_DFL,
    };
    // SAFETY: the handler only touches atomics and write(2).
    unsafe { libc::signal(number, action) };
}

/// Catches exactly these.
pub(super) fn catch(signals: &[u32]) -> Result<(), Errno> {
    if signals.iter().any(|s| !TAKEN.contains(s)) {
        return Err(Errno::Invalid);
    }
    wake_pipe();
    let wanted = signals.iter().fold(0, |mask, s| mask | bit(*s));
    let before = WANTED.swap(wanted, Ordering::SeqCst);
    for signal in TAKEN {
        if signal == 17 {
            continue;
        }
        let (now, then) = (wanted & bit(signal) != 0, before & bit(signal) != 0);
        if now {
            set(signal, Some(note));
        } else if then {
            set(signal, None);
        }
    }
    Ok(())
}

/// Ignores exactly these.
pub(super) fn ignore(signals: &[u32]) -> Result<(), Errno> {
    static IGNORED: AtomicU64 = AtomicU64::new(0);
    if signals.iter().any(|s| !TAKEN.contains(s)) {
        return Err(Errno::Invalid);
    }
    let wanted = signals.iter().fold(0, |mask, s| mask | bit(*s));
    let before = IGNORED.swap(wanted, Ordering::SeqCst);
    for signal in TAKEN {
        let number = i32::try_from(signal).unwrap_or(0);
        let (now, then) = (wanted & bit(signal) != 0, before & bit(signal) != 0);
        if now {
            // SAFETY: no handler is involved.
            unsafe { libc::signal(number, libc::SIG_IGN) };
        } else if then && WANTED.load(Ordering::SeqCst) & bit(signal) == 0 {
            set(signal, if signal == 17 { Some(note) } else { None });
        }
    }
    Ok(())
}

/// Which signals this process ignores already.
pub(super) fn ignored() -> Vec<u32> {
    TAKEN
        .into_iter()
        .filter(|signal| {
            let number = i32::try_from(*signal).unwrap_or(0);
            // SAFETY: a zeroed sigaction is a valid one; it is only written to.
            let mut old: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: asks only; `old` is ours.
            let asked = unsafe { libc::sigaction(number, std::ptr::null(), &raw mut old) };
            // Rust's runtime itself ignores SIGPIPE.
            asked == 0 && old.sa_sigaction == libc::SIG_IGN && *signal != 13
        })
        .collect()
}

/// Whether a wanted signal waits.
pub(super) fn waits() -> bool {
    PENDING.load(Ordering::SeqCst) & WANTED.load(Ordering::SeqCst) != 0
}

/// Takes the lowest wanted signal that waits.
pub(super) fn take() -> Option<u32> {
    let wanted = PENDING.load(Ordering::SeqCst) & WANTED.load(Ordering::SeqCst);
    if wanted == 0 {
        return None;
    }
    let signal = wanted.trailing_zeros();
    PENDING.fetch_and(!bit(signal), Ordering::SeqCst);
    Some(signal)
}

/// What a child must undo between fork and exec so that it starts like any program.
pub(super) fn restore_in_child(ignored: &[u32]) {
    // SAFETY: signal(2) is async-signal-safe.
    unsafe { libc::signal(libc::SIGTTOU, libc::SIG_DFL) };
    for signal in ignored {
        // SAFETY: as above.
        unsafe { libc::signal(i32::try_from(*signal).unwrap_or(0), libc::SIG_IGN) };
    }
}

/// A shell that hands its terminal around must not be stopped for it.
pub(super) fn keep_running_in_background() {
    // SAFETY: no handler is involved.
    unsafe { libc::signal(libc::SIGTTOU, libc::SIG_IGN) };
}

/// A signal to ourselves is handled before this returns, as it is for a process of one thread.
pub(super) fn to_this_thread(signal: u32) -> Result<(), Errno> {
    let signal = i32::try_from(signal).map_err(|_| Errno::Invalid)?;
    // SAFETY: raise(3) takes any number and refuses wrong ones.
    if unsafe { libc::raise(signal) } == 0 {
        Ok(())
    } else {
        Err(Errno::Invalid)
    }
}
