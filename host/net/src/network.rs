//! One sandbox's network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;

use crate::connection::Connection;
use crate::datagram::DatagramPorts;
use crate::egress::{Egress, canonical_socket};
use crate::error::{BindError, ConnectError, LookupError, Refusal};
use crate::limits::{LOOKUPS, OUTSIDE_CONNECTIONS};
use crate::loopback::{Binding, Loopback, is_own};
use crate::memory::NameMemory;
use crate::name::Name;
use crate::outside::{Line, Outside};
use crate::policy::Policy;
use crate::slots::{Slot, Slots};

/// A sandbox's network: a loopback of its own, and a way out under a policy. Cheap to clone; clones are the same network.
/// Idle it holds no task, no descriptor and no buffer.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    loopback: Arc<Loopback>,
    datagrams: DatagramPorts,
    egress: Arc<Egress>,
    outside: Arc<Slots>,
    lookups: Arc<Slots>,
    rules: Mutex<Rules>,
}

/// The policy and whatever it holds for; under one lock, so that no connection slips past a change.
struct Rules {
    policy: Policy,
    memory: NameMemory,
    live: HashMap<u64, Live>,
    next: u64,
}

struct Live {
    address: IpAddr,
    names: Vec<Name>,
    line: Weak<Line>,
}

/// What a sandbox's network holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkUsage {
    /// Ports that are bound.
    pub bindings: usize,
    /// Connections inside.
    pub loopback: usize,
    /// Connections to the outside.
    pub outside: usize,
}

/// Held by a connection to the outside for as long as it lives.
struct Entry {
    network: Weak<Inner>,
    id: u64,
    _slot: Slot,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(network) = self.network.upgrade() {
            let mut rules = network.rules();
            rules.live.remove(&self.id);
            if rules.live.is_empty() {
                rules.live.shrink_to_fit();
            }
        }
    }
}

impl Inner {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        // Each change is one assignment: whole even after a panic.
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network")
            .field("policy", &self.policy())
            .field("usage", &self.usage())
            .finish()
    }
}

impl Network {
    /// A network whose way out is `egress`, as far as `policy` lets.
    #[must_use]
    pub fn new(egress: Arc<Egress>, policy: Policy) -> Self {
        Self(Arc::new(Inner {
            loopback: Loopback::new(),
            datagrams: DatagramPorts::default(),
            egress,
            outside: Slots::new(OUTSIDE_CONNECTIONS),
            lookups: Slots::new(LOOKUPS),
            rules: Mutex::new(Rules {
                policy,
                memory: NameMemory::default(),
                live: HashMap::new(),
                next: 0,
            }),
        }))
    }

    /// A loopback without a way out.
    #[must_use]
    pub fn private() -> Self {
        Self::new(Egress::none(), Policy::blocked())
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.0.rules().policy.clone()
    }

    /// Puts another policy in force, at once: connections that it does not allow are cut. Returns how many.
    pub fn set_policy(&self, policy: Policy) -> usize {
        let refused: Vec<Arc<Line>> = {
            let mut rules = self.0.rules();
            rules.policy = policy;
            let refused = rules
                .live
                .values()
                .filter(|live| rules.policy.check(live.address, &live.names).is_err());
            refused.filter_map(|live| live.line.upgrade()).collect()
        };
        // Outside the lock: the last holder of a line takes it.
        for line in &refused {
            line.cut();
        }
        refused.len()
    }

