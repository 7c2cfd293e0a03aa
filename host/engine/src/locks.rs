//! Who owns a file of the cache, and one compiler at a time.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};

use crate::error::CacheError;

/// Opens a file of the cache for reading, if nobody but us (or root) can have written it.
pub(crate) fn open_trusted(path: &Path) -> Result<Option<File>, CacheError> {
    let no_follow = OFlags::NOFOLLOW.bits() as i32;
    let file = match OpenOptions::new().read(true).custom_flags(no_follow).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(CacheError::Unsafe {
                path: path.into(),
                reason: "it is a symbolic link",
            });
        }
        Err(error) => return Err(CacheError::io("open", path, error)),
    };
    let metadata = file.metadata().map_err(|error| CacheError::io("stat", path, error))?;
    if !metadata.is_file() {
        return Err(CacheError::Unsafe {
            path: path.into(),
            reason: "it is not a regular file",
        });
    }
    check_owner(path, &metadata)?;
    Ok(Some(file))
}

/// Refuses what another user owns or may write.
pub(crate) fn check_owner(path: &Path, metadata: &std::fs::Metadata) -> Result<(), CacheError> {
    let reason = if metadata.uid() != rustix::process::geteuid().as_raw() {
        "another user owns it"
    } else if metadata.mode() & 0o022 != 0 {
        "others may write it"
    } else {
        return Ok(());
    };
    Err(CacheError::Unsafe {
        path: path.into(),
        reason,
    })
}

/// Holds the compile lock of one entry until dropped. `wait` is called if another process holds it.
pub(crate) fn lock(path: &Path, wait: impl FnOnce()) -> Result<File, CacheError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(path)
        .map_err(|error| CacheError::io("create", path, error))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        wait();
        flock(&file, FlockOperation::LockExclusive).map_err(|error| CacheError::io("lock", path, error.into()))?;
    }
    Ok(file)
}
