//! A program's bytes and their digest, read a piece at a time so that the reader can be stopped, killed and charged.

use sandbar_compiler::MAX_PROGRAM_BYTES;
use sandbar_files::File;
use sha2::{Digest as _, Sha256};

use super::Refusal;

/// What a program is known by.
pub(crate) type Digest = [u8; 32];

/// Bytes read between two looks whether the process may go on: a fraction of a millisecond of hashing.
const PIECE: usize = 256 << 10;

/// The digest of a file.
pub(crate) async fn digest(file: &File) -> Result<Digest, Refusal> {
    let mut hash = Sha256::new();
    read(file, |piece| hash.update(piece)).await?;
    Ok(hash.finalize().into())
}

/// A file's bytes, and the digest of exactly these.
pub(crate) async fn whole(file: &File) -> Result<(Digest, Vec<u8>), Refusal> {
    let (mut hash, mut bytes) = (Sha256::new(), Vec::new());
    read(file, |piece| {
        hash.update(piece);
        bytes.extend_from_slice(piece);
    })
    .await?;
    Ok((hash.finalize().into(), bytes))
}

async fn read(file: &File, mut take: impl FnMut(&[u8])) -> Result<(), Refusal> {
    let mut piece = vec![0; PIECE];
    let mut offset = 0;
    loop {
        let count = file
            .read_at(&mut piece, offset)
            .map_err(|error| Refusal(format!("it cannot be read: {error}")))?;
        if count == 0 {
            return Ok(());
        }
        take(piece.get(..count).unwrap_or_default());
        offset += count as u64;
        if offset > MAX_PROGRAM_BYTES {
            return Err(Refusal(format!(
                "it is larger than {} MiB, the most that is compiled",
                MAX_PROGRAM_BYTES >> 20
            )));
        }
        tokio::task::yield_now().await;
    }
}
