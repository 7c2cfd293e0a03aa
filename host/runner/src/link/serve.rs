//! What the link serves: toolbox calls and WebSockets on their way to the cell, new components, and metrics.

use super::tunnel;
use crate::agent::Refusal as Denied;
use crate::cells::{CallError, CellBody, Cells, TRIES};
use crate::component::{MOST_BYTES, PushError, Workshop};
use crate::driver::{Driver, Refusal};
use crate::metrics::Metrics;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, Scheme};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use sandbar_cell::error::{ApiError, Code};
use sandbar_forward::{Call, FORWARD_HEADER, LinkKey, now_millis};
use std::sync::Arc;

type Body = Either<Incoming, Full<Bytes>>;

/// Headers that concern only the link, or that nobody behind it may see.
const KEPT_BACK: [HeaderName; 6] = [
    HeaderName::from_static(FORWARD_HEADER),
    AUTHORIZATION,
    HOST,
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Everything that calls over the link need.
pub(crate) struct Served {
    pub(crate) driver: Arc<Driver>,
    pub(crate) workshop: Workshop,
    pub(crate) metrics: Arc<Metrics>,
}

impl Served {
    /// Answers one call, whatever becomes of it.
    pub(crate) async fn answer(&self, key: &LinkKey, request: Request<CellBody>) -> Response<Body> {
        let method = request.method().clone();
        let uri = request.uri().clone();
        let answer = match (method.as_str(), uri.path()) {
            ("PUT", "/component") => self.component(key, request).await,
            ("GET", "/metrics") => open(key, &request, "").map(|_| {
                let mut response = Response::new(Either::Right(Full::from(self.metrics.render())));
                let kind = HeaderValue::from_static("text/plain; version=0.0.4");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }),
            _ => self
                .forward(key, request)
                .await
                .map(|response| response.map(Either::Left)),
        };
        answer.unwrap_or_else(|error| json(error.status, error.body(method.as_str(), uri.path())))
    }

    /// The answer to a call over a link that has ended.
    pub(crate) fn ended(request: &Request<CellBody>) -> Response<Body> {
        let error = unavailable("the runner's connection has ended".to_owned());
        json(
            error.status,
            error.body(request.method().as_str(), request.uri().path()),
        )
    }

    /// Checks the seal, asks the agent, forwards to the cell. Bodies stream both ways.
    async fn forward(&self, key: &LinkKey, mut request: Request<CellBody>) -> Result<Response<Incoming>, ApiError> {
        let sandbox = sandbox_of(request.uri().path())
            .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, Code::NotFound, "no such route"))?
            .to_owned();
        let generation = open(key, &request, &sandbox)?;
        let mut uri = std::mem::take(request.uri_mut()).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(Authority::from_static("cell"));
        *request.uri_mut() = Uri::from_parts(uri).map_err(|error| ApiError::bad_request(error.to_string()))?;
        let connects = request.method() == Method::CONNECT;
        let caller = connects
            .then(|| request.extensions_mut().remove::<OnUpgrade>())
            .flatten();
        let protocol = request.extensions_mut().remove::<Protocol>();
        // What else hyper put there belongs to this connection.
        *request.extensions_mut() = http::Extensions::new();
        if connects {
            match protocol.filter(|protocol| protocol.as_str() == "websocket") {
                Some(protocol) => request.extensions_mut().insert(protocol),
                None => return Err(ApiError::bad_request("only WebSockets are connected")),
            };
        }
        for name in KEPT_BACK {
            request.headers_mut().remove(name);
        }
        let mut response = self.call(&sandbox, generation, request).await?;
        self.still_ours(&sandbox, generation)?;
        if connects && response.status() == StatusCode::OK {
            let cell = response.extensions_mut().remove::<OnUpgrade>();
            let (Some(caller), Some(cell)) = (caller, cell) else {
                return Err(unavailable("the WebSocket could not be opened".to_owned()));
            };
            tokio::spawn(tunnel::run(Arc::clone(&self.driver), sandbox, generation, caller, cell));
        }
        Ok(response)
    }

    async fn call(
        &self,
        sandbox: &str,
        generation: u64,
        mut request: Request<CellBody>,
    ) -> Result<Response<Incoming>, ApiError> {
        let connects = request.extensions().get::<Protocol>().cloned();
        if connects.is_some() {
            // What follows a CONNECT is the tunnel, not a body.
            *request.body_mut() = Either::Right(Either::Left(Full::default()));
        }
        for _ in 0..TRIES {
            let life = self
                .driver
                .admit_call(sandbox, generation)
                .await
                .map_err(|refusal| refused(&refusal))?;
            match Cells::call(&life, request).await {
                Ok(response) => return Ok(response),
                Err(CallError::Failed(error)) => return Err(unavailable(error.to_string())),
                // The cell died under it, unseen: no harm in asking its next life.
                Err(CallError::Unsent(unsent)) => request = *unsent,
            }
            if let Some(protocol) = &connects {
                request.extensions_mut().insert(protocol.clone());
            }
        }
        Err(unavailable("the cell keeps ending".to_owned()))
    }

    /// Asked before an answer is handed out: a runner that slept past its lease acknowledges nothing. That the sandbox has
    /// been stopped or updated meanwhile does not make the answer wrong.
    fn still_ours(&self, sandbox: &str, generation: u64) -> Result<(), ApiError> {
        match self.driver.admit(sandbox, generation) {
            Err(denied @ (Denied::LeaseExpired | Denied::Unknown(_))) => Err(denied_error(&denied)),
            _ => Ok(()),
        }
    }

    /// `PUT /component`
    async fn component(&self, key: &LinkKey, request: Request<CellBody>) -> Result<Response<Body>, ApiError> {
        open(key, &request, "")?;
        let bytes = match Limited::new(request.into_body(), MOST_BYTES).collect().await {
            Ok(body) => Ok(body.to_bytes().to_vec()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(PushError::TooLarge),
            Err(error) => return Err(ApiError::bad_body(format!("the component broke off: {error}"))),
        };
        let pushed = match bytes {
            Ok(bytes) => self.workshop.push(&self.driver, bytes).await,
            Err(error) => Err(error),
        };
        Ok(match pushed {
            Ok(digest) => json(StatusCode::OK, serde_json::json!({ "sha256": digest })),
            Err(error) => {
                tracing::warn!(%error, "a pushed component was not taken");
                let (status, code) = error.kind();
                let mut body = ApiError::new(status, Code::BadRequest, error.to_string()).body("PUT", "/component");
                body["code"] = code.into();
                json(status, body)
            }
        })
    }
}

