//! The functions of libc that the linker redirects here (`--wrap=NAME` turns each call of `NAME` into one
//! of `__wrap_NAME`, and `__real_NAME` into the original).

use crate::bindings::sandbar::files::modes;
use crate::bindings::wasi::cli::exit;
use crate::descriptors;
use crate::failures;
use core::ffi::{CStr, c_char, c_int, c_void};

unsafe extern "C" {
    fn __real_fstat(descriptor: c_int, out: *mut libc::stat) -> c_int;
    fn __real_fstatat(descriptor: c_int, path: *const c_char, out: *mut libc::stat, flags: c_int) -> c_int;
    fn __real_open(path: *const c_char, flags: c_int, variadic: *mut c_void) -> c_int;
    fn __real_close(descriptor: c_int) -> c_int;
}

/// Permission bits of what cannot be asked by path: pipes, terminals, files since renamed.
const DEFAULT_FILE_MODE: libc::mode_t = 0o644;
/// The same for directories.
const DEFAULT_DIRECTORY_MODE: libc::mode_t = 0o755;
const PERMISSION_BITS: libc::mode_t = 0o777;
/// One device holds all files of a sandbox.
const DEVICE: libc::dev_t = 1;
const BLOCK: i64 = 4096;
const SECTOR: i64 = 512;
const NANOSECONDS: u64 = 1_000_000_000;

/// `_Exit(3)` with all eight bits of the code: libc's own can tell only success from failure.
#[unsafe(no_mangle)]
extern "C" fn __wrap__Exit(code: c_int) -> ! {
    exit::exit_with_code((code & 0xff) as u8);
    core::arch::wasm32::unreachable()
}

/// The errno that stands for a refusal of the host.
pub fn errno(refusal: modes::Errno) -> c_int {
    match refusal {
        modes::Errno::NotFound => libc::ENOENT,
        modes::Errno::Access => libc::EACCES,
        modes::Errno::NotDirectory => libc::ENOTDIR,
        modes::Errno::Loop => libc::ELOOP,
        modes::Errno::Invalid => libc::EINVAL,
        modes::Errno::ReadOnly => libc::EROFS,
        modes::Errno::Quota => libc::ENOSPC,
        modes::Errno::Io => libc::EIO,
    }
}

/// `path` made absolute against libc's working directory, which the host does not know.
///
/// # Errors
/// ENOENT for an empty path, EILSEQ for one that is not UTF-8 (WASI paths are), or getcwd's.
pub fn absolute(path: &[u8]) -> Result<String, c_int> {
    if path.is_empty() {
        return Err(libc::ENOENT);
    }
    let path = core::str::from_utf8(path).map_err(|_| libc::EILSEQ)?;
    if path.starts_with('/') {
        return Ok(path.to_owned());
    }
    let directory = std::env::current_dir().map_err(|e| e.raw_os_error().unwrap_or(libc::EIO))?;
    let directory = directory.to_str().ok_or(libc::EILSEQ)?;
    Ok(format!("{}/{path}", directory.trim_end_matches('/')))
}

/// Sets errno and gives libc's -1, or 0.
fn answer(outcome: Result<(), c_int>) -> c_int {
    match outcome {
        Ok(()) => 0,
        Err(number) => {
            // SAFETY: wasi-libc's errno is one plain variable of this single-threaded program.
            unsafe { *libc::__errno_location() = number };
            -1
        }
    }
}

/// # Safety
/// `path` must be a NUL-terminated string, or null.
unsafe fn from_c(path: *const c_char) -> Result<String, c_int> {
    if path.is_null() {
        return Err(libc::EFAULT);
    }
    // SAFETY: the caller passes libc's argument on, which is NUL-terminated by contract.
    absolute(unsafe { CStr::from_ptr(path) }.to_bytes())
}

fn type_bits(kind: modes::Kind) -> libc::mode_t {
    match kind {
        modes::Kind::Regular => libc::S_IFREG,
        modes::Kind::Directory => libc::S_IFDIR,
        modes::Kind::Symlink => libc::S_IFLNK,
        // As regular files, which WASI takes them for, too: std has no other kind here, and programs refuse what has none.
        modes::Kind::CharacterDevice => libc::S_IFREG,
    }
}

/// # Safety
/// `out` must point to a `stat` that may be written.
unsafe fn fill(out: *mut libc::stat, found: &modes::Status) {
    let size = i64::try_from(found.size).unwrap_or(i64::MAX);
    let time = libc::timespec {
        tv_sec: i64::try_from(found.modified / NANOSECONDS).unwrap_or(i64::MAX),
        // Below 1e9, so it fits.
        tv_nsec: (found.modified % NANOSECONDS) as _,
    };
    // SAFETY: all-zero is a valid `stat`, and `out` may be written.
    let out = unsafe {
        out.write_bytes(0, 1);
        &mut *out
    };
    out.st_dev = DEVICE;
    out.st_ino = found.inode;
    out.st_nlink = found.links;
    out.st_mode = type_bits(found.kind) | (found.mode & PERMISSION_BITS);
    out.st_uid = found.uid;
    out.st_gid = found.gid;
    out.st_size = size;
    out.st_blksize = BLOCK as _;
    out.st_blocks = size.saturating_add(SECTOR - 1) / SECTOR;
    out.st_atim = time;
    out.st_mtim = time;
    out.st_ctim = time;
}

