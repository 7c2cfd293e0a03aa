//! Whose certificates count, and the dialling itself.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::origin::Origin;
use crate::stream::Stream;

/// Between dialling and a connection on which TLS stands, if it is to.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// Certificates of one file: a bundle of a whole organization has some tens.
const MAX_CERTIFICATES: usize = 1_000;

/// Why a file of certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct TrustError {
    path: PathBuf,
    reason: String,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nobody answers.
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, #[source] io::Error),
    /// Somebody answers, but TLS does not come to stand: most often a certificate that is not trusted.
    #[error("no TLS with {0}: {1}")]
    Tls(String, #[source] io::Error),
    /// Not in time.
    #[error("{0} did not answer within {limit} s", limit = CONNECT_DEADLINE.as_secs())]
    Late(String),
    /// The name cannot stand in a certificate.
    #[error("{0} is no name that a certificate can have")]
    Name(String),
}

/// Whose certificates count. Cheap to clone.
#[derive(Clone)]
pub struct Trust(TlsConnector);

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust(..)")
    }
}

impl Trust {
    /// Mozilla's roots, and those of `ca_file` (PEM) if given.
    ///
    /// # Errors
    /// If the file cannot be read or has no certificate.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, TrustError> {
        let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        if let Some(path) = ca_file {
            let refuse = |reason: String| TrustError {
                path: path.to_owned(),
                reason,
            };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refuse(error.to_string()))?;
            let mut count = 0;
            for certificate in certificates.take(MAX_CERTIFICATES) {
                let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
                roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
                count += 1;
            }
            if count == 0 {
                return Err(refuse("it holds no certificate in PEM".to_owned()));
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError {
                path: PathBuf::new(),
                reason: error.to_string(),
            })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Connects to an origin.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn dial(&self, origin: &Origin) -> Result<Stream, DialError> {
        let name = || origin.authority.clone();
        timeout(CONNECT_DEADLINE, self.connect(origin))
            .await
            .map_err(|_| DialError::Late(name()))?
    }

    async fn connect(&self, origin: &Origin) -> Result<Stream, DialError> {
        let name = || origin.authority.clone();
        let stream = TcpStream::connect((origin.host.as_str(), origin.port))
            .await
            .map_err(|error| DialError::Unreachable(name(), error))?;
        // Requests leave in small writes; without this each pair waits for a delayed acknowledgement.
        stream
            .set_nodelay(true)
            .map_err(|error| DialError::Unreachable(name(), error))?;
        if !origin.secure {
            return Ok(Stream::Plain(stream));
        }
        let server = ServerName::try_from(origin.host.clone()).map_err(|_| DialError::Name(name()))?;
        let stream = self
            .0
            .connect(server, stream)
            .await
            .map_err(|error| DialError::Tls(name(), error))?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}
