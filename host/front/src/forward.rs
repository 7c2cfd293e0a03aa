//! Toolbox calls: authenticated here, sealed, and streamed over the link of the sandbox's runner. A runner in this very process
//! gets what is small directly.

use std::sync::Arc;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::upgrade::OnUpgrade;
use sandbar_forward::FORWARD_HEADER;
use tokio::sync::OwnedSemaphorePermit;

use crate::access::{Access, Question};
use crate::fault::Fault;
use crate::guarded::Guarded;
use crate::limits::{BODY_STALL, MAX_UPLOAD, MAX_URI, REPLAYABLE};
use crate::links::Link;
use crate::router::Shared;
use crate::steady::{Stalled, Steady};
use crate::upgrade::{self, Wish};
use crate::watch::Watches;
use crate::{Body, BoxError, body, headers, tunnel};

/// With this header (of any value) a call does not count as use of the sandbox.
const SKIP_ACTIVITY: &str = "x-daytona-skip-last-activity-update";

/// The sandbox (as the client wrote it) and the rest of a toolbox path, which starts with `/`; none if the path is
/// not one. `/toolbox/<sandbox>/<rest>`, and the older `/api/toolbox/<sandbox>/toolbox/<rest>`.
pub fn target(path: &str) -> Option<(&str, &str)> {
    let (sandbox, rest) = match path.strip_prefix("/toolbox/") {
        Some(tail) => tail.split_at(tail.find('/')?),
        None => {
            let tail = path.strip_prefix("/api/toolbox/")?;
            let (sandbox, rest) = tail.split_at(tail.find('/')?);
            (
                sandbox,
                rest.strip_prefix("/toolbox").filter(|rest| rest.starts_with('/'))?,
            )
        }
    };
    // Such a segment would name another route of the API.
    let plain = !sandbox.is_empty() && sandbox != "." && sandbox != ".." && !sandbox.contains('%');
    plain.then_some((sandbox, rest))
}

/// Where a call goes, and by whose leave.
pub struct Aim {
    /// What the API is asked.
    pub question: Question,
    /// Path below the sandbox's, which starts with `/`.
    pub rest: String,
    /// Query as the runner sees it.
    pub query: Option<String>,
    /// Whether the application sees the caller's cookies (but ours).
    pub cookies: bool,
}

impl Aim {
    /// A toolbox call. `sandbox` and `rest` come from [`target`].
    ///
    /// # Errors
    /// 401 without a credential.
    pub fn toolbox(request: &Request<Body>, sandbox: &str, rest: &str) -> Result<Self, Fault> {
        Ok(Self {
            question: Question::toolbox(request.headers().get(AUTHORIZATION), sandbox)?,
            rest: rest.to_owned(),
            query: request.uri().query().map(str::to_owned),
            cookies: false,
        })
    }

    fn length(&self) -> usize {
        self.rest.len() + self.query.as_ref().map_or(0, String::len)
    }
}

