//! A runner in the front's own process: its calls need no connection.
//!
//! The runner links as any other does. Then it leaves word with the front, by the link's key, where it can be called directly.
//! Every call is sealed, opened and admitted as over the link; what is spared is writing it to a socket and reading it again.
//! WebSockets, uploads that stream, and what concerns the runner itself go over the link all the same.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

use crate::LinkKey;

/// Body of an answer.
pub type NearBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A linked runner of this process.
pub trait Near: Send + Sync {
    /// Answers a call that was sealed with the link's key, as the link would. What fails is an error answer. Dropping the
    /// future or the answer's body ends the call.
    fn call(self: Arc<Self>, request: Request<Bytes>) -> BoxFuture<'static, Response<NearBody>>;
}

/// The front, as runners of its process see it.
pub trait Neighbourhood: Send + Sync {
    /// `near` is the runner at the other end of the link with this key. It is called directly as long as it and its link live.
    fn settle(&self, key: &LinkKey, near: Weak<dyn Near>);
}