/// # Safety
/// As `stat(2)`: a NUL-terminated path and a writable `out`.
unsafe fn status(path: *const c_char, out: *mut libc::stat, follow: bool) -> Result<(), c_int> {
    // SAFETY: passed on from the caller.
    let path = unsafe { from_c(path)? };
    let found = modes::stat(&path, follow).map_err(errno)?;
    // SAFETY: passed on from the caller.
    unsafe { fill(out, &found) };
    Ok(())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_stat(path: *const c_char, out: *mut libc::stat) -> c_int {
    // SAFETY: the contract of stat(2).
    answer(unsafe { status(path, out, true) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_lstat(path: *const c_char, out: *mut libc::stat) -> c_int {
    // SAFETY: the contract of lstat(2).
    answer(unsafe { status(path, out, false) })
}

/// The size and the times come from the descriptor, the rest from the path it was opened as, if
/// that still names a file of the same kind.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_fstat(descriptor: c_int, out: *mut libc::stat) -> c_int {
    // SAFETY: the contract of fstat(2).
    let code = unsafe { __real_fstat(descriptor, out) };
    if code == 0 {
        // SAFETY: filled by the call above.
        decorate(unsafe { &mut *out }, descriptors::path_of(descriptor).as_deref(), true);
    }
    code
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_fstatat(
    descriptor: c_int,
    path: *const c_char,
    out: *mut libc::stat,
    flags: c_int,
) -> c_int {
    let follow = flags & libc::AT_SYMLINK_NOFOLLOW == 0;
    // SAFETY: the contract of fstatat(2); the path is only looked at.
    let is_absolute = !path.is_null() && unsafe { *path } == b'/' as c_char;
    if is_absolute || descriptor == libc::AT_FDCWD {
        // SAFETY: the contract of fstatat(2).
        return answer(unsafe { status(path, out, follow) });
    }
    // SAFETY: the contract of fstatat(2).
    let code = unsafe { __real_fstatat(descriptor, path, out, flags) };
    if code == 0 {
        // SAFETY: the call above has read this string.
        let name = unsafe { CStr::from_ptr(path) }.to_str();
        let full = descriptors::path_of(descriptor)
            .zip(name.ok())
            .map(|(parent, name)| format!("{parent}/{name}"));
        // SAFETY: filled by the call above.
        decorate(unsafe { &mut *out }, full.as_deref(), follow);
    }
    code
}

/// Completes what WASI told of a file by what the host knows under its path.
fn decorate(out: &mut libc::stat, path: Option<&str>, follow: bool) {
    let kind = out.st_mode & libc::S_IFMT;
    if let Some(found) = path.and_then(|path| modes::stat(path, follow).ok())
        && type_bits(found.kind) == kind
    {
        out.st_dev = DEVICE;
        out.st_ino = found.inode;
        out.st_nlink = found.links;
        out.st_mode = kind | (found.mode & PERMISSION_BITS);
        out.st_uid = found.uid;
        out.st_gid = found.gid;
    } else {
        let mode = if kind == libc::S_IFDIR {
            DEFAULT_DIRECTORY_MODE
        } else {
            DEFAULT_FILE_MODE
        };
        out.st_mode = kind | mode;
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_chmod(path: *const c_char, mode: libc::mode_t) -> c_int {
    // SAFETY: the contract of chmod(2).
    answer(unsafe { from_c(path) }.and_then(|path| set(&path, mode)))
}

#[unsafe(no_mangle)]
extern "C" fn __wrap_fchmod(descriptor: c_int, mode: libc::mode_t) -> c_int {
    answer(
        descriptors::path_of(descriptor)
            .ok_or(libc::EBADF)
            .and_then(|path| set(&path, mode)),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_fchmodat(
    descriptor: c_int,
    path: *const c_char,
    mode: libc::mode_t,
    _flags: c_int,
) -> c_int {
    if descriptor == libc::AT_FDCWD {
        // SAFETY: the contract of fchmodat(2).
        return unsafe { __wrap_chmod(path, mode) };
    }
    // SAFETY: the contract of fchmodat(2).
    let name = unsafe { CStr::from_ptr(path) }.to_str().map_err(|_| libc::EILSEQ);
    answer(name.and_then(|name| {
        let parent = descriptors::path_of(descriptor).ok_or(libc::EBADF)?;
        set(
            &if name.starts_with('/') {
                name.to_owned()
            } else {
                format!("{parent}/{name}")
            },
            mode,
        )
    }))
}

/// Set-id and sticky bits mean nothing here and are dropped.
fn set(path: &str, mode: libc::mode_t) -> Result<(), c_int> {
    modes::chmod(path, mode & PERMISSION_BITS).map_err(errno)
}

/// `open(2)`, remembering the path. The C variadic part arrives as one pointer in the Wasm ABI.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_open(path: *const c_char, flags: c_int, variadic: *mut c_void) -> c_int {
    // SAFETY: passed on untouched.
    let descriptor = unsafe { __real_open(path, flags, variadic) };
    if descriptor >= 0 {
        // SAFETY: open has read this string.
        if let Ok(path) = unsafe { from_c(path) } {
            descriptors::remember(descriptor, path);
        }
    } else {
        failures::explain(libc::ENOMEM);
    }
    descriptor
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_close(descriptor: c_int) -> c_int {
    descriptors::forget(descriptor);
    // SAFETY: passed on untouched.
    unsafe { __real_close(descriptor) }
}
