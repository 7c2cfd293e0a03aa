//! The interfaces that this host provides natively.

mod metrics;
mod signals;
mod store;
mod variables;

use wasmtime::component::Linker;

use crate::bindings::{sandbar, spin};
use crate::state::{Provided, State};

/// Interfaces of the manifest's dependencies that need no component here.
pub const NATIVE: [&str; 3] = [
    "sandbar:store/store@0.1.0",
    "sandbar:signals/signals@0.1.0",
    "sandbar:metrics/metrics@0.1.0",
];

/// Adds all of them, and WASI 0.2 and 0.3, to a linker.
///
/// # Errors
/// If two of them have the same name, which is a bug.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    sandbar::store::store::add_to_linker::<_, Provided>(linker, |state| state)?;
    sandbar::signals::signals::add_to_linker::<_, Provided>(linker, |state| state)?;
    sandbar::metrics::metrics::add_to_linker::<_, Provided>(linker, |state| state)?;
    spin::variables::variables::add_to_linker::<_, Provided>(linker, |state| state)
}
