//! What an error of the file layer means to a client.

use crate::error::{ApiError, Code};
use http::StatusCode;
use sandbar_files::Error;

/// The error of an operation on `path`.
#[must_use]
pub fn file_error(error: &Error, path: &str) -> ApiError {
    let (status, code) = match error {
        Error::NotFound => (StatusCode::NOT_FOUND, Code::FileNotFound),
        Error::Exists | Error::NotEmpty | Error::Busy | Error::TooManyLayers => (StatusCode::CONFLICT, Code::Conflict),
        Error::NotDirectory | Error::IsDirectory | Error::Loop | Error::NameTooLong | Error::Invalid => {
            (StatusCode::BAD_REQUEST, Code::InvalidFilePath)
        }
        Error::NotPermitted | Error::Access | Error::ReadOnly | Error::BadDescriptor => {
            (StatusCode::FORBIDDEN, Code::FileAccessDenied)
        }
        Error::Quota => (StatusCode::BAD_REQUEST, Code::DiskQuotaExceeded),
        Error::TooLarge | Error::TooManyLinks | Error::Unsupported | Error::CrossDevice => {
            (StatusCode::BAD_REQUEST, Code::BadRequest)
        }
        Error::Handles => (StatusCode::TOO_MANY_REQUESTS, Code::TooManyRequests),
        Error::NoSpace => (StatusCode::INSUFFICIENT_STORAGE, Code::ServiceUnavailable),
        Error::Io(cause) => {
            tracing::error!(%cause, "the disk failed");
            (StatusCode::INTERNAL_SERVER_ERROR, Code::FileReadFailed)
        }
    };
    ApiError::new(status, code, format!("{path}: {error}"))
}

/// Shorthand: a result of the file layer with its path.
pub trait At<T> {
    /// # Errors
    /// The same failure, as a client sees it.
    fn at(self, path: &str) -> Result<T, ApiError>;
}

impl<T> At<T> for Result<T, Error> {
    fn at(self, path: &str) -> Result<T, ApiError> {
        self.map_err(|error| file_error(&error, path))
    }
}
