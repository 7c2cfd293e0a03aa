//! `/link`: a runner dials in, is authenticated, and becomes an HTTP/2 server on its own connection.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONNECTION, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::client::conn::http2;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sandbar_forward::{LINK_KEY_HEADER, LINK_PROTOCOL, LinkKey};

use crate::fault::Fault;
use crate::limits::{API_TIME, LINK_TIME, LINK_WINDOW, PING_EVERY, PING_TIME, SEND_BUFFER, STREAM_WINDOW};
use crate::router::Shared;
use crate::{Body, BoxError, body};

/// Answers the upgrade request of a runner.
///
/// # Errors
/// 400 without the upgrade, 401 or 403 for who is not a runner.
pub async fn open(shared: &Arc<Shared>, mut request: Request<Body>) -> Result<Response<Body>, Fault> {
    let wants = request
        .headers()
        .get(UPGRADE)
        .is_some_and(|u| u.as_bytes().eq_ignore_ascii_case(LINK_PROTOCOL.as_bytes()));
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>().filter(|_| wants) else {
        return Err(Fault::new(
            StatusCode::BAD_REQUEST,
            "NO_UPGRADE",
            format!("GET /link needs `Upgrade: {LINK_PROTOCOL}`"),
        ));
    };
    let runner = who(shared, request.headers().get(AUTHORIZATION)).await?;
    let unavailable = |text: &str| Fault::new(StatusCode::SERVICE_UNAVAILABLE, "NO_LINK", text);
    let key = LinkKey::generate().map_err(|_| unavailable("no randomness for the link's key"))?;
    let mut shown = HeaderValue::from_str(&key.to_hex()).map_err(|_| unavailable("the link's key cannot be sent"))?;
    shown.set_sensitive(true);
    tokio::spawn(run(Arc::clone(shared), runner, key, upgrade));

    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(LINK_PROTOCOL));
    headers.insert(LINK_KEY_HEADER, shown);
    Ok(response)
}

/// The runner that calls.
///
/// # Errors
/// 401 or 403 for who is not a runner; 504 if the API does not answer.
pub async fn who(shared: &Shared, authorization: Option<&HeaderValue>) -> Result<String, Fault> {
    if authorization.is_none() {
        return Err(Fault::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "a runner's token is needed",
        ));
    }
    let answer = tokio::time::timeout(
        API_TIME,
        shared
            .api
            .ask_json("/api/internal/identity".to_owned(), authorization.cloned()),
    )
    .await;
    let late = |_| {
        Fault::new(
            StatusCode::GATEWAY_TIMEOUT,
            "API_TIMEOUT",
            "the control plane did not answer in time",
        )
    };
    let identity = answer
        .map_err(late)?
        .map_err(|(status, body)| Fault::Api(status, body))?;
    match (identity["principal"].as_str(), identity["subject"].as_str()) {
        (Some("runner"), Some(id)) if !id.is_empty() => Ok(id.to_owned()),
        _ => Err(Fault::new(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "only a runner may do this",
        )),
    }
}

/// Holds the link until either side ends it.
async fn run(shared: Arc<Shared>, runner: String, key: LinkKey, upgrade: OnUpgrade) {
    let opened = tokio::time::timeout(LINK_TIME, async {
        let io = upgrade.await?;
        let handshake = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIME)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(LINK_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .handshake::<_, Body>(io)
            .await?;
        Ok::<_, BoxError>(handshake)
    });
    let (sender, connection) = match opened.await {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return tracing::warn!(runner, %error, "a link could not be opened"),
        Err(_) => return tracing::warn!(runner, "a link was not opened in time"),
    };
    let Some(number) = shared.links.insert(&runner, key, sender) else {
        return tracing::error!(runner, "there are too many links; this one is refused");
    };
    tracing::info!(runner, links = shared.links.len(), "a runner is linked");
    let ended = connection.await;
    shared.links.remove(&runner, number);
    match ended {
        Ok(()) => tracing::info!(runner, "a link has ended"),
        Err(error) => tracing::warn!(runner, %error, "a link broke"),
    }
}
