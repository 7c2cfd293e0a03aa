//! A front for a control plane at another address.

use crate::error::StartError;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use sandbar_front::{Api, Body, Front, FrontConfig};
use std::sync::Arc;
use std::time::Duration;

/// A plane that does not accept a connection within this is unreachable.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A router that serves /toolbox, /link and the event stream, and passes everything else on to the plane at
/// `origin` (`http://host:port`), authenticating itself with `front_key`.
///
/// # Errors
/// If `origin` is not such a URL.
pub fn remote_front(origin: &str, front_key: &str) -> Result<axum::Router, StartError> {
    let bad = || StartError::Option(format!("{origin:?} is not an origin such as http://127.0.0.1:3000"));
    let uri: Uri = origin.trim_end_matches('/').parse().map_err(|_| bad())?;
    if uri.scheme_str() != Some("http") || uri.authority().is_none() || uri.path() != "/" {
        return Err(bad());
    }
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_LIMIT));
    let client = Client::builder(TokioExecutor::new()).build(connector);
    Ok(Front::new(Arc::new(Remote { origin: uri, client }), FrontConfig::new(front_key)).router())
}

struct Remote {
    origin: Uri,
    client: Client<HttpConnector, Body>,
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
