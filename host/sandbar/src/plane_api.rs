//! How the front reaches the control plane: in this process, or at another address.

use futures::future::BoxFuture;
use sandbar_front::{Api, Body};
use sandbar_plane::Plane;
use std::sync::Arc;

/// The plane of this process.
pub struct InProcess(pub Arc<Plane>);

impl Api for InProcess {
    fn call(&self, request: http::Request<Body>) -> BoxFuture<'_, http::Response<Body>> {
        Box::pin(self.0.handle(request))
    }
}
