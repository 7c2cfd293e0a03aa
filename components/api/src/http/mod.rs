//! Calls, replies, problems and routes, without I/O.

mod access;
mod call;
mod problem;
mod reply;
mod router;

pub use access::{Access, Need};
pub use call::{Call, Method, Query, bearer};
pub use problem::{Code, Problem};
pub use reply::Reply;
pub use router::{Found, Params, Route, Row, TABLE, find};

/// Bytes of a request body. The largest honest one, a report of a runner, has about 64 KiB; an environment may
/// have 128 KiB.
pub const BODY: usize = 1024 * 1024;
