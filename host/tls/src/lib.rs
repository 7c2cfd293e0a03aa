//! TLS for guests, done by the host: `sandbar:tls/client` (see `wit/tls`) over rustls.
//!
//! A session is a pure transformation between plain text and records. The guest carries the records itself, over whatever
//! connection its network policy lets it have; nothing here opens a socket or a file.
#![forbid(unsafe_code)]

mod bindings;
mod error;
mod host;
pub mod limits;
mod roots;
mod session;
mod unverified;

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, ResourceTable};

pub use error::{RootsError, TlsError};
pub use roots::Roots;
pub use session::{Details, Session, Sessions, Settings};

/// What one process sees of TLS. Cheap to make: two references.
#[derive(Debug, Clone)]
pub struct TlsCtx {
    /// Whom to trust; the same for all sandboxes of a cell.
    pub roots: Arc<Roots>,
    /// The sandbox's count of sessions, shared by its processes.
    pub sessions: Arc<Sessions>,
}

/// Borrow of what the host functions need from a store's data.
pub struct TlsView<'a> {
    /// The store's table, in which sessions live.
    pub table: &'a mut ResourceTable,
    /// The process's TLS.
    pub ctx: &'a mut TlsCtx,
}

struct HasTls;

impl HasData for HasTls {
    type Data<'a> = TlsView<'a>;
}

/// Adds `sandbar:tls/client`.
///
/// # Errors
/// If the linker already has it.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> TlsView<'_>,
) -> wasmtime::Result<()> {
    bindings::sandbar::tls::client::add_to_linker::<T, HasTls>(linker, view)
}
