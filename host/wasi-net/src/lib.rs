//! wasi:sockets for guests, served by a sandbox's own network.
//!
//! Takes the place of wasmtime-wasi's `wasi:sockets/*` in a linker; all else of WASI is the embedder's to link, `wasi:io`
//! from wasmtime-wasi-io. TCP and UDP over IPv4 and IPv6, and name lookup.
//!
//! A socket lives in its store's table: when the process ends, however it ends, its ports are free and its connections
//! closed. Nothing runs in the background but the last bytes of a connection to the outside.
#![forbid(unsafe_code)]

mod bindings;
mod convert;
mod create;
mod error;
mod lookup;
mod notice;
mod output;
mod socket;
mod streams;
mod tcp;
mod udp;

use sandbar_net::Network;
use wasmtime::component::{HasData, Linker, ResourceTable};

pub use notice::Notice;
pub use output::{Output, Sink, Unwritable};

/// What one process sees of the network. Cheap to make: two references.
#[derive(Debug, Clone)]
pub struct NetCtx {
    /// The sandbox's network, shared by all its processes.
    pub network: Network,
    /// Who is told of refusals.
    pub notice: Notice,
}

/// Borrow of what the host functions need from a store's data.
pub struct NetView<'a> {
    /// The store's table, in which sockets live. Give it a capacity: it bounds a guest's sockets.
    pub table: &'a mut ResourceTable,
    /// The process's network.
    pub ctx: &'a mut NetCtx,
}

struct HasNet;

impl HasData for HasNet {
    type Data<'a> = NetView<'a>;
}

/// Adds all of `wasi:sockets`.
///
/// # Errors
/// If the linker already has one of its interfaces.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    use bindings::wasi::sockets::{
        instance_network, ip_name_lookup, network, tcp, tcp_create_socket, udp, udp_create_socket,
    };
    network::add_to_linker::<T, HasNet>(linker, &network::LinkOptions::default(), view)?;
    instance_network::add_to_linker::<T, HasNet>(linker, view)?;
    ip_name_lookup::add_to_linker::<T, HasNet>(linker, view)?;
    tcp::add_to_linker::<T, HasNet>(linker, view)?;
    tcp_create_socket::add_to_linker::<T, HasNet>(linker, view)?;
    udp::add_to_linker::<T, HasNet>(linker, view)?;
    udp_create_socket::add_to_linker::<T, HasNet>(linker, view)
}
