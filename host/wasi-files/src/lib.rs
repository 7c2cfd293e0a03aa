//! wasi:filesystem for guests, served by the file layer.
//!
//! Takes the place of wasmtime-wasi's `wasi:filesystem/{types,preopens}` in a linker, and adds
//! `sandbar:files/modes` and `sandbar:files/failures`; all else of WASI is the embedder's to link, `wasi:io` from wasmtime-wasi-io. A
//! guest sees one preopened directory, `/`. Every call here is synchronous: it takes as long as the disk
//! takes and waits for nothing else.
//!
//! What differs from the letter of WASI, on purpose: absolute link targets and paths mean the sandbox's
//! root (elsewhere they are refused); devices are reported as regular files, because common tools refuse
//! a character device on WASI, and so is a standard descriptor opened by name (`/dev/stdin`); and the handle limit is `insufficient-memory`, as there is no EMFILE (`failures` tells them apart).
#![forbid(unsafe_code)]

mod bindings;
mod convert;
mod descriptor;
mod error;
mod failures;
mod modes;
mod preopens;
mod standard;
mod streams;
mod types;

use std::sync::Arc;

use sandbar_files::Tree;
use wasmtime::component::{HasData, Linker, ResourceTable};

pub use descriptor::Descriptor;
pub use failures::Failure;
pub use standard::Standard;
pub use streams::MAX_TRANSFER;

/// What one process sees of files.
#[derive(Debug, Clone)]
pub struct FilesCtx {
    /// The sandbox's root, shared by all its processes.
    pub tree: Arc<Tree>,
    /// Absolute working directory, for relative paths of `sandbar:files/modes`.
    pub cwd: String,
    /// Its pid, 0 for the host: `/proc/self` is that one's.
    pub caller: u32,
    /// Its standard descriptors; without them `/dev/stdin` cannot be opened.
    pub standard: Option<Arc<dyn Standard>>,
    /// Why its last call failed; whatever else writes to files for the process notes it here too.
    pub failure: Failure,
}

/// Borrow of what the host functions need from a store's data.
pub struct FilesView<'a> {
    /// The store's table, in which descriptors live. Give it a capacity: it bounds a guest's handles.
    pub table: &'a mut ResourceTable,
    /// The process's files.
    pub ctx: &'a mut FilesCtx,
}

struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = FilesView<'a>;
}

/// Adds `wasi:filesystem/{types,preopens}` and `sandbar:files/{modes,failures}`.
///
/// # Errors
/// If the linker already has one of them.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> FilesView<'_>,
) -> wasmtime::Result<()> {
    bindings::wasi::filesystem::types::add_to_linker::<T, HasFiles>(linker, view)?;
    bindings::wasi::filesystem::preopens::add_to_linker::<T, HasFiles>(linker, view)?;
    bindings::sandbar::files::failures::add_to_linker::<T, HasFiles>(linker, view)?;
    bindings::sandbar::files::modes::add_to_linker::<T, HasFiles>(linker, view)
}
