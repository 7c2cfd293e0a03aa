//! `strerror_r` in the words of Linux: scripts look for them, and the libc of WASI has its own for some errors.

use core::ffi::{CStr, c_char, c_int};

unsafe extern "C" {
    fn __real_strerror_r(number: c_int, out: *mut c_char, length: usize) -> c_int;
}

/// What glibc says where the libc of WASI says something else.
fn of_linux(number: c_int) -> Option<&'static CStr> {
    Some(match number {
        libc::EADDRINUSE => c"Address already in use",
        libc::EADDRNOTAVAIL => c"Cannot assign requested address",
        libc::EDQUOT => c"Disk quota exceeded",
        libc::EHOSTUNREACH => c"No route to host",
        libc::EIO => c"Input/output error",
        libc::EISCONN => c"Transport endpoint is already connected",
        libc::ELOOP => c"Too many levels of symbolic links",
        libc::EMFILE => c"Too many open files",
        libc::EMSGSIZE => c"Message too long",
        libc::ENAMETOOLONG => c"File name too long",
        libc::ENOMEM => c"Cannot allocate memory",
        libc::ENOTCONN => c"Transport endpoint is not connected",
        libc::ENOTSUP => c"Operation not supported",
        libc::ENOTTY => c"Inappropriate ioctl for device",
        libc::EOVERFLOW => c"Value too large for defined data type",
        libc::ERANGE => c"Numerical result out of range",
        libc::ESPIPE => c"Illegal seek",
        libc::ETIMEDOUT => c"Connection timed out",
        libc::EXDEV => c"Invalid cross-device link",
        _ => return None,
    })
}

/// # Safety
/// As `strerror_r(3)`: `out` may be written for `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_strerror_r(number: c_int, out: *mut c_char, length: usize) -> c_int {
    match of_linux(number) {
        Some(words) if words.count_bytes() < length => {
            // SAFETY: they fit, with the NUL at their end; and they do not overlap.
            unsafe { out.copy_from_nonoverlapping(words.as_ptr(), words.count_bytes() + 1) };
            0
        }
        // SAFETY: passed on untouched.
        _ => unsafe { __real_strerror_r(number, out, length) },
    }
}
