//! Whom sandboxes trust.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{RootsError, TlsError};
use crate::limits::OPERATOR_ROOTS_BYTES;

/// The roots of all sandboxes of a cell: those of Mozilla, and the operator's. One for a cell; cheap to share.
pub struct Roots {
    roots: RootCertStore,
    /// For sessions that want nothing special, so that the roots are not copied for each.
    common: Arc<ClientConfig>,
    provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Roots")
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

impl Roots {
    /// Mozilla's roots, and those of the file `operator` (PEM), if any. Blocks.
    ///
    /// # Errors
    /// See [`RootsError`].
    pub fn load(operator: Option<&Path>) -> Result<Arc<Self>, RootsError> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if let Some(path) = operator {
            let malformed = |reason: String| RootsError::Malformed {
                path: path.into(),
                reason,
            };
            let mut pem = Vec::new();
            let read = File::open(path).and_then(|file| file.take(OPERATOR_ROOTS_BYTES + 1).read_to_end(&mut pem));
            let read = read.map_err(|source| RootsError::Read {
                path: path.into(),
                source,
            })?;
            if read as u64 > OPERATOR_ROOTS_BYTES {
                return Err(malformed(format!("larger than {OPERATOR_ROOTS_BYTES} bytes")));
            }
            add_pem(&mut roots, &pem).map_err(|error| malformed(error.to_string()))?;
        }
        let provider = Arc::new(ring::default_provider());
        let common = Arc::new(config(&provider, roots.clone())?);
        Ok(Arc::new(Self {
            roots,
            common,
            provider,
        }))
    }

    /// Mozilla's roots alone, made once for all who ask.
    ///
    /// # Errors
    /// As [`Roots::load`]; there is no file that could be wrong.
    pub fn public() -> Result<Arc<Self>, RootsError> {
        static PUBLIC: OnceLock<Arc<Roots>> = OnceLock::new();
        if let Some(roots) = PUBLIC.get() {
            return Ok(Arc::clone(roots));
        }
        let roots = Self::load(None)?;
        Ok(Arc::clone(PUBLIC.get_or_init(|| roots)))
    }

    /// What connections that the host itself makes for a program are configured with: these roots, no tickets.
    #[must_use]
    pub fn client_config(&self) -> &Arc<ClientConfig> {
        &self.common
    }

    pub(crate) fn common(&self) -> &Arc<ClientConfig> {
        &self.common
    }

    pub(crate) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// A configuration that trusts these roots and `extra`, if given.
    pub(crate) fn config(&self, extra: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
        let Some(pem) = extra else {
            return Ok(ClientConfig::clone(&self.common));
        };
        let mut roots = self.roots.clone();
        add_pem(&mut roots, pem)?;
        config(&self.provider, roots).map_err(|error| TlsError::Invalid(error.to_string()))
    }
}

fn config(provider: &Arc<CryptoProvider>, roots: RootCertStore) -> Result<ClientConfig, RootsError> {
    let versions = ClientConfig::builder_with_provider(Arc::clone(provider)).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| RootsError::Malformed {
        path: "(protocol versions)".into(),
        reason: error.to_string(),
    })?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    // Tickets would let a server recognise one sandbox in another.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

fn add_pem(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), TlsError> {
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|error| TlsError::Invalid(format!("not certificates in PEM: {error}")))?;
        // One that is too old or too strange to be used as a root must not take the others along.
        if roots.add(certificate).is_ok() {
            found = true;
        }
    }
    if found {
        Ok(())
    } else {
        Err(TlsError::Invalid("no certificate in PEM that can be a root".to_owned()))
    }
}
