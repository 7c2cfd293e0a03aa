//! Connections to servers inside a sandbox that are kept for the next request.

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use sandbar_net::Connection;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Idle connections kept for one port: more requests at once are rare, and each holds a place of the sandbox.
const IDLE_PER_PORT: usize = 64;
/// Ports with idle connections, of one sandbox.
const PORTS: usize = 32;
/// How long an idle connection is kept. Short: a server that serves one connection after the other serves nobody else
/// meanwhile.
const IDLE: Duration = Duration::from_secs(1);
/// How often idle connections are looked through, while there are any.
const SWEEP: Duration = Duration::from_millis(500);
/// How long a connection whose answer was read may take to be ready again: it needs a wake-up, not the network.
const READY_WAIT: Duration = Duration::from_millis(50);
/// Buffer for a server's header block, and the most that it may be; hyper wants at least 8 KiB.
const HEAD_BYTES: usize = 32 << 10;

/// A sandbox's idle connections.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Ports>);

#[derive(Default)]
struct Ports {
    ports: HashMap<u16, Port>,
    /// A task looks through them.
    swept: bool,
}

#[derive(Default)]
struct Port {
    idle: Vec<(SendRequest<Body>, Instant)>,
    /// New connections that have not yet brought an answer. A server that serves one connection after the other does not see
    /// them while it waits on an idle one: so none is kept while there are any.
    unproven: usize,
}

/// A connection that carries one request.
pub(crate) struct Lent {
    /// There until it is given back.
    sender: Option<SendRequest<Body>>,
    reused: bool,
    pool: Arc<Pool>,
    port: u16,
    unproven: bool,
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Ports> {
        // No function here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pop(&self, port: u16) -> Option<SendRequest<Body>> {
        let (sender, _) = self.lock().ports.get_mut(&port)?.idle.pop()?;
        Some(sender)
    }

    /// An idle connection to `port` that is ready for a request.
    pub(crate) async fn idle(self: &Arc<Self>, port: u16) -> Option<Lent> {
        while let Some(mut sender) = self.pop(port) {
            // Its last answer has been read, so it is ready, or about to be, or closed.
            if !sender.is_closed() && matches!(timeout(READY_WAIT, sender.ready()).await, Ok(Ok(()))) {
                return Some(Lent {
                    sender: Some(sender),
                    reused: true,
                    pool: Arc::clone(self),
                    port,
                    unproven: false,
                });
            }
        }
        None
    }

    /// Speaks HTTP/1.1 over a new connection to `port`.
    pub(crate) async fn adopt(self: &Arc<Self>, port: u16, connection: Connection) -> Result<Lent, hyper::Error> {
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            .handshake(TokioIo::new(connection))
            .await?;
        tokio::spawn(async move {
            if let Err(error) = driver.with_upgrades().await {
                tracing::trace!(%error, "a connection into a sandbox broke");
            }
        });
        self.lock().ports.entry(port).or_default().unproven += 1;
        Ok(Lent {
            sender: Some(sender),
            reused: false,
            pool: Arc::clone(self),
            port,
            unproven: true,
        })
    }

    /// Closes everything that is idle.
    pub(crate) fn clear(&self) {
        self.sweep(Duration::ZERO);
    }

    /// Closes what has been idle for so long. True: nothing is idle any more.
    fn sweep(&self, idle: Duration) -> bool {
        let mut ports = self.lock();
        for port in ports.ports.values_mut() {
            port.idle
                .retain(|(sender, since)| !sender.is_closed() && since.elapsed() < idle);
        }
        ports.ports.retain(|_, port| !port.idle.is_empty() || port.unproven > 0);
        let empty = ports.ports.values().all(|port| port.idle.is_empty());
        ports.swept &= !empty;
        if ports.ports.is_empty() {
            ports.ports.shrink_to_fit();
        }
        empty
    }
}

async fn sweep(pool: Arc<Pool>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        if pool.sweep(IDLE) {
            return;
        }
    }
}

impl Lent {
    /// Whether it has carried a request before, so that the server may be closing it.
    pub(crate) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// With the request, if nothing of it was sent.
    pub(crate) async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, Unsent> {
        let Some(sender) = &mut self.sender else {
            return Err(Unsent {
                request: Some(Box::new(request)),
                error: "the connection was given back".into(),
            });
        };
        let sent = sender.try_send_request(request).await;
        let answer = sent.map_err(|mut error| Unsent {
            request: error.take_message().map(Box::new),
            error: error.into_error().into(),
        })?;
        self.prove();
        Ok(answer)
    }

    /// The server has answered, or never will.
    fn prove(&mut self) {
        if std::mem::take(&mut self.unproven)
            && let Some(port) = self.pool.lock().ports.get_mut(&self.port)
        {
            port.unproven -= 1;
        }
    }

    /// The answer has been read to its end: keeps the connection, if it is worth it.
    pub(crate) fn give_back(mut self) {
        let Some(sender) = self.sender.take().filter(|sender| !sender.is_closed()) else {
            return;
        };
        let mut ports = self.pool.lock();
        if !ports.ports.contains_key(&self.port) && ports.ports.len() >= PORTS {
            return;
        }
        let port = ports.ports.entry(self.port).or_default();
        if port.unproven > 0 || port.idle.len() >= IDLE_PER_PORT {
            return;
        }
        port.idle.push((sender, Instant::now()));
        if !std::mem::replace(&mut ports.swept, true) {
            tokio::spawn(sweep(Arc::clone(&self.pool)));
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.prove();
    }
}

/// A request without an answer.
pub(crate) struct Unsent {
    /// The request, if nothing of it was sent.
    pub(crate) request: Option<Box<Request<Body>>>,
    pub(crate) error: Box<dyn std::error::Error + Send + Sync>,
}
