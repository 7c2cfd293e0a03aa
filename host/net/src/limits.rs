//! Every limit of a sandbox's network, with its reason.

use std::time::Duration;

/// Bytes that wait in one direction of a loopback connection before its writer waits: what Linux starts a socket with.
pub const BUFFER_BYTES: usize = 64 << 10;
/// Free bytes at which a waiting writer is woken, so that it is not woken for each byte that is read.
pub(crate) const LEAST_ROOM: usize = 4 << 10;
/// Pieces at least this large are handed on whole; smaller ones are gathered, so that one-byte writes cost one byte.
pub(crate) const WHOLE_PIECE: usize = 8 << 10;
/// Most bytes that one read brings, whatever was asked for: bounds the host's own buffers.
pub const READ_BYTES: usize = 64 << 10;
/// Loopback connections of one sandbox at once. Each may hold twice [`BUFFER_BYTES`] of the host's memory: 128 MiB together.
pub const LOOPBACK_CONNECTIONS: usize = 1024;
/// Ports that one sandbox holds at once.
pub const BINDINGS: usize = 256;
/// Connections waiting to be accepted that one listener may ask for; Linux stops at 4096.
pub const BACKLOG: usize = 256;
/// The backlog of a listener that asks for none.
pub const DEFAULT_BACKLOG: usize = 128;
/// How long a connect waits for room in a full backlog: Linux retries for minutes, and nobody waits that long.
pub const BACKLOG_WAIT: Duration = Duration::from_secs(10);
/// Largest datagram: what UDP over IPv4 can carry.
pub const DATAGRAM_BYTES: usize = 65_507;
/// Charged for each datagram that waits, beside its bytes: what the host keeps for it.
pub(crate) const DATAGRAM_OVERHEAD: usize = 256;
/// Datagrams that wait at one port, in bytes: what Linux keeps by default. More are lost.
pub const INBOX_BYTES: usize = 208 << 10;
/// Addresses outside that one UDP port hears: more than a resolver has servers, fewer than a scan wants. A further one
/// takes the place of the one that was spoken to longest ago.
pub const PEERS: usize = 16;
/// Ports for those who ask for any, as on Linux.
pub(crate) const EPHEMERAL: std::ops::RangeInclusive<u16> = 32768..=60999;
/// Connections of one sandbox to the outside at once: more than a browser opens, fewer than a scan wants.
pub const OUTSIDE_CONNECTIONS: usize = 256;
/// Connections of all sandboxes of a cell to the outside: each is a descriptor of the cell.
pub const CELL_CONNECTIONS: usize = 8192;
/// How long a connect to the outside may take.
pub const CONNECT_WAIT: Duration = Duration::from_secs(30);
/// How long bytes that a program wrote before it ended may take to leave.
pub const DRAIN_WAIT: Duration = Duration::from_secs(10);
/// How long the last bytes of a half-closed connection may take to leave while its program waits for the answer.
pub const HALF_CLOSED_WAIT: Duration = Duration::from_secs(300);
/// Names that one sandbox looks up at once.
pub const LOOKUPS: usize = 16;
/// Names that a cell looks up at once: each holds a thread for as long as the resolver takes.
pub const CELL_LOOKUPS: usize = 64;
/// How long a lookup may take.
pub const LOOKUP_WAIT: Duration = Duration::from_secs(15);
/// Addresses of one name that are looked at.
pub const ADDRESSES: usize = 32;
/// How long an address counts as that of the name it was found under. A resolver tells no lifetimes; services that move
/// keep answering at the old place for longer.
pub const NAME_MEMORY: Duration = Duration::from_secs(600);
/// Addresses whose names one sandbox remembers.
pub const REMEMBERED: usize = 1024;
/// Names remembered for one address.
pub(crate) const NAMES_OF_ADDRESS: usize = 8;
/// Entries of one allow list. The API takes ten; this bounds what a check costs.
pub const LIST_ENTRIES: usize = 64;
/// Longest name, as DNS has it.
pub const NAME_BYTES: usize = 253;
