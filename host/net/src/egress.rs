//! The way out that all sandboxes of a cell share: what none of them may reach, and what it costs.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::address::{Class, canonical, classify};
use crate::cidr::Cidr;
use crate::error::{ConnectError, LookupError, Refusal};
use crate::limits::{ADDRESSES, CELL_CONNECTIONS, CELL_LOOKUPS, CONNECT_WAIT, LOOKUP_WAIT};
use crate::name::Name;
use crate::resolver::{Resolve, SystemResolver};

/// The way out of a cell.
pub struct Egress {
    /// None: there is no way out.
    resolver: Option<Arc<dyn Resolve>>,
    /// What an operator lets through although it is not public.
    allow: HashSet<SocketAddr>,
    /// What an operator closes although it is public: the control plane, say.
    deny: Vec<Cidr>,
    connections: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress")
            .field("open", &self.resolver.is_some())
            .field("allow", &self.allow)
            .field("deny", &self.deny)
            .finish_non_exhaustive()
    }
}

impl Egress {
    /// A way to the public internet. `allow` are addresses that may be reached although they are not public (each
    /// sandbox's own policy still holds for them), `deny` networks that may not although they are.
    #[must_use]
    pub fn new(allow: impl IntoIterator<Item = SocketAddr>, deny: Vec<Cidr>) -> Arc<Self> {
        Self::with_resolver(allow, deny, Arc::new(SystemResolver))
    }

    /// As [`Egress::new`], asking `resolver` for names.
    #[must_use]
    pub fn with_resolver(
        allow: impl IntoIterator<Item = SocketAddr>,
        deny: Vec<Cidr>,
        resolver: Arc<dyn Resolve>,
    ) -> Arc<Self> {
        Self::make(allow.into_iter().map(canonical_socket).collect(), deny, Some(resolver))
    }

    /// No way out at all.
    #[must_use]
    pub fn none() -> Arc<Self> {
        Self::make(HashSet::new(), Vec::new(), None)
    }

    fn make(allow: HashSet<SocketAddr>, deny: Vec<Cidr>, resolver: Option<Arc<dyn Resolve>>) -> Arc<Self> {
        Arc::new(Self {
            resolver,
            allow,
            deny,
            connections: Arc::new(Semaphore::new(CELL_CONNECTIONS)),
            lookups: Arc::new(Semaphore::new(CELL_LOOKUPS)),
        })
    }

    /// Whether the operator named this very address and port.
    pub(crate) fn names(&self, to: SocketAddr) -> bool {
        self.allow.contains(&canonical_socket(to))
    }

    /// Whether any sandbox may reach `to`, which is canonical.
    pub(crate) fn check(&self, to: SocketAddr) -> Result<(), Refusal> {
        if self.resolver.is_none() {
            return Err(Refusal::NoEgress);
        }
        if self.allow.contains(&to) {
            return Ok(());
        }
        self.check_address(to.ip())
    }

    fn check_address(&self, address: IpAddr) -> Result<(), Refusal> {
        match classify(address) {
            Class::Public => {}
            class => return Err(Refusal::NotPublic(address, class)),
        }
        if self.deny.iter().any(|network| network.contains(address)) {
            return Err(Refusal::ByOperator(address));
        }
        Ok(())
    }

    /// Connects to `to`, which passed [`Egress::check`] and the sandbox's policy.
    pub(crate) async fn connect(&self, to: SocketAddr) -> Result<(TcpStream, OwnedSemaphorePermit), ConnectError> {
        let permit = Arc::clone(&self.connections)
            .try_acquire_owned()
            .map_err(|_| ConnectError::Limit("connections of all sandboxes of the machine"))?;
        let named = self.allow.contains(&to);
        if !named && is_own_address(to.ip()) {
            return Err(Refusal::OwnMachine(to.ip()).into());
        }
        let stream = match timeout(CONNECT_WAIT, TcpStream::connect(to)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err(ConnectError::Refused(to));
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(ConnectError::TimedOut(to)),
        };
        // The machine may have got the address since.
        if !named && stream.local_addr()?.ip() == to.ip() {
            return Err(Refusal::OwnMachine(to.ip()).into());
        }
        stream.set_nodelay(true)?;
        Ok((stream, permit))
    }