/// Forwards one call, whose headers are ready for the runner but for the hop-by-hop ones.
///
/// # Errors
/// [`Fault`], as the answer to give.
pub async fn call(shared: &Arc<Shared>, mut request: Request<Body>, aim: &Aim) -> Result<Response<Body>, Fault> {
    if aim.length() > MAX_URI {
        return Err(Fault::new(
            StatusCode::URI_TOO_LONG,
            "URI_TOO_LONG",
            "the path and query are too long",
        ));
    }
    let mut wish = upgrade::wish(&mut request)?;
    let (places, what) = match wish {
        Some(_) => (&shared.tunnels, "WebSockets"),
        None => (&shared.calls, "toolbox calls"),
    };
    let busy = |_| {
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "OVERLOADED",
            format!("too many {what} at once; try again"),
        )
    };
    let place = Arc::clone(places).try_acquire_owned().map_err(busy)?;

    let notes_activity = !request.headers().contains_key(SKIP_ACTIVITY);
    let (mut parts, body) = request.into_parts();
    headers::for_runner(&mut parts.headers, aim.cookies);
    parts.extensions = http::Extensions::new();
    let mut payload = match wish {
        // What follows an upgrade is no body.
        Some(_) => Payload::Small(Bytes::new()),
        None => Payload::take(body).await?,
    };
    let mut first = true;
    loop {
        let access = shared.access.check(&shared.api, &aim.question).await?;
        awake(&access)?;
        let (link, request) = sealed(shared, &parts, &access, aim, wish.is_some())?;
        let near = match &payload {
            Payload::Small(bytes) if wish.is_none() => link.near().map(|near| (near, bytes.clone())),
            _ => None,
        };
        let response = match near {
            Some((near, bytes)) => answered(near.call(request.map(|()| bytes)).await),
            None => {
                let body = payload.next()?;
                let mut request = request.map(|()| body);
                if wish.is_some() {
                    upgrade::connect(&mut request);
                }
                let sender = link.sender.clone();
                send(Sealed { sender, request }).await?
            }
        };
        // An old generation: the caller's sandbox was stopped or started since we asked. Ask again, once.
        if response.status() == StatusCode::CONFLICT && first && payload.is_replayable() {
            shared.access.forget(&aim.question);
            let now = shared.access.check(&shared.api, &aim.question).await?;
            awake(&now)?;
            if now.generation != access.generation {
                first = false;
                continue;
            }
        }
        if notes_activity {
            let authorization = aim.question.authorization();
            shared.activity.note(&shared.api, authorization, &access);
        }
        return match wish.take() {
            Some(wish) => opened(shared, wish, &parts, response, aim, &access, place),
            // The place is taken until the answer's body has ended.
            None => Ok(response.map(|body| Guarded::new(body, shared, &aim.question, place).boxed_unsync())),
        };
    }
}

/// Opens the tunnel if the sandbox has agreed; else its refusal is the answer.
fn opened(
    shared: &Arc<Shared>,
    wish: Wish,
    parts: &http::request::Parts,
    mut response: Response<Body>,
    aim: &Aim,
    access: &Access,
    place: OwnedSemaphorePermit,
) -> Result<Response<Body>, Fault> {
    let refused = |text: &str| Err(Fault::new(StatusCode::BAD_GATEWAY, "NO_WEBSOCKET", text));
    if response.status() != StatusCode::OK {
        return if response.status().is_success() {
            refused("the sandbox answered without opening a WebSocket")
        } else {
            Ok(response.map(|body| Guarded::new(body, shared, &aim.question, place).boxed_unsync()))
        };
    }
    let Some(runner) = response.extensions_mut().remove::<OnUpgrade>() else {
        return refused("the connection to the runner carries no WebSockets");
    };
    if !upgrade::offered(&parts.headers, response.headers()) {
        return refused("the sandbox chose an extension that was not offered");
    }
    let answer = upgrade::agreed(&wish, response.headers());
    let watch = Watches::of(shared, &aim.question, access);
    tokio::spawn(tunnel::run(wish.client, runner, watch, place));
    Ok(answer)
}

fn awake(access: &Access) -> Result<(), Fault> {
    if access.rests() {
        let text = format!("sandbox {} is {}; start it first", access.sandbox_id, access.state);
        return Err(Fault::new(StatusCode::CONFLICT, "SANDBOX_NOT_STARTED", text));
    }
    Ok(())
}

/// A request ready for one link.
pub struct Sealed {
    /// The link's.
    pub sender: hyper::client::conn::http2::SendRequest<Body>,
    /// With its seal.
    pub request: Request<Body>,
}

fn sealed(
    shared: &Shared,
    parts: &http::request::Parts,
    access: &Access,
    aim: &Aim,
    connects: bool,
) -> Result<(Arc<Link>, Request<()>), Fault> {
    let Some(runner) = &access.runner_id else {
        return Err(Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "NO_RUNNER",
            "the sandbox has no runner at the moment",
        ));
    };
    let link = shared.links.reach(runner)?;
    let mut path = ["/toolbox/", &access.sandbox_id, &aim.rest].concat();
    if let Some(query) = &aim.query {
        path.push('?');
        path.push_str(query);
    }
    let method = if connects { &Method::CONNECT } else { &parts.method };
    let mut request = link.seal(method, &path, &access.sandbox_id, access.generation, ())?;
    let seal = request.headers_mut().remove(FORWARD_HEADER);
    *request.headers_mut() = parts.headers.clone();
    if let Some(seal) = seal {
        request.headers_mut().insert(FORWARD_HEADER, seal);
    }
    Ok((link, request))
}

