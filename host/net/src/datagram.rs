//! Datagrams (UDP): ports on a sandbox's loopback, and answers from outside to what was asked there.
//!
//! Each address outside has a connected socket of its own, so that the kernel lets nobody else in: a sandbox hears only
//! whom it spoke to first. Every datagram, in either direction, is judged by the policy of that moment.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::OwnedSemaphorePermit;

use crate::egress::canonical_socket;
use crate::error::{BindError, ConnectError, SendError};
use crate::limits::{BINDINGS, DATAGRAM_BYTES, DATAGRAM_OVERHEAD, EPHEMERAL, INBOX_BYTES, PEERS};
use crate::loopback::is_own;
use crate::network::Network;
use crate::slots::Slot;

/// A datagram that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub from: SocketAddr,
    /// At most [`DATAGRAM_BYTES`].
    pub bytes: Bytes,
}

/// The UDP ports of a sandbox's loopback.
#[derive(Default)]
pub(crate) struct DatagramPorts(Mutex<Ports>);

#[derive(Default)]
struct Ports {
    /// By family (IPv6?) and port.
    held: HashMap<(bool, u16), Vec<Held>>,
    count: usize,
    /// Source of ids, and of ports for those who ask for any.
    next: u64,
}

struct Held {
    address: IpAddr,
    id: u64,
    inbox: Weak<Inbox>,
}

impl Ports {
    fn is_free(&self, address: IpAddr, port: u16) -> bool {
        self.held.get(&(address.is_ipv6(), port)).is_none_or(|all| {
            all.iter()
                .all(|held| held.address != address && !held.address.is_unspecified() && !address.is_unspecified())
        })
    }

    fn any(&mut self, address: IpAddr) -> u16 {
        let span = u64::from(EPHEMERAL.end() - EPHEMERAL.start()) + 1;
        // There are more such ports than a sandbox may hold.
        loop {
            self.next += 1;
            let port = EPHEMERAL.start() + (self.next % span) as u16;
            if self.is_free(address, port) {
                return port;
            }
        }
    }
}

impl DatagramPorts {
    fn ports(&self) -> MutexGuard<'_, Ports> {
        // No function here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bindings(&self) -> usize {
        self.ports().count
    }

    fn bind(&self, address: SocketAddr, inbox: &Arc<Inbox>) -> Result<(SocketAddr, u64), BindError> {
        if !is_own(address.ip()) {
            return Err(BindError::NotBindable(address.ip()));
        }
        let mut ports = self.ports();
        if ports.count >= BINDINGS {
            return Err(BindError::Limit);
        }
        let port = match address.port() {
            0 => ports.any(address.ip()),
            port if ports.is_free(address.ip(), port) => port,
            _ => return Err(BindError::InUse(address)),
        };
        ports.next += 1;
        let id = ports.next;
        ports.count += 1;
        ports.held.entry((address.is_ipv6(), port)).or_default().push(Held {
            address: address.ip(),
            id,
            inbox: Arc::downgrade(inbox),
        });
        Ok((SocketAddr::new(address.ip(), port), id))
    }

    fn release(&self, address: SocketAddr, id: u64) {
        let key = (address.is_ipv6(), address.port());
        let mut ports = self.ports();
        if let Some(all) = ports.held.get_mut(&key) {
            all.retain(|held| held.id != id);
            if all.is_empty() {
                ports.held.remove(&key);
            }
            ports.count -= 1;
        }
        if ports.held.is_empty() {
            ports.held.shrink_to_fit();
        }
    }

    /// Where what is sent to `to` arrives.
    fn inbox(&self, to: SocketAddr) -> Option<Arc<Inbox>> {
        let ports = self.ports();
        let all = ports.held.get(&(to.is_ipv6(), to.port()))?;
        all.iter()
            .find(|held| held.address == to.ip())
            .or_else(|| all.iter().find(|held| held.address.is_unspecified()))
            .and_then(|held| held.inbox.upgrade())
    }
}

