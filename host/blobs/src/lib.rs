//! A content-addressed store: bytes by their SHA-256, each written once and never changed.
//!
//! What is in it is whole and on disk: a blob appears under its digest only after every byte was digested and synced. So
//! whoever finds one needs no lock, and a crash at any point leaves nothing that looks like a blob and is none.
//!
//! [`Directory`] keeps blobs as files. Another place is another [`Blobs`].
#![forbid(unsafe_code)]

mod digest;
mod directory;

pub use digest::Digest;
pub use directory::Directory;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::fmt::Debug;
use std::io;

/// Largest blob, 64 GiB: an archive of a layer, and no sandbox has a larger disk.
pub const MAX_BLOB: u64 = 64 << 30;

/// Bytes on their way in or out.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// Why a blob was not stored or found.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The bytes have another digest than they were announced with.
    #[error("these bytes are sha256:{found}, not sha256:{wanted}; nothing was stored")]
    Mismatch {
        /// What they are.
        found: Digest,
        /// What they were to be.
        wanted: Digest,
    },
    /// More bytes than a blob may have.
    #[error("a blob has at most {most} bytes; nothing was stored")]
    TooLarge {
        /// The limit.
        most: u64,
    },
    /// The bytes broke off on their way in.
    #[error("the bytes broke off: {0}; nothing was stored")]
    Broken(#[source] io::Error),
    /// The store has no room left.
    #[error("the blob store is full; remove snapshots, or give it more room")]
    Full,
    /// Any other failure of the store itself.
    #[error("the blob store failed: {0}")]
    Store(#[source] io::Error),
}

/// A store of blobs.
pub trait Blobs: Send + Sync + Debug + 'static {
    /// The number of bytes of a blob; none if it is not there.
    fn size<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<u64>, BlobError>>;

    /// A blob's size and bytes; none if it is not there.
    fn read<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<(u64, ByteStream)>, BlobError>>;

    /// Stores what `bytes` brings, which must have this digest. When it returns, the blob is whole and survives a loss of
    /// power. Storing one that is there is fine.
    fn write<'a>(&'a self, digest: &'a Digest, bytes: ByteStream) -> BoxFuture<'a, Result<u64, BlobError>>;
}
