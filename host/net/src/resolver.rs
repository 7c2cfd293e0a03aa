//! Asking for the addresses of a name.

use std::future::Future;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;

/// Whoever knows the addresses of names.
pub trait Resolve: Send + Sync {
    /// The addresses of `name`, which is a host name in ASCII. `NotFound`: it has none.
    fn resolve(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + '_>>;
}

/// The machine's own resolver (getaddrinfo), each call on a blocking thread of the runtime.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + '_>> {
        Box::pin(async move {
            let call = move || (name.as_str(), 0).to_socket_addrs();
            match tokio::task::spawn_blocking(call).await {
                Ok(found) => found.map(|addresses| addresses.map(|address| address.ip()).collect()),
                Err(error) => Err(io::Error::other(error)),
            }
        })
    }
}