/// What has come over the loopback and was not yet received.
#[derive(Default)]
struct Inbox(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    datagrams: VecDeque<Datagram>,
    /// What they count, see [`DATAGRAM_OVERHEAD`].
    bytes: usize,
    reader: Option<Waker>,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // No function here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a datagram, if there is room; else it is lost, as datagrams are.
    fn put(&self, datagram: Datagram) {
        let mut waiting = self.lock();
        let cost = datagram.bytes.len() + DATAGRAM_OVERHEAD;
        if waiting.bytes + cost > INBOX_BYTES {
            return;
        }
        waiting.bytes += cost;
        waiting.datagrams.push_back(datagram);
        if let Some(reader) = waiting.reader.take() {
            drop(waiting);
            reader.wake();
        }
    }

    /// The oldest one `from` whom it is to come; others before it are thrown away, as a connected socket does.
    fn take(&self, from: Option<SocketAddr>) -> Option<Datagram> {
        let mut waiting = self.lock();
        while let Some(datagram) = waiting.datagrams.pop_front() {
            waiting.bytes -= datagram.bytes.len() + DATAGRAM_OVERHEAD;
            if from.is_none_or(|from| from == datagram.from) {
                return Some(datagram);
            }
        }
        None
    }

    fn poll(&self, from: Option<SocketAddr>, context: &Context<'_>) -> Poll<()> {
        let mut waiting = self.lock();
        if waiting
            .datagrams
            .iter()
            .any(|datagram| from.is_none_or(|from| from == datagram.from))
        {
            return Poll::Ready(());
        }
        waiting.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

/// An address outside that this port has spoken to.
struct Peer {
    address: SocketAddr,
    socket: UdpSocket,
    _slot: Slot,
    _permit: OwnedSemaphorePermit,
}

/// A UDP port of the sandbox, held until this is dropped. It has one reader.
pub struct Datagrams {
    network: Network,
    address: SocketAddr,
    id: u64,
    inbox: Arc<Inbox>,
    /// Whom it has spoken to outside, the latest last.
    peers: Mutex<Vec<Peer>>,
}

impl std::fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Datagrams").field(&self.address).finish()
    }
}

impl Network {
    /// Takes a UDP port of the sandbox; port 0 takes any.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind_datagrams(&self, address: SocketAddr) -> Result<Datagrams, BindError> {
        let inbox = Arc::<Inbox>::default();
        let (address, id) = self.datagram_ports().bind(address, &inbox)?;
        Ok(Datagrams {
            network: self.clone(),
            address,
            id,
            inbox,
            peers: Mutex::default(),
        })
    }
}