/// A runner's answer, ready for a client.
fn answered(mut response: Response<Body>) -> Response<Body> {
    *response.version_mut() = Version::HTTP_11;
    headers::for_client(response.headers_mut());
    response
}

/// Sends over a link; the answer is ready for a client.
///
/// # Errors
/// 413 for a body that grew too large, 408 for one that stalled, 502 if the link broke.
pub async fn send(sealed: Sealed) -> Result<Response<Body>, Fault> {
    let Sealed { mut sender, request } = sealed;
    match sender.send_request(request).await {
        Ok(response) => Ok(answered(
            response.map(|body| body.map_err(|e| Box::new(e) as BoxError).boxed_unsync()),
        )),
        Err(error) if caused_by::<Stalled>(&error) => {
            let text = format!("no piece of the body for {} s", BODY_STALL.as_secs());
            Err(Fault::new(StatusCode::REQUEST_TIMEOUT, "BODY_STALLED", text))
        }
        Err(error) if caused_by::<LengthLimitError>(&error) => {
            let text = format!("the body is larger than {MAX_UPLOAD} bytes");
            Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", text))
        }
        Err(error) => {
            // Whether the call had an effect is not known, so it is not made again.
            let text = format!("the connection to the runner broke during the call: {error}");
            Err(Fault::new(StatusCode::BAD_GATEWAY, "RUNNER_LOST", text))
        }
    }
}

fn caused_by<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// A request's body: small ones can be sent twice, large ones stream.
enum Payload {
    Small(Bytes),
    Stream(Option<Body>),
}

impl Payload {
    async fn take(body: Body) -> Result<Self, Fault> {
        // Over HTTP/2 a request without a body says so at once; the empty bytes cost nothing.
        if body.is_end_stream() {
            return Ok(Self::Small(Bytes::new()));
        }
        if body.size_hint().upper().is_some_and(|most| most <= REPLAYABLE) {
            let broke =
                |e: BoxError| Fault::new(StatusCode::BAD_REQUEST, "BAD_BODY", format!("the body broke off: {e}"));
            let late = |_| {
                Fault::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "BODY_STALLED",
                    "the body did not come in time",
                )
            };
            let whole = tokio::time::timeout(BODY_STALL, body.collect()).await.map_err(late)?;
            return Ok(Self::Small(whole.map_err(broke)?.to_bytes()));
        }
        let limited = Limited::new(Steady::new(body), MAX_UPLOAD);
        Ok(Self::Stream(Some(limited.boxed_unsync())))
    }

    fn next(&mut self) -> Result<Body, Fault> {
        match self {
            Self::Small(bytes) if bytes.is_empty() => Ok(body::empty()),
            Self::Small(bytes) => Ok(body::full(bytes.clone())),
            Self::Stream(body) => body
                .take()
                .ok_or_else(|| Fault::new(StatusCode::CONFLICT, "SENT", "the body was sent already")),
        }
    }

    fn is_replayable(&self) -> bool {
        matches!(self, Self::Small(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_sandbox_and_rest() {
        assert_eq!(target("/toolbox/s1/process/execute"), Some(("s1", "/process/execute")));
        assert_eq!(target("/toolbox/my-box/"), Some(("my-box", "/")));
        assert_eq!(target("/api/toolbox/s1/toolbox/files"), Some(("s1", "/files")));
    }

    #[test]
    fn refuses_what_is_no_toolbox_path() {
        for path in [
            "/toolbox/s1",
            "/toolbox//files",
            "/toolbox/../internal",
            "/toolbox/./x",
            "/toolbox/a%2f..%2fb/x",
            "/api/toolbox/s1/files",
            "/api/toolbox/s1/toolboxes/x",
            "/api/sandbox",
            "/toolboxes/s/x",
        ] {
            assert_eq!(target(path), None, "{path}");
        }
    }
}
