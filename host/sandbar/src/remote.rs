//! A front for a control plane at another address.

use crate::error::StartError;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sandbar_dial::{Connector, Origin, Trust};
use sandbar_front::{Api, Body, Front, FrontConfig};
use std::sync::Arc;

/// How a front reaches a plane elsewhere.
#[derive(Clone, Debug)]
pub struct RemoteConfig {
    /// The plane's origin, `https://host[:port]`.
    pub plane: String,
    /// Certificates to trust beside the usual ones, in PEM.
    pub ca_file: Option<std::path::PathBuf>,
    /// The key by which the plane knows it, and how it behaves.
    pub front: FrontConfig,
}

/// A router that serves toolboxes, previews, /link and the event stream, and passes everything else on to the plane. Must be
/// called within a runtime.
///
/// # Errors
/// If the plane's origin is not a URL to dial, or the certificates cannot be read.
pub fn remote_front(config: RemoteConfig) -> Result<axum::Router, StartError> {
    let origin = Origin::parse(&config.plane).map_err(|error| StartError::Option(error.to_string()))?;
    if !origin.path.is_empty() {
        let text = format!(
            "{:?} has a path; give an origin such as https://sandbar.example",
            config.plane
        );
        return Err(StartError::Option(text));
    }
    let trust = Trust::new(config.ca_file.as_deref()).map_err(|error| StartError::Option(error.to_string()))?;
    let bad = |error: http::uri::InvalidUri| StartError::Option(error.to_string());
    let uri: Uri = origin.route("/").parse().map_err(bad)?;
    let client = Client::builder(TokioExecutor::new()).build(Connector::new(trust));
    Ok(Front::new(Arc::new(Remote { origin: uri, client }), config.front).router())
}

struct Remote {
    origin: Uri,
    client: Client<Connector, Body>,
}

impl Api for Remote {
    fn call(&self, request: Request<Body>) -> BoxFuture<'_, Response<Body>> {
        Box::pin(async move {
            match self.send(request).await {
                Ok(answer) => answer,
                Err(reason) => unreachable_plane(&reason),
            }
        })
    }
}

impl Remote {
    async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, String> {
        let mut parts = self.origin.clone().into_parts();
        parts.path_and_query = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from_parts(parts).map_err(|error| error.to_string())?;
        request.headers_mut().remove(http::header::HOST);
        let answer = self.client.request(request).await.map_err(|error| error.to_string())?;
        Ok(answer.map(|body| body.map_err(|error| Box::new(error) as _).boxed_unsync()))
    }
}

/// 503 in the shape that SDKs decode.
fn unreachable_plane(reason: &str) -> Response<Body> {
    tracing::warn!(reason, "the control plane does not answer");
    let text = serde_json::json!({
        "statusCode": 503,
        "error": "Service Unavailable",
        "message": "the control plane cannot be reached; try again",
        "source": "DAYTONA_PROXY",
    });
    let body = Full::new(bytes::Bytes::from(text.to_string()))
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    answer
}
