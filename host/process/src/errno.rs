//! Why the process layer refused something.

use sandbar_engine::Shortage;

/// Why a call was refused; each case is the POSIX error of the same meaning. See `wit/process`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Errno {
    /// ENOENT.
    #[error("no such file or directory")]
    NotFound,
    /// EACCES.
    #[error("permission denied")]
    Access,
    /// ENOEXEC: a native binary, for instance.
    #[error("exec format error: not a program that this platform runs")]
    NotExecutable,
    /// EINVAL.
    #[error("invalid argument")]
    Invalid,
    /// EBADF.
    #[error("bad file descriptor")]
    BadDescriptor,
    /// EISDIR.
    #[error("is a directory")]
    IsDirectory,
    /// EEXIST.
    #[error("file exists")]
    Exists,
    /// EAGAIN: the sandbox's limit of processes, pipes or descriptors.
    #[error("resource temporarily unavailable: a limit of the sandbox is reached")]
    Limit,
    /// ENOMEM: the sandbox's memory is used up.
    #[error("cannot allocate memory: the sandbox's memory limit is reached")]
    Memory,
    /// ENOMEM as well: not the sandbox's memory is used up, but the machine's.
    #[error("cannot allocate memory: the machine's memory is used up")]
    Machine,
    /// ESRCH.
    #[error("no such process")]
    NoProcess,
    /// EDQUOT.
    #[error("disk quota exceeded")]
    Quota,
    /// E2BIG.
    #[error("argument list too long")]
    TooBig,
    /// ENOTTY.
    #[error("inappropriate ioctl for device: not a terminal")]
    NotTerminal,
    /// EIO; the host has logged more.
    #[error("input/output error")]
    Io,
}

impl From<Shortage> for Errno {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::Own => Self::Memory,
            Shortage::Machine => Self::Machine,
        }
    }
}

impl From<sandbar_files::Error> for Errno {
    fn from(error: sandbar_files::Error) -> Self {
        use sandbar_files::Error as E;
        match error {
            E::NotFound | E::NotDirectory => Self::NotFound,
            E::Exists => Self::Exists,
            E::IsDirectory => Self::IsDirectory,
            E::Loop | E::NameTooLong | E::Invalid => Self::Invalid,
            E::NotPermitted | E::Access | E::ReadOnly | E::Busy => Self::Access,
            E::Quota | E::NoSpace => Self::Quota,
            E::Handles | E::TooManyLinks | E::TooManyLayers => Self::Limit,
            E::BadDescriptor => Self::BadDescriptor,
            other => {
                tracing::warn!(error = %other, "file layer failed for a process");
                Self::Io
            }
        }
    }
}
