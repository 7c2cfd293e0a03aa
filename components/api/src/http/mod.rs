//! Calls, replies, problems and routes, without I/O.

mod call;
mod problem;
mod reply;
mod router;

pub use call::{Call, Method, Query, bearer};
pub use problem::Problem;
pub use reply::Reply;
pub use router::{Found, Params, Route, find};

/// Bytes of a request body. The largest honest one, a report of a runner, has about 64 KiB; an environment may
/// have 128 KiB.
pub const BODY: usize = 1024 * 1024;
