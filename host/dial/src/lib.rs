//! How runners and fronts reach the platform: a connection to an origin, plain or TLS.
//!
//! [`Origin`] is a URL taken apart, [`Trust`] says whose certificates count, [`Trust::dial`] connects, and [`Connector`] does
//! so for hyper's pooled client.
#![forbid(unsafe_code)]

mod connector;
mod origin;
mod stream;
mod trust;

pub use connector::Connector;
pub use origin::{Origin, OriginError};
pub use stream::Stream;
pub use trust::{CONNECT_DEADLINE, DialError, Trust, TrustError};
