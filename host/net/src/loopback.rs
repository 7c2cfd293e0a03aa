//! The loopback of one sandbox: who holds which port, and who waits for whom.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::connection::{Connection, pair};
use crate::error::{BindError, ConnectError};
use crate::limits::{BACKLOG, BACKLOG_WAIT, BINDINGS, EPHEMERAL, LOOPBACK_CONNECTIONS};
use crate::slots::Slots;

/// All ports of a sandbox.
pub(crate) struct Loopback {
    ports: Mutex<Ports>,
    connections: Arc<Slots>,
}

#[derive(Default)]
struct Ports {
    /// By family (IPv6?) and port. Several addresses of 127.0.0.0/8 may share a port.
    held: HashMap<(bool, u16), Vec<Held>>,
    count: usize,
    /// Source of ids, and of ports for those who ask for any.
    next: u64,
}

struct Held {
    address: IpAddr,
    id: u64,
    queue: Option<Arc<Queue>>,
}

/// Whether an address is one that a sandbox has.
pub(crate) fn is_own(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

fn ephemeral(number: u64) -> u16 {
    let span = u64::from(EPHEMERAL.end() - EPHEMERAL.start()) + 1;
    EPHEMERAL.start() + (number % span) as u16
}

impl Ports {
    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn is_free(&self, address: IpAddr, port: u16) -> bool {
        self.held.get(&(address.is_ipv6(), port)).is_none_or(|all| {
            all.iter()
                .all(|held| held.address != address && !held.address.is_unspecified() && !address.is_unspecified())
        })
    }

    /// Who listens where a connect to `to` leads.
    fn listener(&self, to: SocketAddr) -> Option<Arc<Queue>> {
        let all = self.held.get(&(to.is_ipv6(), to.port()))?;
        let queue = |held: &&Held| held.queue.is_some();
        all.iter()
            .filter(queue)
            .find(|held| held.address == to.ip())
            .or_else(|| all.iter().filter(queue).find(|held| held.address.is_unspecified()))
            .and_then(|held| held.queue.clone())
    }
}

impl Loopback {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            ports: Mutex::default(),
            connections: Slots::new(LOOPBACK_CONNECTIONS),
        })
    }

    fn ports(&self) -> MutexGuard<'_, Ports> {
        // No function here panics half-way.
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.used()
    }

    pub(crate) fn bindings(&self) -> usize {
        self.ports().count
    }

    pub(crate) fn bind(self: &Arc<Self>, address: SocketAddr) -> Result<Binding, BindError> {
        if !is_own(address.ip()) {
            return Err(BindError::NotBindable(address.ip()));
        }
        let mut ports = self.ports();
        if ports.count >= BINDINGS {
            return Err(BindError::Limit);
        }
        let id = ports.next();
        let port = if address.port() == 0 {
            // There are more such ports than a sandbox may hold.
            loop {
                let port = ephemeral(ports.next());
                if ports.is_free(address.ip(), port) {
                    break port;
                }
            }
        } else if ports.is_free(address.ip(), address.port()) {
            address.port()
        } else {
            return Err(BindError::InUse(address));
        };
        ports.count += 1;
        ports.held.entry((address.is_ipv6(), port)).or_default().push(Held {
            address: address.ip(),
            id,
            queue: None,
        });
        drop(ports);
        Ok(Binding {
            loopback: Arc::clone(self),
            address: SocketAddr::new(address.ip(), port),
            id,
        })
    }

    /// An address for a client that has bound none. It is not held: nobody can connect to it.
    pub(crate) fn client_address(&self, v6: bool) -> SocketAddr {
        let port = ephemeral(self.ports().next());
        let address: IpAddr = if v6 {
            Ipv6Addr::LOCALHOST.into()
        } else {
            Ipv4Addr::LOCALHOST.into()
        };
        SocketAddr::new(address, port)
    }

    pub(crate) async fn connect(&self, from: SocketAddr, to: SocketAddr) -> Result<Connection, ConnectError> {
        // Linux takes the unspecified address for the loopback, too.
        let to = match to.ip() {
            IpAddr::V4(four) if four.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), to.port()),
            IpAddr::V6(six) if six.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), to.port()),
            _ => to,
        };
        let attempt = async {
            loop {
                let queue = self.ports().listener(to).ok_or(ConnectError::Refused(to))?;
                let room = queue.room.notified();
                tokio::pin!(room);
                room.as_mut().enable();
                match queue.offer(|| {
                    let slot = self
                        .connections
                        .take()
                        .ok_or(ConnectError::Limit("loopback connections of the sandbox"))?;
                    Ok(pair(from, to, slot))
                })? {
                    Some(connection) => return Ok(connection),
                    None => room.await,
                }
            }
        };
        timeout(BACKLOG_WAIT, attempt)
            .await
            .unwrap_or(Err(ConnectError::TimedOut(to)))
    }

    /// Where a host that knows only the port connects to: IPv4 before IPv6.
    pub(crate) fn server(&self, port: u16) -> Option<SocketAddr> {
        let ports = self.ports();
        [false, true].into_iter().find_map(|v6| {
            let held = ports.held.get(&(v6, port))?.iter().find(|held| held.queue.is_some())?;
            Some(SocketAddr::new(held.address, port))
        })
    }

    /// Ports that somebody listens on, in order.
    pub(crate) fn listening(&self) -> Vec<u16> {
        let ports = self.ports();
        let listens = |(_, held): &(&(bool, u16), &Vec<Held>)| held.iter().any(|held| held.queue.is_some());
        let mut list: Vec<u16> = ports.held.iter().filter(listens).map(|((_, port), _)| *port).collect();
        list.sort_unstable();
        list.dedup();
        list
    }
}

