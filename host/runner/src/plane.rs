//! The HTTP client of the plane: one pool of kept-alive connections, one token.

use crate::error::End;
use crate::wire::{Attach, Attached};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sandbar_dial::{Connector, Origin, Trust};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;

/// Header of every call after the attachment.
const PROCESS_HEADER: &str = "sandbar-runner-process";
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
    /// Whether there is nothing of that name, or it is over: to say it again changes nothing.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Status(status, _) if status.is_client_error()
            && ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS].contains(status))
    }

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
    client: Client<Connector, Full<Bytes>>,
    origin: Origin,
    trust: Trust,
    token: HeaderValue,
    /// Which process of the runner this is, once the plane has said so.
    process: Arc<OnceLock<HeaderValue>>,
    /// Told to end, and why.
    end: watch::Sender<Option<End>>,
}

impl Plane {
    /// None if the token cannot stand in a header.
    pub(crate) fn new(origin: Origin, trust: Trust, token: &str) -> Option<Self> {
        let mut token = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
        token.set_sensitive(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(Connector::new(trust.clone()));
        Some(Self {
            client,
            origin,
            trust,
            token,
            process: Arc::default(),
            end: watch::Sender::new(None),
        })
    }

    pub(crate) fn token(&self) -> &HeaderValue {
        &self.token
    }

    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Why this runner must end, once it must.
    pub(crate) async fn ended(&self) -> End {
        let mut end = self.end.subscribe();
        match end.wait_for(Option::is_some).await.map(|end| end.clone()) {
            Ok(Some(end)) => end,
            // The sender is ours, so this cannot be.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Takes the runner over for the data directory `instance`; every later call is in the name of this process.
    pub(crate) async fn attach(&self, instance: &str) -> Result<Attached, PlaneError> {
        let attached: Attached = self.ask("/runners/attach", &Attach { instance }).await?;
        let process = HeaderValue::from(attached.process);
        // The first attachment holds: there is one for each process.
        let _ = self.process.set(process);
        Ok(attached)
    }

    /// `GET`; `held` is how long the plane may hold the answer back.
    pub(crate) async fn get<T: DeserializeOwned>(&self, route: &str, held: Duration) -> Result<T, PlaneError> {
        let body = self
            .call(Method::GET, route, Bytes::new(), held + CALL_DEADLINE)
            .await?;
        serde_json::from_slice(&body).map_err(|error| PlaneError::Body(error.to_string()))
    }

    /// `POST` of JSON.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, route: &str, body: &impl Serialize) -> Result<T, PlaneError> {
        let body = serde_json::to_vec(body).map_err(|error| PlaneError::Body(error.to_string()))?;
        let answer = self.call(Method::POST, route, body.into(), CALL_DEADLINE).await?;
        serde_json::from_slice(&answer).map_err(|error| PlaneError::Body(error.to_string()))
    }

    async fn call(&self, method: Method, route: &str, body: Bytes, deadline: Duration) -> Result<Bytes, PlaneError> {
        let mut request = Request::builder()
            .method(method)
            .uri(self.origin.route(route))
            .header(AUTHORIZATION, self.token.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| PlaneError::Body(error.to_string()))?;
        if let Some(process) = self.process.get() {
            request.headers_mut().insert(PROCESS_HEADER, process.clone());
        }
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
                self.heed(status, &body);
                let text: String = String::from_utf8_lossy(&body).chars().take(QUOTED).collect();
                Err(PlaneError::Status(status, text))
            }
        };
        tokio::time::timeout(deadline, exchange)
            .await
            .map_err(|_| PlaneError::Late(deadline))?
    }

    /// Some refusals are for good.
    fn heed(&self, status: StatusCode, body: &[u8]) {
        let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
        let end = match (status, refusal.code.as_str()) {
            (StatusCode::CONFLICT, "RUNNER_REPLACED") => End::Replaced,
            (StatusCode::CONFLICT, "RUNNER_CONFLICT") => End::Conflict(refusal.message),
            _ => return,
        };
        self.end.send_if_modified(|present| {
            let first = present.is_none();
            if first {
                *present = Some(end);
            }
            first
        });
    }
}

/// What of an error body tells programs apart.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: String,
    message: String,
}

/// An error with its causes: hyper's own texts say only "client error (Connect)".
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
