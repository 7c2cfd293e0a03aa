//! How the front asks the API.

use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::limits::MAX_API_ANSWER;
use crate::{Body, BoxError, body};

/// The HTTP API: in this process, or at another address.
pub trait Api: Send + Sync + 'static {
    /// Answers a request. What fails is an error answer.
    fn call(&self, request: Request<Body>) -> BoxFuture<'_, Response<Body>>;
}

/// The header that tells the API that it is the front which asks.
const FRONT_KEY_HEADER: &str = "sandbar-front-key";

/// Asks the API's internal routes.
pub struct Asking {
    api: std::sync::Arc<dyn Api>,
    key: HeaderValue,
}

impl Asking {
    /// A key that no header can carry opens nothing; the API then answers 404.
    pub fn new(api: std::sync::Arc<dyn Api>, key: &str) -> Self {
        let mut key = HeaderValue::from_str(key).unwrap_or_else(|_| HeaderValue::from_static(""));
        key.set_sensitive(true);
        Self { api, key }
    }

    /// Passes a client's request on.
    pub async fn pass(&self, request: Request<Body>) -> Response<Body> {
        self.api.call(request).await
    }

    /// Asks an internal route, in the name of `authorization` if given; status and whole body.
    pub fn ask(
        &self,
        method: Method,
        path: String,
        authorization: Option<HeaderValue>,
    ) -> BoxFuture<'_, (StatusCode, Vec<u8>)> {
        let headers = authorization.map(|value| (AUTHORIZATION, value));
        self.send(method, path, headers.into_iter().collect(), None)
    }

    /// Tells an internal route something, as JSON; the status.
    pub async fn tell(&self, path: String, body: &Value) -> StatusCode {
        self.send(Method::POST, path, Vec::new(), Some(body.to_string()))
            .await
            .0
    }

    fn send(
        &self,
        method: Method,
        path: String,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Option<String>,
    ) -> BoxFuture<'_, (StatusCode, Vec<u8>)> {
        Box::pin(async move {
            let built = Request::builder()
                .method(method)
                .uri(&path)
                .header(FRONT_KEY_HEADER, self.key.clone());
            let built = match body {
                Some(json) => built
                    .header(CONTENT_TYPE, "application/json")
                    .header(CONTENT_LENGTH, json.len())
                    .body(body::full(json)),
                None => built.body(body::empty()),
            };
            let Ok(mut request) = built else {
                return (StatusCode::BAD_REQUEST, Vec::new());
            };
            request.headers_mut().extend(headers);
            let (parts, body) = self.api.call(request).await.into_parts();
            match whole(body).await {
                Ok(bytes) => (parts.status, bytes),
                Err(error) => {
                    tracing::warn!(%error, path, "the API's answer broke off");
                    (StatusCode::BAD_GATEWAY, Vec::new())
                }
            }
        })
    }

    /// [`Asking::ask`] with the JSON of a 200 answer.
    ///
    /// # Errors
    /// Status and body of any other answer.
    pub async fn ask_json(
        &self,
        path: String,
        authorization: Option<HeaderValue>,
    ) -> Result<Value, (StatusCode, Vec<u8>)> {
        self.ask_json_with(path, authorization, None).await
    }

    /// [`Asking::ask_json`] with one more header.
    ///
    /// # Errors
    /// Status and body of any other answer.
    pub async fn ask_json_with(
        &self,
        path: String,
        authorization: Option<HeaderValue>,
        more: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Value, (StatusCode, Vec<u8>)> {
        let headers = authorization
            .map(|value| (AUTHORIZATION, value))
            .into_iter()
            .chain(more);
        let (status, bytes) = self.send(Method::GET, path, headers.collect(), None).await;
        if status != StatusCode::OK {
            return Err((status, bytes));
        }
        serde_json::from_slice(&bytes).map_err(|_| (StatusCode::BAD_GATEWAY, Vec::new()))
    }
}

async fn whole(mut body: Body) -> Result<Vec<u8>, BoxError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            if bytes.len() + data.len() > MAX_API_ANSWER {
                return Err("it is too long".into());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}
