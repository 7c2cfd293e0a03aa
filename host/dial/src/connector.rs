//! Dialling for hyper's pooled client.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use tower::Service;

use crate::origin::{Origin, OriginError};
use crate::stream::Stream;
use crate::trust::{DialError, Trust};

/// Connects wherever a request's URI says.
#[derive(Clone, Debug)]
pub struct Connector(Trust);

impl Connector {
    /// With this trust.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self(trust)
    }
}

/// Why a request's connection was not made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URI is none to dial.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// Dialling failed.
    #[error(transparent)]
    Dial(#[from] DialError),
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Stream>, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let trust = self.0.clone();
        Box::pin(async move {
            // Only scheme and authority matter; a query would be refused.
            let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
            let origin = Origin::parse(&format!("{}://{authority}", uri.scheme_str().unwrap_or_default()))?;
            Ok(TokioIo::new(trust.dial(&origin).await?))
        })
    }
}
