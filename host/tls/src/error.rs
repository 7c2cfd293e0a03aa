//! Why TLS fails.

use crate::bindings::wit;

/// Why a call of a session failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The name, or a setting.
    #[error("{0}")]
    Invalid(String),
    /// The server's certificate does not hold.
    #[error("{0}")]
    Certificate(String),
    /// The peer broke the protocol, or sent an alert.
    #[error("{0}")]
    Protocol(String),
    /// The session has ended.
    #[error("the session has ended")]
    Closed,
    /// Too many sessions, or too much that waits.
    #[error("a limit is reached")]
    Limit,
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        match &error {
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                Self::Certificate(error.to_string())
            }
            _ => Self::Protocol(error.to_string()),
        }
    }
}

impl From<TlsError> for wit::Error {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::Invalid(text) => Self::Invalid(text),
            TlsError::Certificate(text) => Self::Certificate(text),
            TlsError::Protocol(text) => Self::Protocol(text),
            TlsError::Closed => Self::Closed,
            TlsError::Limit => Self::Limit,
        }
    }
}

/// Why an operator's certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file cannot be read.
    #[error("cannot read the certificates in {path}: {source}")]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What is in it is not what it should be.
    #[error("{path}: {reason}")]
    Malformed {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
}
