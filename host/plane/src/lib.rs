//! The control plane's host: runs the application that `spin.toml` describes.
//!
//! It reads the manifest, compiles the components (or maps their compiled code from the cache), binds what they
//! import — WASI 0.2 and 0.3, `spin:variables`, and natively store, signals and metrics — and answers requests by
//! the manifest's routes. It takes no decision about regions, runners or sandboxes: those are the components'.

mod bindings;
mod body;
pub mod dependency;
mod error;
mod headers;
mod host_calls;
pub mod limits;
pub mod manifest;
pub mod metrics;
mod observe;
mod plane;
mod provide;
pub mod replay;
mod respond;
pub mod routes;
mod service;
pub mod signals;
mod start;
mod state;

pub use error::PlaneError;
pub use headers::ClientAddress;
pub use plane::Plane;
pub use start::PlaneConfig;

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Body of requests to and answers from the plane.
pub type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, BoxError>;
