//! Writes and opens that say why they failed: the linker redirects libc's functions here, as in `wrap`.

use crate::bindings::sandbar::files::failures::{self, Reason};
use core::ffi::{c_char, c_int, c_void};

unsafe extern "C" {
    fn __real_write(descriptor: c_int, bytes: *const c_void, length: usize) -> isize;
    fn __real_opendir(path: *const c_char) -> *mut c_void;
}

/// Replaces `vague`, the errno that libc has set, by what the host knows better.
pub fn explain(vague: c_int) {
    // SAFETY: wasi-libc's errno is one plain variable of this single-threaded program.
    let errno = unsafe { &mut *libc::__errno_location() };
    if *errno != vague {
        return;
    }
    match failures::take() {
        Some(Reason::NoSpace) => *errno = libc::ENOSPC,
        Some(Reason::TooLarge) => *errno = libc::EFBIG,
        Some(Reason::TooManyFiles) => *errno = libc::EMFILE,
        None => {}
    }
}

/// libc's `writev` comes here as well; `pwrite` writes without a stream, and says itself why it failed.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_write(descriptor: c_int, bytes: *const c_void, length: usize) -> isize {
    // SAFETY: passed on untouched.
    let written = unsafe { __real_write(descriptor, bytes, length) };
    if written < 0 {
        explain(libc::EIO);
    }
    written
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_opendir(path: *const c_char) -> *mut c_void {
    // SAFETY: passed on untouched.
    let opened = unsafe { __real_opendir(path) };
    if opened.is_null() {
        explain(libc::ENOMEM);
    }
    opened
}
