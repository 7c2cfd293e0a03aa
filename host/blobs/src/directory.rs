//! Blobs as files.
//!
//! ```text
//! ROOT/sha256/ab/<hex>     a blob, whole
//! ROOT/incoming/<uuid>     one that is being written; emptied at the start
//! ```

use crate::{BlobError, Blobs, ByteStream, Digest, MAX_BLOB};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Piece in which blobs are read.
const PIECE: usize = 256 << 10;

/// A directory of blobs. One process writes it at a time.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
    most: u64,
}

impl Directory {
    /// Opens the store in this directory, making it (mode 0700) if it is not there; what a crash has left unfinished goes.
    /// Blocks.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with_limit(root, MAX_BLOB)
    }

    /// As [`Directory::open`], with another limit for each blob.
    ///
    /// # Errors
    /// What the disk says.
    pub fn with_limit(root: impl Into<PathBuf>, most: u64) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let root = root.into();
        let incoming = root.join("incoming");
        match std::fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for directory in [&incoming, &root.join("sha256")] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)?;
        }
        Ok(Self { root, most })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.as_str();
        self.root.join("sha256").join(&hex[..2]).join(hex)
    }

    async fn open_blob(&self, digest: &Digest) -> Result<Option<(u64, fs::File)>, BlobError> {
        match fs::File::open(self.path(digest)).await {
            Ok(file) => {
                let size = file.metadata().await.map_err(BlobError::Store)?.len();
                Ok(Some((size, file)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(BlobError::Store(error)),
        }
    }

    async fn take(&self, digest: &Digest, bytes: ByteStream) -> Result<u64, BlobError> {
        let unfinished = Unfinished(self.root.join("incoming").join(uuid::Uuid::new_v4().to_string()));
        let size = self.fill(&unfinished.0, digest, bytes).await?;
        let path = self.path(digest);
        let shelf = path.parent().unwrap_or(&self.root).to_owned();
        fs::create_dir_all(&shelf).await.map_err(stored)?;
        fs::rename(&unfinished.0, &path).await.map_err(stored)?;
        // The name, and the shelf's own if it is new.
        sync(&shelf).await?;
        sync(&self.root.join("sha256")).await?;
        Ok(size)
    }

    async fn fill(&self, path: &Path, digest: &Digest, mut bytes: ByteStream) -> Result<u64, BlobError> {
        let mut file = fs::File::create_new(path).await.map_err(stored)?;
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        while let Some(piece) = bytes.next().await {
            let piece: Bytes = piece.map_err(BlobError::Broken)?;
            size += piece.len() as u64;
            if size > self.most {
                return Err(BlobError::TooLarge { most: self.most });
            }
            hash.update(&piece);
            file.write_all(&piece).await.map_err(stored)?;
        }
        let found = Digest::of(hash);
        if found != *digest {
            return Err(BlobError::Mismatch {
                found,
                wanted: digest.clone(),
            });
        }
        file.flush().await.map_err(stored)?;
        file.sync_all().await.map_err(stored)?;
        Ok(size)
    }
}

/// A file that goes with this, unless it has been renamed.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Also if the caller has gone in the middle. What stays goes at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn stored(error: io::Error) -> BlobError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full,
        _ => BlobError::Store(error),
    }
}

async fn sync(directory: &Path) -> Result<(), BlobError> {
    let directory = fs::File::open(directory).await.map_err(stored)?;
    directory.sync_all().await.map_err(stored)
}

impl Blobs for Directory {
    fn size<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<u64>, BlobError>> {
        Box::pin(async move { Ok(self.open_blob(digest).await?.map(|(size, _)| size)) })
    }

    fn read<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<(u64, ByteStream)>, BlobError>> {
        Box::pin(async move {
            let Some((size, file)) = self.open_blob(digest).await? else {
                return Ok(None);
            };
            let pieces = stream::try_unfold(file, |mut file| async move {
                let mut piece = BytesMut::with_capacity(PIECE);
                let read = file.read_buf(&mut piece).await?;
                Ok::<_, io::Error>((read > 0).then(|| (piece.freeze(), file)))
            });
            Ok(Some((size, pieces.boxed())))
        })
    }

    fn write<'a>(&'a self, digest: &'a Digest, bytes: ByteStream) -> BoxFuture<'a, Result<u64, BlobError>> {
        Box::pin(self.take(digest, bytes))
    }
}
