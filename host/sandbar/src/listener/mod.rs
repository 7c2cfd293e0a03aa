//! The HTTP listener: one port for the API, the toolbox, previews, the event stream and the runners' links.

mod busy;
#[cfg(test)]
mod tests;

use crate::error::StartError;
use axum::Router;
use busy::Busy;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

/// Connections served at once; more wait in the kernel's queue. A client library keeps up to 250 each.
pub const MAX_CONNECTIONS: usize = 4096;

/// From accepting a connection, or answering a request on it, until the next request's head is complete. Node clients do
/// not retry a POST on a connection that was closed under them, so it is well above their idle times.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);

/// The same when places run short ([`Limits::pressed`]): whoever sends nothing gives way to those who do.
const PRESSED_TIMEOUT: Duration = Duration::from_secs(3);

/// Most headers of a request; browsers and SDKs send some twenty.
const MAX_HEADERS: usize = 128;

/// Bytes of a request's head: the longest path that the front forwards, and 32 KiB of headers.
const MAX_HEAD: usize = 64 << 10;

/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// Streams that a client may reset before they were looked at; beyond that it is a flood, and its connection ends.
const MAX_RESETS: usize = 32;

/// Silence after which an HTTP/2 client is pinged, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIME: Duration = Duration::from_secs(20);

/// Bytes of an upload in flight on one HTTP/2 stream and connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// How long open requests may take to end at shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// What tests make smaller.
#[derive(Clone, Copy)]
struct Limits {
    connections: usize,
    idle: Duration,
    pressed_idle: Duration,
}

impl Limits {
    /// Whether fewer than a quarter of the places are free.
    fn pressed(&self, places: &Semaphore) -> bool {
        places.available_permits() < self.connections / 4
    }
}

/// A bound port.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// [`StartError::Listen`] with the reason.
    pub async fn bind(address: SocketAddr) -> Result<Listener, StartError> {
        let fail = |source| StartError::Listen { address, source };
        let socket = TcpListener::bind(address).await.map_err(fail)?;
        let address = socket.local_addr().map_err(fail)?;
        let limits = Limits {
            connections: MAX_CONNECTIONS,
            idle: HEAD_TIMEOUT,
            pressed_idle: PRESSED_TIMEOUT,
        };
        Ok(Listener {
            socket,
            address,
            limits,
        })
    }

    /// The address, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` changes, then lets open requests end.
    pub async fn serve(self, router: Router, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        loop {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                _ = stop.changed() => break,
            };
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = stop.changed() => break,
            };
            match (accepted, place) {
                (Ok((stream, peer)), Ok(place)) => {
                    let connection = Connection {
                        peer,
                        router: router.clone(),
                        limits: self.limits,
                        places: Arc::clone(&places),
                        _place: place,
                    };
                    tokio::spawn(connection.serve(stream, stop.clone()));
                }
                (Err(error), _) => {
                    // Out of descriptors, most likely: give others time to close some.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (Ok(_), Err(_)) => break,
            }
        }
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(DRAIN, places.acquire_many(all)).await;
    }
}

/// One accepted connection.
struct Connection {
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    places: Arc<Semaphore>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(self, stream: TcpStream, mut stop: watch::Receiver<bool>) {
        // Answers leave in several small writes; without this each pair waits 40 ms for a delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let busy = Busy::default();
        let builder = self.builder();
        let service = hyper::service::service_fn(|mut request: http::Request<hyper::body::Incoming>| {
            // A tunnel over HTTP/2 outlives its answer, on this connection.
            let turn = if request.method() == http::Method::CONNECT {
                busy.forever()
            } else {
                busy.turn()
            };
            request.extensions_mut().insert(sandbar_plane::ClientAddress(self.peer));
            let answer = self.router.clone().oneshot(request.map(axum::body::Body::new));
            async move {
                let answer = answer.await.unwrap_or_else(|never| match never {});
                // Busy until the answer's last byte is handed over.
                Ok::<_, Infallible>(answer.map(|body| {
                    body.map_frame(move |frame| {
                        let _ = &turn;
                        frame
                    })
                }))
            }
        });
        let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        tokio::pin!(served);
        let end = tokio::select! {
            result = served.as_mut() => Some(result),
            () = self.idle(&busy) => return tracing::debug!("a silent connection is closed"),
            _ = stop.changed() => None,
        };
        let result = match end {
            Some(result) => result,
            None => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    fn builder(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .header_read_timeout(self.limits.idle);
        builder
            .http2()
            .timer(TokioTimer::new())
            .enable_connect_protocol()
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD as u32)
            .max_pending_accept_reset_streams(MAX_RESETS)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIME)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        builder
    }

    /// Ends when nothing has been asked for too long, which is soon when places run short.
    async fn idle(&self, busy: &Busy) {
        loop {
            tokio::time::sleep(self.limits.pressed_idle / 2).await;
            let most = if self.limits.pressed(&self.places) {
                self.limits.pressed_idle
            } else {
                self.limits.idle
            };
            if busy.silent_for() > most {
                return;
            }
        }
    }
}
