//! Bodies.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};

use crate::Body;

/// None.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A whole one in memory.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