/// Checks the seal; the generation that it names.
fn open(key: &LinkKey, request: &Request<CellBody>, sandbox: &str) -> Result<u64, ApiError> {
    let seal = request
        .headers()
        .get(FORWARD_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let call = Call {
        method: request.method().as_str(),
        path_and_query: request.uri().path_and_query().map_or("/", |path| path.as_str()),
        sandbox,
    };
    key.open(&call, seal, now_millis())
        .map_err(|error| ApiError::new(StatusCode::FORBIDDEN, Code::Forbidden, error.to_string()))
}

fn json(status: StatusCode, body: serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Either::Right(Full::from(body.to_string())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn refused(refusal: &Refusal) -> ApiError {
    match refusal {
        Refusal::Agent(denied) => denied_error(denied),
        Refusal::Cell(_) | Refusal::Late => unavailable(refusal.to_string()),
    }
}

fn denied_error(denied: &Denied) -> ApiError {
    match denied {
        Denied::LeaseExpired => unavailable(
            "this runner has not been heard by the plane for too long, so the sandbox may live elsewhere by now"
                .to_owned(),
        ),
        Denied::OtherGeneration(text) => ApiError::new(StatusCode::CONFLICT, Code::Conflict, text.clone()),
        Denied::Unknown(text) => ApiError::new(StatusCode::NOT_FOUND, Code::NotFound, text.clone()),
        Denied::NotReady(text) => unavailable(text.clone()),
        Denied::Stopped(text) => ApiError::bad_request(text.clone()),
    }
}

fn unavailable(reason: String) -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Code::ServiceUnavailable,
        format!("{reason}; the sandbox keeps its files, try again"),
    )
}

/// The sandbox that a path of the link names.
fn sandbox_of(path: &str) -> Option<&str> {
    let (sandbox, _) = path.strip_prefix("/toolbox/")?.split_once('/')?;
    sandbar_cell::valid_id(sandbox).then_some(sandbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_sandbox() {
        assert_eq!(sandbox_of("/toolbox/s-1/files/info"), Some("s-1"));
        for bad in [
            "/toolbox/s",
            "/toolbox//x",
            "/toolbox/../x",
            "/sandboxes/s/stop",
            "/stats",
        ] {
            assert_eq!(sandbox_of(bad), None, "{bad}");
        }
    }
}
