//! Why an operation on a sandbox's files failed: one enum, and what each case means to POSIX.

use std::io;

/// Why the file layer refused or failed. No case carries a path of the host.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A component does not exist, or the directory has been removed meanwhile (ENOENT).
    #[error("no such file or directory")]
    NotFound,
    /// The name is taken (EEXIST).
    #[error("file exists")]
    Exists,
    /// A component that must be a directory is not one (ENOTDIR).
    #[error("not a directory")]
    NotDirectory,
    /// A directory stands where a file is needed (EISDIR).
    #[error("is a directory")]
    IsDirectory,
    /// The directory to remove or replace still has entries (ENOTEMPTY).
    #[error("directory not empty")]
    NotEmpty,
    /// More than [`MAX_SYMLINKS`](crate::MAX_SYMLINKS) links in one resolution (ELOOP).
    #[error("too many levels of symbolic links")]
    Loop,
    /// A name, path, link target or depth is over its limit (ENAMETOOLONG).
    #[error("file name too long")]
    NameTooLong,
    /// A name or argument that can never be valid: NUL, an empty path, a reserved name, a directory
    /// moved into itself (EINVAL).
    #[error("invalid argument")]
    Invalid,
    /// The object may not be used that way (EPERM): the root removed, a directory hard-linked.
    #[error("operation not permitted")]
    NotPermitted,
    /// The object is neither file, directory nor link, or the host's own rights deny it (EACCES).
    #[error("permission denied")]
    Access,
    /// The place can never be written: a device directory, a lower file held open for reading (EROFS).
    #[error("read-only file system")]
    ReadOnly,
    /// The sandbox's bytes or inodes are used up (EDQUOT).
    #[error("disk quota exceeded")]
    Quota,
    /// The host's disk, or `/dev/full`, has no room left (ENOSPC).
    #[error("no space left on device")]
    NoSpace,
    /// The sandbox, or the host process, has too many files open (EMFILE).
    #[error("too many open files")]
    Handles,
    /// An offset, size or body is over what is possible or was allowed (EFBIG).
    #[error("file too large")]
    TooLarge,
    /// The file has as many hard links as the host's disk allows (EMLINK).
    #[error("too many links")]
    TooManyLinks,
    /// The sandbox stands on [`MAX_STACK`](crate::MAX_STACK) frozen layers already (EMLINK).
    #[error("too many layers: the sandbox was forked and changed too often in a row")]
    TooManyLayers,
    /// The two places are not on the same volume (EXDEV).
    #[error("invalid cross-device link")]
    CrossDevice,
    /// The handle is not open for this direction (EBADF).
    #[error("bad file descriptor")]
    BadDescriptor,
    /// Somebody else holds the object: the upper directory belongs to a live tree (EBUSY).
    #[error("device or resource busy")]
    Busy,
    /// The host's disk lacks what is needed, extended attributes for example (ENOTSUP).
    #[error("operation not supported")]
    Unsupported,
    /// Any other failure of the host's disk (EIO).
    #[error("input/output error: {0}")]
    Io(#[source] io::Error),
}

/// What every operation of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The symbolic POSIX name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "ENOENT",
            Self::Exists => "EEXIST",
            Self::NotDirectory => "ENOTDIR",
            Self::IsDirectory => "EISDIR",
            Self::NotEmpty => "ENOTEMPTY",
            Self::Loop => "ELOOP",
            Self::NameTooLong => "ENAMETOOLONG",
            Self::Invalid => "EINVAL",
            Self::NotPermitted => "EPERM",
            Self::Access => "EACCES",
            Self::ReadOnly => "EROFS",
            Self::Quota => "EDQUOT",
            Self::NoSpace => "ENOSPC",
            Self::Handles => "EMFILE",
            Self::TooLarge => "EFBIG",
            Self::TooManyLinks | Self::TooManyLayers => "EMLINK",
            Self::CrossDevice => "EXDEV",
            Self::BadDescriptor => "EBADF",
            Self::Busy => "EBUSY",
            Self::Unsupported => "ENOTSUP",
            Self::Io(_) => "EIO",
        }
    }

    /// Whether this is [`Error::NotFound`]; most callers treat only that one specially.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound)
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(errno: rustix::io::Errno) -> Self {
        use rustix::io::Errno as E;
        match errno {
            E::NOENT => Self::NotFound,
            E::EXIST => Self::Exists,
            E::NOTDIR => Self::NotDirectory,
            E::ISDIR => Self::IsDirectory,
            E::NOTEMPTY => Self::NotEmpty,
            E::LOOP => Self::Loop,
            E::NAMETOOLONG => Self::NameTooLong,
            E::INVAL => Self::Invalid,
            E::PERM => Self::NotPermitted,
            E::ACCESS => Self::Access,
            E::ROFS => Self::ReadOnly,
            E::DQUOT => Self::Quota,
            E::NOSPC => Self::NoSpace,
            E::MFILE | E::NFILE => Self::Handles,
            E::FBIG => Self::TooLarge,
            E::MLINK => Self::TooManyLinks,
            E::BADF => Self::BadDescriptor,
            E::BUSY => Self::Busy,
            E::OPNOTSUPP => Self::Unsupported,
            other => Self::Io(other.into()),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match rustix::io::Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            None => Self::Io(error),
        }
    }
}
