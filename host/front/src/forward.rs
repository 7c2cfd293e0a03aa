//! Toolbox calls: authenticated here, sealed, and streamed over the link of the sandbox's runner.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use sandbar_forward::{Call, FORWARD_HEADER, SEAL_LIFETIME, now_millis};

use crate::access::Access;
use crate::fault::Fault;
use crate::limits::{MAX_UPLOAD, MAX_URI, REPLAYABLE};
use crate::router::Shared;
use crate::{Body, BoxError, body, headers};

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

/// Forwards one call. `sandbox` and `rest` come from [`target`].
///
/// # Errors
/// [`Fault`], as the answer to give.
pub async fn call(
    shared: &Arc<Shared>,
    request: Request<Body>,
    sandbox: &str,
    rest: &str,
) -> Result<Response<Body>, Fault> {
    // Other upgrades (h2c) are offers that may be ignored.
    if request
        .headers()
        .get(UPGRADE)
        .is_some_and(|u| u.as_bytes().eq_ignore_ascii_case(b"websocket"))
    {
        let text = "WebSockets are not forwarded to sandboxes yet";
        return Err(Fault::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", text));
    }
    if rest.len() + request.uri().query().map_or(0, str::len) > MAX_URI {
        return Err(Fault::new(
            StatusCode::URI_TOO_LONG,
            "URI_TOO_LONG",
            "the path and query are too long",
        ));
    }
    let busy = |_| {
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "OVERLOADED",
            "too many toolbox calls at once; try again",
        )
    };
    let place = Arc::clone(&shared.calls).try_acquire_owned().map_err(busy)?;

    let authorization = request.headers().get(AUTHORIZATION).cloned();
    let (mut parts, body) = request.into_parts();
    headers::for_runner(&mut parts.headers);
    parts.extensions = http::Extensions::new();
    let mut payload = Payload::take(body).await?;
    let mut tried: Option<u64> = None;
    loop {
        let access = shared
            .access
            .check(&shared.api, authorization.as_ref(), sandbox)
            .await?;
        awake(&access)?;
        let first = tried.is_none();
        let request = sealed(shared, &parts, &access, rest, payload.next()?)?;
        let response = send(request).await?;
        // An old generation: the caller's sandbox was stopped or started since we asked. Ask again, once.
        if response.status() == StatusCode::CONFLICT && first && payload.is_replayable() {
            shared.access.forget(authorization.as_ref(), sandbox);
            let now = shared
                .access
                .check(&shared.api, authorization.as_ref(), sandbox)
                .await?;
            awake(&now)?;
            if now.generation != access.generation {
                tried = Some(access.generation);
                continue;
            }
        }
        shared.activity.note(&shared.api, authorization.as_ref(), &access);
        // The place is taken until the answer's body has ended.
        return Ok(response.map(|body| body.map_frame(move |frame| keep(&place, frame)).boxed_unsync()));
    }
}

/// Ties `place` to whoever passes frames through.
fn keep<F>(_place: &tokio::sync::OwnedSemaphorePermit, frame: F) -> F {
    frame
}

fn awake(access: &Access) -> Result<(), Fault> {
    if access.rests() {
        let text = format!("sandbox {} is {}; start it first", access.sandbox_id, access.state);
        return Err(Fault::new(StatusCode::CONFLICT, "SANDBOX_NOT_STARTED", text));
    }
    Ok(())
}

/// A request ready for one link.
struct Sealed {
    sender: hyper::client::conn::http2::SendRequest<Body>,
    request: Request<Body>,
}

fn sealed(
    shared: &Shared,
    parts: &http::request::Parts,
    access: &Access,
    rest: &str,
    body: Body,
) -> Result<Sealed, Fault> {
    let Some(runner) = &access.runner_id else {
        return Err(Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "NO_RUNNER",
            "the sandbox has no runner at the moment",
        ));
    };
    let Some(link) = shared.links.get(runner) else {
        let text =
            format!("runner {runner} has no connection to this front at the moment; the sandbox keeps its files");
        return Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, "RUNNER_UNREACHABLE", text));
    };
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("/toolbox/{}{rest}{query}", access.sandbox_id);
    let bad = |_| Fault::new(StatusCode::BAD_REQUEST, "BAD_PATH", "the path cannot be forwarded");
    let uri: Uri = Uri::builder()
        .scheme("http")
        .authority("runner")
        .path_and_query(path.as_str())
        .build()
        .map_err(bad)?;
    let call = Call {
        method: parts.method.as_str(),
        // As parsed: what the runner will see.
        path_and_query: uri.path_and_query().map_or("/", |p| p.as_str()),
        sandbox: &access.sandbox_id,
    };
    let lifetime = u64::try_from(SEAL_LIFETIME.as_millis()).unwrap_or(u64::MAX);
    let seal = link
        .key
        .seal(&call, access.generation, now_millis().saturating_add(lifetime));
    let seal = HeaderValue::try_from(seal).map_err(|_| {
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "the call cannot be sealed",
        )
    })?;
    let mut request = Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = parts.headers.clone();
    request.headers_mut().insert(FORWARD_HEADER, seal);
    Ok(Sealed {
        sender: link.sender.clone(),
        request,
    })
}

async fn send(sealed: Sealed) -> Result<Response<Body>, Fault> {
    let Sealed { mut sender, request } = sealed;
    match sender.send_request(request).await {
        Ok(response) => {
            let mut response = response.map(|body| body.map_err(|e| Box::new(e) as BoxError).boxed_unsync());
            *response.version_mut() = Version::HTTP_11;
            headers::for_client(response.headers_mut());
            Ok(response)
        }
        Err(error) if is_too_large(&error) => {
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

fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
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
        if body.size_hint().upper().is_some_and(|most| most <= REPLAYABLE) {
            let broke =
                |e: BoxError| Fault::new(StatusCode::BAD_REQUEST, "BAD_BODY", format!("the body broke off: {e}"));
            return Ok(Self::Small(body.collect().await.map_err(broke)?.to_bytes()));
        }
        Ok(Self::Stream(Some(Limited::new(body, MAX_UPLOAD).boxed_unsync())))
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