    /// Takes a port of the sandbox; port 0 takes any.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(&self, address: SocketAddr) -> Result<Binding, BindError> {
        self.0.loopback.bind(address)
    }

    /// Connects a program of the sandbox to `to`, inside or outside. `from` is what it has bound, if anything.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn open(&self, from: Option<SocketAddr>, to: SocketAddr) -> Result<Connection, ConnectError> {
        // An operator may name an address of the machine's loopback; whoever listens inside comes first.
        let named = || self.0.egress.names(to) && self.0.loopback.server(to.port()).is_none();
        if is_own(to.ip()) && !named() {
            let from = match from {
                Some(from) if from.port() != 0 && !from.ip().is_unspecified() => from,
                Some(from) if from.port() != 0 => SocketAddr::new(self.client_address(to.is_ipv6()).ip(), from.port()),
                _ => self.client_address(to.is_ipv6()),
            };
            return self.0.loopback.connect(from, to).await;
        }
        self.leave(canonical_socket(to)).await
    }

    /// Connects the host to whoever listens on `port` inside.
    ///
    /// # Errors
    /// [`ConnectError::Refused`] if nobody does, and as of [`Network::open`].
    pub async fn connect(&self, port: u16) -> Result<Connection, ConnectError> {
        let nobody = || ConnectError::Refused(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
        let server = self.0.loopback.server(port).ok_or_else(nobody)?;
        self.0
            .loopback
            .connect(self.client_address(server.is_ipv6()), server)
            .await
    }

    /// An address that a connection's inner end may bear.
    #[must_use]
    pub fn client_address(&self, v6: bool) -> SocketAddr {
        self.0.loopback.client_address(v6)
    }

    /// Ports on which programs of the sandbox listen, in order.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.0.loopback.listening()
    }

    /// The addresses of a name, which may be an address itself. What a list of domains allows is remembered for the
    /// connects to come.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        if let Ok(address) = name.parse::<IpAddr>() {
            return Ok(vec![address]);
        }
        let name: Name = name.parse()?;
        if name.is_local() {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        self.0.rules().policy.check_name(&name)?;
        let Some(_slot) = self.0.lookups.take() else {
            return Err(LookupError::Unavailable(
                name,
                "the sandbox looks up too many names at once".to_owned(),
            ));
        };
        let addresses = self.0.egress.lookup(&name).await?;
        let mut rules = self.0.rules();
        // The policy may have changed while the resolver was asked.
        rules.policy.check_name(&name)?;
        rules.memory.remember(&name, &addresses, Instant::now());
        Ok(addresses)
    }

    /// What it holds now.
    #[must_use]
    pub fn usage(&self) -> NetworkUsage {
        NetworkUsage {
            bindings: self.0.loopback.bindings() + self.0.datagrams.bindings(),
            loopback: self.0.loopback.connections(),
            outside: self.0.outside.used(),
        }
    }

    pub(crate) fn datagram_ports(&self) -> &DatagramPorts {
        &self.0.datagrams
    }

    pub(crate) fn egress(&self) -> &Egress {
        &self.0.egress
    }

    /// Whether `to`, which is canonical, may be reached at this moment.
    pub(crate) fn may_reach(&self, to: SocketAddr) -> Result<(), Refusal> {
        self.0.egress.check(to)?;
        let rules = self.0.rules();
        let names = rules.memory.names(to.ip(), Instant::now());
        rules.policy.check(to.ip(), &names)
    }

    pub(crate) fn outside_slot(&self) -> Result<Slot, ConnectError> {
        let slot = self.0.outside.take();
        slot.ok_or(ConnectError::Limit("connections of the sandbox to the outside"))
    }

    async fn leave(&self, to: SocketAddr) -> Result<Connection, ConnectError> {
        self.0.egress.check(to)?;
        let names = {
            let rules = self.0.rules();
            let names = rules.memory.names(to.ip(), Instant::now());
            rules.policy.check(to.ip(), &names)?;
            names
        };
        let slot = self
            .0
            .outside
            .take()
            .ok_or(ConnectError::Limit("connections of the sandbox to the outside"))?;
        let (stream, permit) = self.0.egress.connect(to).await?;
        // Inside, nobody learns an address of the machine.
        let local = SocketAddr::new(
            match to.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            },
            stream.local_addr()?.port(),
        );
        let mut rules = self.0.rules();
        // The policy may have changed while the other side was asked. `stream` and `slot` are dropped on the way out,
        // neither of which takes the lock.
        rules.policy.check(to.ip(), &names)?;
        rules.next += 1;
        let id = rules.next;
        let entry = Entry {
            network: Arc::downgrade(&self.0),
            id,
            _slot: slot,
            _permit: permit,
        };
        let line = Line::new(stream, Box::new(entry));
        rules.live.insert(
            id,
            Live {
                address: to.ip(),
                names,
                line: Arc::downgrade(&line),
            },
        );
        drop(rules);
        Ok(Connection::outside(Outside::new(line), local, to))
    }
}
