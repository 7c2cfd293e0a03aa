//! `ANY /proxy/{port}/...`: HTTP and WebSockets to a server inside the sandbox.

use crate::call::Call;
use crate::error::{ApiError, Code};
use crate::preview_headers::{for_client, for_server};
use crate::preview_pool::{Lent, Unsent};
use crate::preview_socket;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, Version};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use sandbar_net::ConnectError;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::timeout;

/// How long a server may take to begin its answer: long polls take minutes, and no browser waits longer.
const ANSWER_WAIT: Duration = Duration::from_secs(300);
/// Attempts over connections that turn out to be closed before one is made anew.
const STALE_ATTEMPTS: usize = 4;

/// The routes, relative to `/toolbox/{id}`.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/proxy/{port}", any(proxy))
        .route("/proxy/{port}/", any(proxy))
        .route("/proxy/{port}/{*rest}", any(proxy))
}

async fn proxy(call: Call, request: Request) -> Result<Response, ApiError> {
    let (port, target) = target(request.uri())?;
    if request.extensions().get::<Protocol>().is_some() {
        return preview_socket::open(call, port, target, request).await;
    }
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(ApiError::bad_request(format!(
            "{} is not forwarded into sandboxes",
            request.method()
        )));
    }
    let (mut parts, body) = request.into_parts();
    for_server(&mut parts.headers, port)?;
    let mut forward = Request::new(body);
    *forward.method_mut() = parts.method;
    *forward.uri_mut() = target;
    *forward.version_mut() = Version::HTTP_11;
    *forward.headers_mut() = parts.headers;
    let (answer, lent) = timeout(ANSWER_WAIT, send(&call, port, forward)).await.map_err(|_| {
        ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            Code::GatewayTimeout,
            format!(
                "the server on port {port} did not answer within {} s",
                ANSWER_WAIT.as_secs()
            ),
        )
    })??;
    respond(answer, lent, call)
}

/// Port and the rest of the path, as the client wrote it.
fn target(uri: &Uri) -> Result<(u16, Uri), ApiError> {
    let tail = uri.path().strip_prefix("/proxy/").unwrap_or_default();
    let (port, rest) = tail.split_at(tail.find('/').unwrap_or(tail.len()));
    let plain = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let number: Option<u16> = port.parse().ok().filter(|number| plain && *number > 0);
    let number = number.ok_or_else(|| ApiError::bad_request(format!("port {port:?} is not one of 1 to 65535")))?;
    let rest = if rest.is_empty() { "/" } else { rest };
    let target = match uri.query() {
        Some(query) => format!("{rest}?{query}"),
        None => rest.to_owned(),
    };
    let target = Uri::try_from(target).map_err(|_| ApiError::bad_request("the path cannot be forwarded"))?;
    Ok((number, target))
}

async fn send(call: &Call, port: u16, request: Request) -> Result<(http::Response<Incoming>, Lent), ApiError> {
    let pool = call.entry().previews();
    // A server may close an idle connection while a request is on its way. What surely was not sent is sent again; what
    // may have been, only if it changes nothing.
    let again = request.method().is_safe() && request.body().is_end_stream();
    let again = again.then(|| head_of(&request));
    let mut request = request;
    for _ in 0..STALE_ATTEMPTS {
        let Some(mut lent) = pool.idle(port).await else { break };
        debug_assert!(lent.is_reused(), "only used connections are idle");
        request = match (lent.send(request).await, &again) {
            (Ok(answer), _) => return Ok((answer, lent)),
            (
                Err(Unsent {
                    request: Some(request), ..
                }),
                _,
            ) => *request,
            (Err(_), Some(head)) => with_head(head),
            (Err(unsent), None) => return Err(broken(port, &*unsent.error)),
        };
    }
    let mut lent = connect(call, port).await?;
    match lent.send(request).await {
        Ok(answer) => Ok((answer, lent)),
        Err(unsent) => Err(broken(port, &*unsent.error)),
    }
}

fn head_of(request: &Request) -> (Method, Uri, HeaderMap) {
    (
        request.method().clone(),
        request.uri().clone(),
        request.headers().clone(),
    )
}

fn with_head((method, uri, headers): &(Method, Uri, HeaderMap)) -> Request {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers.clone();
    request
}

/// A new connection to whoever listens on `port`.
pub(crate) async fn connect(call: &Call, port: u16) -> Result<Lent, ApiError> {
    let nobody = || {
        ApiError::new(
            StatusCode::BAD_GATEWAY,
            Code::BadGateway,
            format!("no server listens on port {port} in the sandbox; start one, on 0.0.0.0 or 127.0.0.1"),
        )
    };
    let network = call.entry().network()?.ok_or_else(nobody)?;
    let connection = match network.connect(port).await {
        Ok(connection) => connection,
        Err(ConnectError::Refused(_)) => return Err(nobody()),
        Err(ConnectError::Limit(what)) => return Err(ApiError::busy(format!("too many connections: {what}"))),
        Err(error) => return Err(broken(port, &error)),
    };
    let adopted = call.entry().previews().adopt(port, connection).await;
    adopted.map_err(|error| broken(port, &error))
}

pub(crate) fn broken(port: u16, error: &(dyn std::error::Error + 'static)) -> ApiError {
    let cause = std::iter::successors(error.source(), |error| error.source()).last();
    let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
    ApiError::new(
        StatusCode::BAD_GATEWAY,
        Code::BadGateway,
        format!("the server on port {port} broke off, or does not speak HTTP: {error}{cause}"),
    )
}

/// The server's answer for the client. The connection goes back to the pool once the body was read to its end.
pub(crate) fn respond(answer: http::Response<Incoming>, lent: Lent, call: Call) -> Result<Response, ApiError> {
    let (mut parts, body) = answer.into_parts();
    for_client(&mut parts.headers)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    if body.is_end_stream() {
        lent.give_back();
    } else {
        *response.body_mut() = Body::new(Streaming {
            body,
            lent: Some(lent),
            _call: call,
        });
    }
    Ok(response)
}

/// The body of an answer; the connection is lent to it.
struct Streaming {
    body: Incoming,
    lent: Option<Lent>,
    _call: Call,
}

impl http_body::Body for Streaming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let whole = match &frame {
            None => true,
            Some(Ok(_)) => self.body.is_end_stream(),
            Some(Err(_)) => false,
        };
        if whole && let Some(lent) = self.lent.take() {
            lent.give_back();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Keeps the compiler's eye on what is shared between threads.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Arc<crate::preview_pool::Pool>>();
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_pass_as_they_were_written() {
        for (given, port, path) in [
            ("/proxy/3000", 3000, "/"),
            ("/proxy/3000/", 3000, "/"),
            ("/proxy/3000?x=1", 3000, "/?x=1"),
            ("/proxy/1/a%2Fb//..//c?q=%20&r", 1, "/a%2Fb//..//c?q=%20&r"),
        ] {
            let (number, uri) = target(&given.parse().expect("a URI")).expect("a target");
            assert_eq!((number, uri.to_string().as_str()), (port, path), "{given}");
        }
        for bad in [
            "/proxy/",
            "/proxy/0/",
            "/proxy/65536/",
            "/proxy/+80/",
            "/proxy/x/",
            "/proxy/%33000/",
        ] {
            assert!(target(&bad.parse().expect("a URI")).is_err(), "{bad}");
        }
    }
}
