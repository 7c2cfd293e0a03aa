//! The link: the one connection to the plane over which toolbox calls arrive. The runner dials it and then serves
//! HTTP/2 on it.

mod near;
mod serve;
mod tunnel;

pub(crate) use serve::Served;

use crate::backoff::Backoff;
use crate::plane::Plane;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, HOST, UPGRADE};
use http::{Request, StatusCode};
use http_body_util::{Either, Empty};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use near::Neighbour;
use sandbar_dial::{DialError, Origin};
use sandbar_forward::{LINK_KEY_HEADER, LINK_PROTOCOL, LinkKey, Near, Neighbourhood};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// From dialling to the 101 answer.
const DIAL_DEADLINE: Duration = Duration::from_secs(10);
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(5);
/// A link that lived this long was a good one: the next is dialled at once.
const LIVED_WELL: Duration = Duration::from_secs(10);
/// Ping after this much silence, and give the link up if no answer comes: a plane that was cut off never says so.
const PING_EVERY: Duration = Duration::from_secs(15);
const PING_DEADLINE: Duration = Duration::from_secs(10);
/// Calls at once over the link: a thousand sandboxes with a few calls each.
const STREAMS: u32 = 4096;
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Bytes of one call's answer that wait for a slow plane.
const SEND_BUFFER: usize = 1 << 20;

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("cannot dial the plane: {0}")]
    Dial(#[from] DialError),
    #[error("no answer from the plane within {} s", DIAL_DEADLINE.as_secs())]
    Late,
    #[error("the link's HTTP failed: {0}")]
    Http(#[from] hyper::Error),
    #[error("the plane answered {0} instead of opening the link")]
    Refused(StatusCode),
    #[error("the plane opened the link without a usable key")]
    NoKey,
    #[error("the request for the link cannot be built: {0}")]
    Request(#[from] http::Error),
}

/// The front at the other end.
pub(crate) struct Front {
    pub(crate) origin: Origin,
    /// The front itself, if it lives in this process.
    pub(crate) near: Option<Arc<dyn Neighbourhood>>,
}

/// Keeps one link to the front at `front` open until `stop` is set: then the present one takes no further call and ends with
/// the last. `up` tells whether there is one.
pub(crate) async fn run(
    plane: Plane,
    front: Front,
    served: Arc<Served>,
    up: watch::Sender<bool>,
    stop: watch::Receiver<bool>,
) {
    let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
    while !*stop.borrow() {
        let since = Instant::now();
        let result = session(&plane, &front, &served, &up, stop.clone()).await;
        up.send_replace(false);
        if *stop.borrow() {
            return;
        }
        if since.elapsed() > LIVED_WELL {
            backoff.reset();
        }
        let wait = backoff.next();
        match result {
            Ok(()) => tracing::warn!(?wait, "the plane closed the link"),
            Err(error) => tracing::warn!(%error, ?wait, "no link to the plane"),
        }
        tokio::time::sleep(wait).await;
    }
}

async fn session(
    plane: &Plane,
    front: &Front,
    served: &Arc<Served>,
    up: &watch::Sender<bool>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), LinkError> {
    let (upgraded, key) = tokio::time::timeout(DIAL_DEADLINE, dial(plane, &front.origin))
        .await
        .map_err(|_| LinkError::Late)??;
    let key = Arc::new(key);
    let neighbour = Neighbour::new(served, &key, STREAMS);
    if let Some(front) = &front.near {
        let near: Arc<dyn Near> = Arc::clone(&neighbour) as _;
        front.settle(&key, Arc::downgrade(&near));
    }
    up.send_replace(true);
    tracing::info!(front = front.origin.authority, "linked");
    let service = service_fn(move |request| {
        let (served, key) = (Arc::clone(served), Arc::clone(&key));
        async move { Ok::<_, Infallible>(served.answer(&key, request.map(Either::Left)).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_DEADLINE)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .enable_connect_protocol()
        .serve_connection(TokioIo::new(upgraded), service);
    tokio::pin!(connection);
    let stopping = async {
        // Nobody left to stop it counts as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let ended = tokio::select! {
        result = connection.as_mut() => Some(result),
        () = stopping => None,
    };
    if let Some(result) = ended {
        neighbour.close();
        return Ok(result?);
    }
    connection.as_mut().graceful_shutdown();
    let ((), result) = tokio::join!(neighbour.drain(), connection);
    Ok(result?)
}

/// Dials and upgrades; gives the connection and the key that seals its calls.
async fn dial(plane: &Plane, front: &Origin) -> Result<(TokioIo<hyper::upgrade::Upgraded>, LinkKey), LinkError> {
    let stream = plane.trust().dial(front).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends by itself once the connection is upgraded or dropped.
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "the link's first half ended");
        }
    });
    let request = Request::get("/link")
        .header(HOST, front.authority.as_str())
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, LINK_PROTOCOL)
        .header(AUTHORIZATION, plane.token().clone())
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(LinkError::Refused(response.status()));
    }
    let key = response
        .headers()
        .get(LINK_KEY_HEADER)
        .and_then(|value| value.to_str().ok())
        .and_then(LinkKey::from_hex)
        .ok_or(LinkError::NoKey)?;
    let upgraded = hyper::upgrade::on(response).await?;
    Ok((TokioIo::new(upgraded), key))
}