impl Datagrams {
    /// The address that was bound, its port never 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn peers(&self) -> MutexGuard<'_, Vec<Peer>> {
        // No function here panics half-way.
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one datagram, or loses it: nothing waits.
    ///
    /// # Errors
    /// See [`SendError`]; refused if it is known that nobody holds that port.
    pub fn send(&self, to: SocketAddr, bytes: &[u8]) -> Result<(), SendError> {
        if bytes.len() > DATAGRAM_BYTES {
            return Err(SendError::TooLarge(bytes.len()));
        }
        // Linux takes the unspecified address for the loopback, too.
        let to = match to.ip() {
            IpAddr::V4(four) if four.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), to.port()),
            IpAddr::V6(six) if six.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), to.port()),
            _ => to,
        };
        if is_own(to.ip()) {
            match self.network.datagram_ports().inbox(to) {
                Some(inbox) => {
                    inbox.put(Datagram {
                        from: self.source(to),
                        bytes: Bytes::copy_from_slice(bytes),
                    });
                    return Ok(());
                }
                // An operator may name an address of the machine's loopback; whoever is inside comes first.
                None if self.network.egress().names(to) => {}
                None => return Err(ConnectError::Refused(to).into()),
            }
        }
        Ok(self.leave(canonical_socket(to), bytes)?)
    }

    /// Who a receiver inside sees as the sender.
    fn source(&self, to: SocketAddr) -> SocketAddr {
        let address = if self.address.ip().is_unspecified() {
            to.ip()
        } else {
            self.address.ip()
        };
        SocketAddr::new(address, self.address.port())
    }

    fn leave(&self, to: SocketAddr, bytes: &[u8]) -> Result<(), ConnectError> {
        self.network.may_reach(to)?;
        let mut peers = self.peers();
        match peers.iter().position(|peer| peer.address == to) {
            Some(known) => {
                let known = peers.remove(known);
                peers.push(known);
            }
            None => {
                if peers.len() >= PEERS {
                    peers.remove(0);
                }
                let slot = self.network.outside_slot()?;
                let (socket, permit) = self.network.egress().datagrams(to)?;
                peers.push(Peer {
                    address: to,
                    socket,
                    _slot: slot,
                    _permit: permit,
                });
            }
        }
        let Some(peer) = peers.last() else { return Ok(()) };
        match rustix::net::send(&peer.socket, bytes, rustix::net::SendFlags::NOSIGNAL) {
            // Lost for want of room: that is what datagrams are.
            Ok(_) | Err(rustix::io::Errno::AGAIN | rustix::io::Errno::NOBUFS) => Ok(()),
            Err(rustix::io::Errno::CONNREFUSED) => Err(ConnectError::Refused(to)),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    /// The next datagram, only `from` there if given; none if none has come.
    ///
    /// # Errors
    /// [`ConnectError::Refused`], once, if somebody outside has said that nobody holds the port that was spoken to.
    pub fn receive(&self, from: Option<SocketAddr>) -> Result<Option<Datagram>, ConnectError> {
        if let Some(datagram) = self.inbox.take(from) {
            return Ok(Some(datagram));
        }
        let mut peers = self.peers();
        if peers.is_empty() {
            return Ok(None);
        }
        let mut buffer = vec![0; DATAGRAM_BYTES];
        // Those who may not be heard any more are forgotten.
        peers.retain(|peer| self.network.may_reach(peer.address).is_ok());
        for peer in peers.iter().filter(|peer| from.is_none_or(|from| from == peer.address)) {
            match peer.socket.try_recv(&mut buffer) {
                Ok(length) => {
                    return Ok(Some(Datagram {
                        from: peer.address,
                        bytes: Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default()),
                    }));
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    return Err(ConnectError::Refused(peer.address));
                }
                // Nothing yet, or nothing that would help anybody.
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// Ready once [`Datagrams::receive`] may find something.
    pub fn poll_receive(&self, from: Option<SocketAddr>, context: &mut Context<'_>) -> Poll<()> {
        let inside = self.inbox.poll(from, context);
        if inside.is_ready() {
            return inside;
        }
        for peer in self.peers().iter() {
            // An error is found by the receive.
            if peer.socket.poll_recv_ready(context).is_ready() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.network.datagram_ports().release(self.address, self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(network: &Network, address: &str) -> Datagrams {
        network
            .bind_datagrams(address.parse().expect("an address"))
            .expect("a port")
    }

    #[test]
    fn datagrams_arrive_once_in_order_at_the_nearest_port() {
        let network = Network::private();
        let (all, one) = (bind(&network, "0.0.0.0:53"), bind(&network, "127.0.0.1:0"));
        assert!(matches!(
            network.bind_datagrams("127.0.0.1:53".parse().expect("an address")),
            Err(BindError::InUse(_))
        ));
        for n in 0..3_u8 {
            one.send("127.0.0.7:53".parse().expect("an address"), &[n])
                .expect("sent");
        }
        for n in 0..3_u8 {
            let datagram = all.receive(None).expect("no error").expect("a datagram");
            assert_eq!((datagram.from, &datagram.bytes[..]), (one.address(), &[n][..]));
            all.send(datagram.from, b"back").expect("sent");
        }
        assert_eq!(all.receive(None).expect("no error"), None);
        let answered = SocketAddr::new("127.0.0.1".parse().expect("an address"), 53);
        assert_eq!(
            one.receive(Some(answered))
                .expect("no error")
                .map(|datagram| datagram.from),
            Some(answered)
        );
        assert!(matches!(
            one.send("127.0.0.1:54".parse().expect("an address"), b"x"),
            Err(SendError::Failed(ConnectError::Refused(_)))
        ));
        drop((all, one));
        assert_eq!(network.usage().bindings, 0);
    }

    #[test]
    fn what_nobody_receives_is_bounded() {
        let network = Network::private();
        let (lazy, busy) = (bind(&network, "[::1]:9"), bind(&network, "[::]:0"));
        for _ in 0..10_000 {
            busy.send(lazy.address(), &[0; 1000]).expect("sent or lost");
        }
        let mut kept = 0;
        while lazy.receive(None).expect("no error").is_some() {
            kept += 1;
        }
        assert!((100..=INBOX_BYTES / 1000).contains(&kept), "{kept}");
        let long = vec![0; DATAGRAM_BYTES + 1];
        assert!(matches!(busy.send(lazy.address(), &long), Err(SendError::TooLarge(_))));
        let taken: Vec<_> = (0..BINDINGS)
            .map_while(|_| {
                network
                    .bind_datagrams(
                        busy.source(lazy.address())
                            .ip()
                            .to_string()
                            .parse()
                            .map(|ip| SocketAddr::new(ip, 0))
                            .expect("an address"),
                    )
                    .ok()
            })
            .collect();
        assert_eq!(taken.len(), BINDINGS - 2);
    }
}
