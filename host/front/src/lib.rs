//! The data path's front: what clients and runners reach beside the HTTP API.
//!
//! It authenticates the caller by asking the API, strips the credential and forwards toolbox calls over the
//! connection that the sandbox's runner dialled, sealed for that one call. It serves the event stream. Everything
//! else it hands to the API. It takes no decision about who may do what.

mod access;
mod activity;
mod api;
mod body;
mod events;
mod fault;
mod forward;
mod headers;
pub mod limits;
mod link;
mod links;
mod router;

pub use api::Api;
pub use router::Front;

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Body of requests to and answers from the API.
pub type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, BoxError>;
