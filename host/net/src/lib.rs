//! A sandbox's own network: a private loopback, and a way out that obeys a policy.
//!
//! ```text
//! process ── wasi:sockets ──┐
//! process ── wasi:sockets ──┤ Network ── loopback: ports, listeners, connections in memory
//! preview ── connect(port) ─┘     └───── policy ── Egress (one for a cell) ── sockets of the machine
//! ```
//!
//! **Inside**, `127.0.0.0/8`, `::1` and the unspecified addresses are the sandbox itself: no port of the machine is touched,
//! and two sandboxes may both serve on one port. **Outside**, the decision is taken for the address that is connected
//! to, at that moment: what is not the public internet ([`address::classify`]) is never reachable, nor is the machine
//! itself, unless the operator named address and port; then the sandbox's [`Policy`] decides. A name of a list of domains
//! counts for the addresses that a lookup through this network found, for [`limits::NAME_MEMORY`]; so an answer that
//! points elsewhere later (rebinding) gains nothing. A change of policy cuts connections that it no longer allows.
//!
//! Datagrams (UDP) go the same two ways, under the same rules; from outside a sandbox hears only whom it spoke to.
#![forbid(unsafe_code)]

pub mod address;
mod cidr;
mod connection;
mod datagram;
mod egress;
mod error;
pub mod limits;
mod loopback;
mod memory;
mod name;
mod network;
mod outside;
mod pipe;
mod policy;
mod resolver;
mod slots;

pub use cidr::{Cidr, CidrError};
pub use connection::Connection;
pub use datagram::{Datagram, Datagrams};
pub use egress::Egress;
pub use error::{BindError, ConnectError, LookupError, Refusal, SendError};
pub use loopback::{Binding, Listener};
pub use name::{Domain, Name, NameError};
pub use network::{Network, NetworkUsage};
pub use pipe::{Received, Unsent};
pub use policy::{Policy, PolicyError};
pub use resolver::{Resolve, SystemResolver};
