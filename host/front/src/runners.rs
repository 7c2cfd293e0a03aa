//! What the front itself answers of runners: a new agent component for one, and its metrics. Both go over its link.

use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

use crate::Body;
use crate::fault::Fault;
use crate::forward::{Sealed, send};
use crate::limits::{API_TIME, COMPONENT_TIME, MAX_COMPONENT, METRICS_TIME};
use crate::router::Shared;
use crate::steady::Steady;

/// What is asked of a runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// `PUT /api/runners/<id>/component`
    Component,
    /// `GET /api/runners/<id>/metrics`
    Metrics,
}

/// The runner and the question, if method and path are one of ours.
pub fn target<'a>(method: &Method, path: &'a str) -> Option<(&'a str, Ask)> {
    let (runner, what) = path.strip_prefix("/api/runners/")?.split_once('/')?;
    let plain = !runner.is_empty()
        && runner
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let ask = match (method, what) {
        (&Method::PUT, "component") => Ask::Component,
        (&Method::GET, "metrics") => Ask::Metrics,
        _ => return None,
    };
    plain.then_some((runner, ask))
}

impl Ask {
    fn permission(self) -> &'static str {
        match self {
            Self::Component => "write:runners",
            Self::Metrics => "read:runners",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Component => "/component",
            Self::Metrics => "/metrics",
        }
    }

    fn time(self) -> Duration {
        match self {
            Self::Component => COMPONENT_TIME,
            Self::Metrics => METRICS_TIME,
        }
    }
}

/// Asks the runner, if the API says that the caller may.
///
/// # Errors
/// The API's refusal, 413, 503 if the runner is not linked, 504 if it does not answer.
pub async fn call(
    shared: &Arc<Shared>,
    request: Request<Body>,
    runner: &str,
    ask: Ask,
) -> Result<Response<Body>, Fault> {
    let (parts, body) = request.into_parts();
    let id = allowed(shared, parts.headers.get(AUTHORIZATION), runner, ask).await?;
    if body.size_hint().lower() > MAX_COMPONENT as u64 {
        let text = format!("a runner component has at most {MAX_COMPONENT} bytes");
        return Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", text));
    }
    let place = Arc::clone(&shared.calls).try_acquire_owned().map_err(|_| {
        let text = "too many calls at once; try again";
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", text)
    })?;
    let link = shared.links.reach(&id)?;
    let method = match ask {
        Ask::Component => Method::PUT,
        Ask::Metrics => Method::GET,
    };
    let body = Limited::new(Steady::new(body), MAX_COMPONENT).boxed_unsync();
    let mut request = link.seal(&method, ask.path(), "", 0, body)?;
    if let Some(length) = parts.headers.get(CONTENT_LENGTH) {
        request.headers_mut().insert(CONTENT_LENGTH, length.clone());
    }
    let sealed = Sealed {
        sender: link.sender.clone(),
        request,
    };
    let answer = tokio::time::timeout(ask.time(), send(sealed)).await.map_err(|_| {
        let text = format!("runner {id} did not answer within {} s", ask.time().as_secs());
        Fault::new(StatusCode::GATEWAY_TIMEOUT, "RUNNER_TIMEOUT", text)
    })?;
    answer.map(|response| {
        response.map(|body| {
            body.map_frame(move |frame| {
                // The place is taken until the answer has ended.
                let _ = &place;
                frame
            })
            .boxed_unsync()
        })
    })
}

async fn allowed(
    shared: &Shared,
    authorization: Option<&HeaderValue>,
    runner: &str,
    ask: Ask,
) -> Result<String, Fault> {
    if authorization.is_none() {
        let text = "the Authorization header is missing";
        return Err(Fault::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", text));
    }
    let path = format!("/api/internal/runner/{runner}?permission={}", ask.permission());
    let answer: Value = tokio::time::timeout(API_TIME, shared.api.ask_json(path, authorization.cloned()))
        .await
        .map_err(|_| {
            let text = "the control plane did not answer in time";
            Fault::new(StatusCode::GATEWAY_TIMEOUT, "API_TIMEOUT", text)
        })?
        .map_err(|(status, body)| Fault::Api(status, body))?;
    match answer["runnerId"].as_str() {
        Some(id) => Ok(id.to_owned()),
        None => Err(Fault::new(
            StatusCode::BAD_GATEWAY,
            "API_ERROR",
            "the control plane gave no usable answer",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_two_are_ours() {
        assert_eq!(
            target(&Method::PUT, "/api/runners/r-1/component"),
            Some(("r-1", Ask::Component))
        );
        assert_eq!(
            target(&Method::GET, "/api/runners/r/metrics"),
            Some(("r", Ask::Metrics))
        );
        for (method, path) in [
            (Method::GET, "/api/runners/r/component"),
            (Method::PUT, "/api/runners//component"),
            (Method::PUT, "/api/runners/../component"),
            (Method::PUT, "/api/runners/a/b/component"),
            (Method::GET, "/api/runners/me"),
        ] {
            assert_eq!(target(&method, path), None, "{method} {path}");
        }
    }
}
