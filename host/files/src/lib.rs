//! The one file layer: a sandbox's root over read-only lower layers, for guests and toolbox alike.
//!
//! A [`Tree`] is a sandbox's root: an *upper* directory of its own over *lower* directories that many
//! sandboxes share. It alone touches these directories while it lives. Paths are UTF-8 strings; they
//! are walked one component at a time, relative to directory handles, and the host's kernel never
//! follows a link: links are read and resolved here, absolute ones from the sandbox's root, and `..`
//! stops there. So nothing a guest plants can lead outside.
//!
//! An upper directory can be *frozen*: it becomes a lower one that several sandboxes stand on, which is how one is
//! forked without copying a file. See [`Pool`].
//!
//! Every call blocks for as long as the disk takes; none waits for a guest.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Tree`] | a root; every operation by path |
//! | [`Directory`] | an open directory; the base of the `_at` operations |
//! | [`File`] | an open file or device; positional reads and writes |
//! | [`Status`], [`Entry`] | what is known about an object |
#![forbid(unsafe_code)]

mod at;
mod by_path;
mod copy_up;
mod device;
mod disk;
mod error;
mod file;
mod freeze;
mod layer;
mod layers;
mod limits;
mod list;
mod listing;
mod mount;
mod name;
mod namespace;
mod open;
mod options;
mod pool;
mod processes;
mod remove;
mod rename;
mod resolve;
mod scan;
mod status;
mod tree;
mod usage;
mod virtual_dir;
mod whole;
mod world;

pub use error::{Error, Result};
pub use file::File;
pub use layer::{Blob, LayerError, Snapshot, SnapshotLayer};
pub use limits::*;
pub use listing::Listing;
pub use options::OpenOptions;
pub use pool::{Pool, SNAPSHOTS};
pub use processes::{Process, Processes};
pub use status::{Entry, Kind, Layer, NewTime, Status};
pub use tree::{Directory, Handle, Tree};
pub use world::Machine;
