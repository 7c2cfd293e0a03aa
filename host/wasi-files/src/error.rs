//! Errors on their way to a guest.

use sandbar_files::Error;
use wasmtime::component::ResourceTableError;

use crate::bindings::wasi::filesystem::types::ErrorCode;

/// Either an error code, which the guest handles, or a trap, which ends it.
#[derive(Debug)]
pub enum FileError {
    /// What the guest is told.
    Code(ErrorCode),
    /// The guest broke the rules of the interface.
    Trap(wasmtime::Error),
}

impl From<ErrorCode> for FileError {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<Error> for FileError {
    fn from(error: Error) -> Self {
        Self::Code(error_code(&error))
    }
}

impl From<ResourceTableError> for FileError {
    fn from(error: ResourceTableError) -> Self {
        match error {
            // The guest has as many handles as its table holds; that is its problem, not a crime.
            ResourceTableError::Full => Self::Code(ErrorCode::InsufficientMemory),
            error => Self::Trap(error.into()),
        }
    }
}

/// The code that means the same.
pub(crate) fn error_code(error: &Error) -> ErrorCode {
    match error {
        Error::NotFound => ErrorCode::NoEntry,
        Error::Exists => ErrorCode::Exist,
        Error::NotDirectory => ErrorCode::NotDirectory,
        Error::IsDirectory => ErrorCode::IsDirectory,
        Error::NotEmpty => ErrorCode::NotEmpty,
        Error::Loop => ErrorCode::Loop,
        Error::NameTooLong => ErrorCode::NameTooLong,
        Error::Invalid => ErrorCode::Invalid,
        Error::NotPermitted => ErrorCode::NotPermitted,
        Error::Access => ErrorCode::Access,
        Error::ReadOnly => ErrorCode::ReadOnly,
        // A sandbox's quota is the size of its disk: programs know what to do about a full disk, few about EDQUOT.
        Error::Quota | Error::NoSpace => ErrorCode::InsufficientSpace,
        // WASI knows no EMFILE.
        Error::Handles => ErrorCode::InsufficientMemory,
        Error::TooLarge => ErrorCode::FileTooLarge,
        Error::TooManyLinks | Error::TooManyLayers => ErrorCode::TooManyLinks,
        Error::CrossDevice => ErrorCode::CrossDevice,
        Error::BadDescriptor => ErrorCode::BadDescriptor,
        Error::Busy => ErrorCode::Busy,
        Error::Unsupported => ErrorCode::Unsupported,
        Error::Io(_) => ErrorCode::Io,
    }
}
