//! The data path's front: what clients and runners reach beside the HTTP API.
//!
//! It authenticates the caller by asking the API, strips the credential and forwards toolbox calls, previews and
//! WebSockets over the connection that the sandbox's runner dialled, sealed for that one call. It serves the event
//! stream. Everything else it hands to the API. It takes no decision about who may do what.
//!
//! ```text
//! client ── router ─┬─ forward ── access (may it?) ── links (seal) ──► runner
//!                   │     └ upgrade, tunnel, watch: WebSockets       guarded, steady: long bodies
//!                   ├─ preview: hosts that name a port of a sandbox
//!                   ├─ runners, link, events
//!                   ├─ objects, build_logs: what images are built from, and how that goes
//!                   └─ the API
//! ```

mod access;
mod activity;
mod api;
mod blobs;
mod body;
mod build_logs;
mod cors;
mod duties;
mod events;
mod fault;
mod forward;
mod guarded;
mod headers;
pub mod limits;
mod link;
mod links;
mod objects;
mod preview;
mod router;
mod runners;
mod steady;
mod tunnel;
mod upgrade;
mod watch;

pub use api::Api;
pub use router::{Front, FrontConfig};

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Body of requests to and answers from the API.
pub type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, BoxError>;
