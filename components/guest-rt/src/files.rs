//! Files with what std leaves out on WASI: permission bits and owners.

use std::io;
use std::path::Path;
use std::time::SystemTime;

/// What kind of file a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file with content.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link (only of a status that did not follow it).
    Symlink,
    /// A character device, such as `/dev/null`.
    CharacterDevice,
    /// Anything else; occurs natively only.
    Other,
}

/// A file's metadata.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, at most 0o777.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Hard links.
    pub links: u64,
    /// Bytes.
    pub size: u64,
    /// Number of the file, unique within the sandbox.
    pub inode: u64,
    /// Last change of the content.
    pub modified: SystemTime,
}

/// The status of a path; of the link itself if `follow` is false and it is a symbolic link.
///
/// # Errors
/// As `stat(2)`: no such file, a prefix that is no directory, too many links, no permission.
pub fn status(path: &Path, follow: bool) -> io::Result<Status> {
    platform::status(path, follow)
}

/// Sets the permission bits of what the path names, following links. At most 0o777.
///
/// # Errors
/// As `chmod(2)`; bits over 0o777 are an invalid input.
pub fn chmod(path: &Path, mode: u32) -> io::Result<()> {
    platform::chmod(path, mode)
}

#[cfg(target_family = "wasm")]
mod platform {
    use super::{Kind, Status};
    use crate::bindings::sandbar::files::modes;
    use crate::wrap;
    use std::io;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    pub fn status(path: &Path, follow: bool) -> io::Result<Status> {
        let absolute = wrap::absolute(path.as_os_str().as_encoded_bytes()).map_err(io::Error::from_raw_os_error)?;
        let found = modes::stat(&absolute, follow).map_err(|e| io::Error::from_raw_os_error(wrap::errno(e)))?;
        Ok(Status {
            kind: match found.kind {
                modes::Kind::Regular => Kind::Regular,
                modes::Kind::Directory => Kind::Directory,
                modes::Kind::Symlink => Kind::Symlink,
                modes::Kind::CharacterDevice => Kind::CharacterDevice,
            },
            mode: found.mode,
            uid: found.uid,
            gid: found.gid,
            links: found.links,
            size: found.size,
            inode: found.inode,
            modified: SystemTime::UNIX_EPOCH + Duration::from_nanos(found.modified),
        })
    }

    pub fn chmod(path: &Path, mode: u32) -> io::Result<()> {
        let absolute = wrap::absolute(path.as_os_str().as_encoded_bytes()).map_err(io::Error::from_raw_os_error)?;
        modes::chmod(&absolute, mode).map_err(|e| io::Error::from_raw_os_error(wrap::errno(e)))
    }
}

#[cfg(not(target_family = "wasm"))]
mod platform {
    use super::{Kind, Status};
    use std::io;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
    use std::path::Path;

    pub fn status(path: &Path, follow: bool) -> io::Result<Status> {
        let found = if follow {
            std::fs::metadata(path)?
        } else {
            std::fs::symlink_metadata(path)?
        };
        let file_type = found.file_type();
        Ok(Status {
            kind: if file_type.is_file() {
                Kind::Regular
            } else if file_type.is_dir() {
                Kind::Directory
            } else if file_type.is_symlink() {
                Kind::Symlink
            } else if file_type.is_char_device() {
                Kind::CharacterDevice
            } else {
                Kind::Other
            },
            mode: found.mode() & 0o777,
            uid: found.uid(),
            gid: found.gid(),
            links: found.nlink(),
            size: found.size(),
            inode: found.ino(),
            modified: found.modified()?,
        })
    }

    pub fn chmod(path: &Path, mode: u32) -> io::Result<()> {
        if mode > 0o777 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
    }
}
