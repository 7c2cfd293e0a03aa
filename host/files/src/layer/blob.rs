//! Digests of archives, and what is known of them.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use super::LayerError;

/// The archive of a layer: how it is called, and how much is in it. All of it follows from the layer's files alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// SHA-256 of the archive, 64 hex digits in lower case.
    pub digest: String,
    /// Bytes of the archive.
    pub compressed: u64,
    /// Bytes of the files, in blocks as charged.
    pub bytes: u64,
    /// Names in it: files, directories, links, and marks of what was removed.
    pub names: u64,
}

impl Blob {
    pub(super) fn to_text(&self) -> String {
        format!(
            "sha256 {}\ncompressed {}\nbytes {}\nnames {}\n",
            self.digest, self.compressed, self.bytes, self.names
        )
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut value = |key| lines.next()?.strip_prefix(key)?.strip_prefix(' ');
        Some(Self {
            digest: value("sha256").filter(|digest| is_digest(digest))?.to_owned(),
            compressed: value("compressed")?.parse().ok()?,
            bytes: value("bytes")?.parse().ok()?,
            names: value("names")?.parse().ok()?,
        })
    }
}

/// Whether this is a SHA-256 in hex, lower case.
pub(super) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Counts and digests what passes.
pub(super) struct Meter<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
    most: u64,
}

impl<T> Meter<T> {
    /// Passes at most `most` bytes; the next one is an error.
    pub(super) fn new(inner: T, most: u64) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
            most,
        }
    }

    fn count(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.most {
            return Err(io::Error::other(format!("it has more than {} bytes", self.most)));
        }
        self.hash.update(bytes);
        Ok(())
    }

    /// Digest and number of bytes.
    pub(super) fn finish(self) -> (String, u64) {
        let digest = self.hash.finalize();
        (digest.iter().map(|byte| format!("{byte:02x}")).collect(), self.bytes)
    }
}

impl<T: Read> Read for Meter<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count(&buffer[..read])?;
        Ok(read)
    }
}

impl<T: Write> Write for Meter<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count(&bytes[..written])?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

pub(super) fn same(what: &'static str, found: impl ToString, wanted: impl ToString) -> Result<(), LayerError> {
    let (found, wanted) = (found.to_string(), wanted.to_string());
    if found == wanted {
        return Ok(());
    }
    Err(LayerError::Mismatch { what, found, wanted })
}