/// A port that is held until this is dropped, and its listener with it.
pub struct Binding {
    loopback: Arc<Loopback>,
    address: SocketAddr,
    id: u64,
}

impl std::fmt::Debug for Binding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Binding").field(&self.address).finish()
    }
}

impl Binding {
    /// The address that was bound, its port never 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to listen. `backlog` connections may wait to be accepted, at most [`BACKLOG`]; more wait for that.
    #[must_use]
    pub fn listen(self, backlog: usize) -> Listener {
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            backlog: backlog.clamp(1, BACKLOG),
            room: Notify::new(),
        });
        let key = (self.address.is_ipv6(), self.address.port());
        if let Some(all) = self.loopback.ports().held.get_mut(&key)
            && let Some(held) = all.iter_mut().find(|held| held.id == self.id)
        {
            held.queue = Some(Arc::clone(&queue));
        }
        Listener { binding: self, queue }
    }
}

impl Drop for Binding {
    fn drop(&mut self) {
        let key = (self.address.is_ipv6(), self.address.port());
        let mut ports = self.loopback.ports();
        if let Some(all) = ports.held.get_mut(&key) {
            all.retain(|held| held.id != self.id);
            if all.is_empty() {
                ports.held.remove(&key);
            }
            ports.count -= 1;
        }
        if ports.held.is_empty() {
            ports.held.shrink_to_fit();
        }
    }
}

/// Connections that wait to be accepted.
struct Queue {
    state: Mutex<Waiting>,
    backlog: usize,
    /// One was accepted, or the listener has gone.
    room: Notify,
}

#[derive(Default)]
struct Waiting {
    connections: VecDeque<Connection>,
    closed: bool,
    acceptor: Option<Waker>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // No function here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the server's end of a new connection into the queue and returns the client's; none if there is no room now.
    fn offer(
        &self,
        make: impl FnOnce() -> Result<(Connection, Connection), ConnectError>,
    ) -> Result<Option<Connection>, ConnectError> {
        let mut waiting = self.lock();
        // A listener that has just gone: the next look at the table does not find it.
        if waiting.closed || waiting.connections.len() >= self.backlog {
            return Ok(None);
        }
        let (client, server) = make()?;
        waiting.connections.push_back(server);
        if let Some(acceptor) = waiting.acceptor.take() {
            drop(waiting);
            acceptor.wake();
        }
        Ok(Some(client))
    }
}

/// A port that accepts connections, until it is dropped.
pub struct Listener {
    binding: Binding,
    queue: Arc<Queue>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Listener").field(&self.binding.address).finish()
    }
}

impl Listener {
    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.binding.address
    }

    /// The oldest connection that waits.
    #[must_use]
    pub fn accept(&self) -> Option<Connection> {
        let accepted = self.queue.lock().connections.pop_front();
        if accepted.is_some() {
            // Each accepted one makes room for one.
            self.queue.room.notify_one();
        }
        accepted
    }

    /// Ready once a connection waits. One waiter at a time.
    pub fn poll_acceptable(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.queue.lock();
        if !waiting.connections.is_empty() {
            return Poll::Ready(());
        }
        waiting.acceptor = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Nobody may find the queue in the table after it was closed: so the table first.
        let key = (self.binding.address.is_ipv6(), self.binding.address.port());
        if let Some(all) = self.binding.loopback.ports().held.get_mut(&key)
            && let Some(held) = all.iter_mut().find(|held| held.id == self.binding.id)
        {
            held.queue = None;
        }
        let refused = {
            let mut waiting = self.queue.lock();
            waiting.closed = true;
            std::mem::take(&mut waiting.connections)
        };
        for connection in refused {
            connection.reset();
        }
        self.queue.room.notify_waiters();
    }
}
