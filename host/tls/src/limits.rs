//! Every limit of TLS for guests, with its reason.

/// Sessions of one sandbox at once. A session holds tens of KiB of the host's memory.
pub const SESSIONS: usize = 64;
/// Records moved by one call, in either direction; plain text that one read brings.
pub const CALL_BYTES: usize = 64 << 10;
/// Records that may wait to be taken before no more plain text is accepted.
pub const WAITING_BYTES: usize = 64 << 10;
/// Received plain text that may wait to be read before no more records are taken.
pub const UNREAD_BYTES: usize = 256 << 10;
/// Application protocols offered.
pub const PROTOCOLS: usize = 8;
/// Length of a protocol's name, as the standard has it.
pub const PROTOCOL_BYTES: usize = 255;
/// Certificates that a guest brings, as PEM.
pub const EXTRA_ROOTS_BYTES: usize = 1 << 20;
/// Longest name of a server, as DNS has it.
pub const NAME_BYTES: usize = 253;
/// Certificates of an operator, as PEM: a large organization's bundle has a few hundred KiB.
pub const OPERATOR_ROOTS_BYTES: u64 = 8 << 20;
