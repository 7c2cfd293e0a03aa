//! Errors on their way to a guest.
//!
//! libc ends a program (abort) at codes that it does not expect of a call, above all `invalid-state`. So that code is
//! returned only where libc itself checks the state first, and whatever the machine's network says is reduced to codes
//! that every call may return.

use std::io;

use sandbar_net::{BindError, ConnectError, LookupError};
use wasmtime::component::ResourceTableError;

use crate::bindings::ErrorCode;

/// Either an error code, which the guest handles, or a trap, which ends it.
#[derive(Debug)]
pub enum SocketError {
    /// What the guest is told.
    Code(ErrorCode),
    /// The guest broke the rules of the interface.
    Trap(wasmtime::Error),
}

impl From<ErrorCode> for SocketError {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<ResourceTableError> for SocketError {
    fn from(error: ResourceTableError) -> Self {
        match error {
            // The guest has as many handles as its table holds; that is its problem, not a crime.
            ResourceTableError::Full => Self::Code(ErrorCode::NewSocketLimit),
            error => Self::Trap(error.into()),
        }
    }
}

pub(crate) fn bind_code(error: &BindError) -> ErrorCode {
    match error {
        BindError::NotBindable(_) => ErrorCode::AddressNotBindable,
        BindError::InUse(_) => ErrorCode::AddressInUse,
        BindError::Limit => ErrorCode::NewSocketLimit,
    }
}

pub(crate) fn connect_code(error: &ConnectError) -> ErrorCode {
    match error {
        ConnectError::Refused(_) => ErrorCode::ConnectionRefused,
        ConnectError::TimedOut(_) => ErrorCode::Timeout,
        ConnectError::NotAllowed(_) => ErrorCode::AccessDenied,
        ConnectError::Limit(_) => ErrorCode::NewSocketLimit,
        ConnectError::Io(error) => io_code(error),
    }
}

pub(crate) fn io_code(error: &io::Error) -> ErrorCode {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
        io::ErrorKind::ConnectionReset => ErrorCode::ConnectionReset,
        io::ErrorKind::ConnectionAborted => ErrorCode::ConnectionAborted,
        io::ErrorKind::TimedOut => ErrorCode::Timeout,
        _ => ErrorCode::RemoteUnreachable,
    }
}

pub(crate) fn lookup_code(error: &LookupError) -> ErrorCode {
    match error {
        LookupError::Malformed(_) | LookupError::NotFound(_) => ErrorCode::NameUnresolvable,
        LookupError::NotAllowed(_) => ErrorCode::PermanentResolverFailure,
        LookupError::Unavailable(..) => ErrorCode::TemporaryResolverFailure,
    }
}