    /// A socket for datagrams to and from `to` alone, which passed [`Egress::check`] and the sandbox's policy.
    pub(crate) fn datagrams(
        &self,
        to: SocketAddr,
    ) -> Result<(tokio::net::UdpSocket, OwnedSemaphorePermit), ConnectError> {
        let permit = Arc::clone(&self.connections)
            .try_acquire_owned()
            .map_err(|_| ConnectError::Limit("connections of all sandboxes of the machine"))?;
        let named = self.allow.contains(&to);
        if !named && is_own_address(to.ip()) {
            return Err(Refusal::OwnMachine(to.ip()).into());
        }
        let any: IpAddr = match to.ip() {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0))?;
        // Connected at once: nobody else is heard.
        socket.connect(to)?;
        // The machine may have got the address since.
        if !named && socket.local_addr()?.ip() == to.ip() {
            return Err(Refusal::OwnMachine(to.ip()).into());
        }
        socket.set_nonblocking(true)?;
        Ok((tokio::net::UdpSocket::from_std(socket)?, permit))
    }

    /// The addresses of `name` that sandboxes may reach at some port.
    pub(crate) async fn lookup(&self, name: &Name) -> Result<Vec<IpAddr>, LookupError> {
        let resolver = Arc::clone(self.resolver.as_ref().ok_or(Refusal::NoEgress)?);
        let unavailable = |why: &str| LookupError::Unavailable(name.clone(), why.to_owned());
        let started = Instant::now();
        let lookups = Arc::clone(&self.lookups);
        let asked = name.as_str().to_owned();
        // A task of its own: a caller that gives up must not free a place whose thread still waits for the resolver.
        let task = tokio::spawn(async move {
            let _permit = lookups.acquire_owned().await;
            resolver.resolve(asked).await
        });
        let found = match timeout(LOOKUP_WAIT, task).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => return Err(unavailable("the resolver failed")),
            Err(_) => return Err(unavailable("the resolver did not answer in time")),
        };
        tracing::trace!(%name, elapsed = ?started.elapsed(), "name looked up");
        let mut addresses: Vec<IpAddr> = match found {
            Ok(found) => found.into_iter().map(canonical).take(ADDRESSES).collect(),
            Err(error) => return Err(failed(name, &error)),
        };
        let first = *addresses.first().ok_or_else(|| LookupError::NotFound(name.clone()))?;
        // Internal addresses are nobody's business inside; one that the operator named is.
        addresses.retain(|address| {
            self.check_address(*address).is_ok() || self.allow.iter().any(|allowed| allowed.ip() == *address)
        });
        if addresses.is_empty() {
            self.check_address(first)?;
        }
        Ok(addresses)
    }
}

fn failed(name: &Name, error: &io::Error) -> LookupError {
    // getaddrinfo's reasons come as text only; the temporary one is the exception that matters.
    let text = error.to_string();
    if text.contains("emporary failure") || error.kind() == io::ErrorKind::TimedOut {
        LookupError::Unavailable(name.clone(), "the resolver does not answer".to_owned())
    } else {
        LookupError::NotFound(name.clone())
    }
}

pub(crate) fn canonical_socket(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(canonical(address.ip()), address.port())
}

/// Whether the machine itself has the address. Nothing is sent.
fn is_own_address(address: IpAddr) -> bool {
    let (any, foreign): (IpAddr, IpAddr) = match address {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
        IpAddr::V6(_) => (
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        ),
    };
    let can_bind = |address: IpAddr| UdpSocket::bind((address, 0)).is_ok();
    // Only own addresses can be bound, unless the machine allows all (ip_nonlocal_bind): then one for documentation, too.
    if can_bind(address) && !can_bind(foreign) {
        return true;
    }
    // What the machine would send from to reach its own address is, mostly, that address. Any port will do.
    UdpSocket::bind((any, 0)).is_ok_and(|probe| {
        probe.connect((address, 9)).is_ok() && probe.local_addr().is_ok_and(|local| local.ip() == address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_knows_its_own_addresses() {
        assert!(is_own_address(Ipv4Addr::LOCALHOST.into()));
        assert!(is_own_address(Ipv4Addr::new(127, 9, 9, 9).into()));
        assert!(!is_own_address(Ipv4Addr::new(192, 0, 2, 1).into()));
        assert!(!is_own_address("2001:db8::2".parse().expect("an address")));
    }
}
