//! Why something was refused or failed.

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::address::Class;
use crate::name::Name;

/// Why the outside, or a part of it, is not reachable for a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The sandbox's network is blocked altogether.
    #[error("the sandbox's network is blocked (networkBlockAll)")]
    Blocked,
    /// There are lists, and the address is on none.
    #[error("{0} is neither in networkAllowList nor an address of a domain in domainAllowList")]
    NotListed(IpAddr),
    /// There is a list of domains, and the name is not on it.
    #[error("{0} is not in domainAllowList")]
    NameNotListed(Name),
    /// Not the public internet, whatever the lists say.
    #[error("{0} is {kind}, which sandboxes never reach", kind = .1.as_str())]
    NotPublic(IpAddr, Class),
    /// An address of the machine that the sandbox runs on.
    #[error("{0} is an address of the machine itself, which sandboxes never reach")]
    OwnMachine(IpAddr),
    /// The operator keeps sandboxes away from it.
    #[error("{0} is closed to sandboxes by the operator")]
    ByOperator(IpAddr),
    /// This cell has no way out at all.
    #[error("sandboxes here have no way out")]
    NoEgress,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there.
    #[error("connection refused: nobody listens on {0}")]
    Refused(SocketAddr),
    /// Nobody answered, or nobody accepted, in time.
    #[error("no answer from {0} in time")]
    TimedOut(SocketAddr),
    /// The sandbox may not.
    #[error(transparent)]
    NotAllowed(#[from] Refusal),
    /// A limit of the sandbox or of the cell.
    #[error("too many connections: {0}")]
    Limit(&'static str),
    /// What the machine's network says.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a datagram was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Larger than a datagram can be.
    #[error("a datagram of {0} bytes is too large")]
    TooLarge(usize),
    /// As with connections.
    #[error(transparent)]
    Failed(#[from] ConnectError),
}

/// Why a port could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The sandbox has neither this address nor any but its loopback.
    #[error("{0} is not an address of the sandbox; use 127.0.0.1, ::1, 0.0.0.0 or ::")]
    NotBindable(IpAddr),
    /// Something in the same sandbox has it.
    #[error("{0} is in use in this sandbox")]
    InUse(SocketAddr),
    /// The sandbox holds as many ports as it may.
    #[error("the sandbox holds too many ports")]
    Limit,
}

/// Why a name has no address here.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// No name at all.
    #[error(transparent)]
    Malformed(#[from] crate::name::NameError),
    /// The sandbox may not know, or may reach none of the addresses.
    #[error(transparent)]
    NotAllowed(#[from] Refusal),
    /// No such name.
    #[error("{0} has no address")]
    NotFound(Name),
    /// Later, perhaps: the resolver did not answer, or too many ask.
    #[error("{0} cannot be looked up now: {1}")]
    Unavailable(Name, String),
}
