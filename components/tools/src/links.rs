//! Symbolic links, which std makes differently on each platform.

use std::io;
use std::path::Path;

/// Makes a symbolic link at `path`.
///
/// # Errors
/// As `symlink(2)`.
pub fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    #[cfg(target_family = "wasm")]
    {
        use std::ffi::CString;
        unsafe extern "C" {
            fn symlink(target: *const std::ffi::c_char, path: *const std::ffi::c_char) -> i32;
        }
        let c = |path: &Path| {
            CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
        };
        let (target, path) = (c(target)?, c(path)?);
        // SAFETY: both are NUL-terminated, and live through the call.
        if unsafe { symlink(target.as_ptr(), path.as_ptr()) } == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
    #[cfg(not(target_family = "wasm"))]
    std::os::unix::fs::symlink(target, path)
}
