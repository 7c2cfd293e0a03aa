//! Layers on their way between machines: archives of tar and zstd, the same bytes for the same files.
//!
//! | module | concern |
//! | --- | --- |
//! | `tar` | one entry of an archive |
//! | `export` | a frozen layer becomes a stream |
//! | `import` | a stream, which is hostile, becomes a directory |
//! | `blob` | digests, and what is known of a layer's archive |
//! | `snapshots` | stacks of layers without a sandbox, and the layers' way into the pool |

mod blob;
mod export;
mod import;
mod snapshots;
mod tar;

pub use blob::Blob;
pub use snapshots::{Snapshot, SnapshotLayer};

use std::io;

/// Why a layer could not be exported or was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The archive is not one that this crate writes.
    #[error("the layer is damaged: {0}")]
    Damaged(&'static str),
    /// The archive holds what no layer may.
    #[error("the layer is refused: it has {0}")]
    Hostile(&'static str),
    /// There is more in it than was said, or than is ever taken.
    #[error("the layer is refused: it has more than the {most} {what} it may")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        most: u64,
    },
    /// The bytes are not those that were asked for.
    #[error("the layer is refused: {what} is {found}, not {wanted}")]
    Mismatch {
        /// What differs.
        what: &'static str,
        /// As it is.
        found: String,
        /// As it should be.
        wanted: String,
    },
    /// The stream broke off, or its other side has gone.
    #[error("the layer's bytes cannot be passed on: {0}")]
    Read(#[source] io::Error),
    /// What the disk says.
    #[error(transparent)]
    Files(#[from] crate::Error),
}
