//! The HTTP client of the plane: one pool of kept-alive connections, one token.

use crate::address::Address;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Between connect and failure.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// How long an ordinary call may take.
const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// Idle connections are closed before the usual proxies (60 s) do it under us.
const IDLE: Duration = Duration::from_secs(50);
/// Largest answer: the rows of every sandbox of a runner.
const ANSWER_BYTES: usize = 64 << 20;
/// Bytes of an answer that are quoted in an error.
const QUOTED: usize = 300;

/// Why a call to the plane failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaneError {
    #[error("the plane cannot be reached: {0}")]
    Unreachable(String),
    #[error("the plane did not answer within {0:?}")]
    Late(Duration),
    #[error("the plane answered {0}: {1}")]
    Status(StatusCode, String),
    #[error("the plane's answer is not what was expected: {0}")]
    Body(String),
}

impl PlaneError {
    /// Whether the same request could succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Late(_) => true,
            Self::Status(status, _) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        // A token that was revoked or not yet written, a limit, a timeout.
                        StatusCode::UNAUTHORIZED
                            | StatusCode::FORBIDDEN
                            | StatusCode::NOT_FOUND
                            | StatusCode::REQUEST_TIMEOUT
                            | StatusCode::TOO_MANY_REQUESTS
                    )
            }
            Self::Body(_) => false,
        }
    }
}

/// The plane's client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Plane {
    client: Client<HttpConnector, Full<Bytes>>,
    address: Address,
    token: HeaderValue,
}

impl Plane {
    /// None if the token cannot stand in a header.
    pub(crate) fn new(address: Address, token: &str) -> Option<Self> {
        let mut token = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
        token.set_sensitive(true);
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_DEADLINE));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Some(Self { client, address, token })
    }

    pub(crate) fn token(&self) -> &HeaderValue {
        &self.token
    }

    /// `GET`; `held` is how long the plane may hold the answer back.
    pub(crate) async fn get<T: DeserializeOwned>(&self, route: &str, held: Duration) -> Result<T, PlaneError> {
        let body = self
            .call(Method::GET, route, Bytes::new(), held + CALL_DEADLINE)
            .await?;
        serde_json::from_slice(&body).map_err(|error| PlaneError::Body(error.to_string()))
    }

    /// `POST` of JSON; the answer's body is of no interest.
    pub(crate) async fn post(&self, route: &str, body: &impl Serialize) -> Result<(), PlaneError> {
        let body = serde_json::to_vec(body).map_err(|error| PlaneError::Body(error.to_string()))?;
        self.call(Method::POST, route, body.into(), CALL_DEADLINE)
            .await
            .map(drop)
    }

    async fn call(&self, method: Method, route: &str, body: Bytes, deadline: Duration) -> Result<Bytes, PlaneError> {
        let request = Request::builder()
            .method(method)
            .uri(self.address.route(route))
            .header(AUTHORIZATION, self.token.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| PlaneError::Body(error.to_string()))?;
        let exchange = async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(|error| PlaneError::Unreachable(chain(&error)))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES)
                .collect()
                .await
                .map_err(|error| PlaneError::Unreachable(error.to_string()))?
                .to_bytes();
            if status.is_success() {
                Ok(body)
            } else {
                let text: String = String::from_utf8_lossy(&body).chars().take(QUOTED).collect();
                Err(PlaneError::Status(status, text))
            }
        };
        tokio::time::timeout(deadline, exchange)
            .await
            .map_err(|_| PlaneError::Late(deadline))?
    }
}

/// An error with its causes: hyper's own texts say only "client error (Connect)".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
