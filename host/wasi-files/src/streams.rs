//! Streams over open files. The work is done inside `read` and `write`; nothing is ever pending.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sandbar_files::{Error, File};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{InputStream, OutputStream, StreamError, StreamResult};

use crate::failures::Failure;

/// Bytes moved by one host call, whatever the guest asks: bounds the host's buffer and the time for
/// which a call keeps its thread.
pub const MAX_TRANSFER: usize = 1 << 20;

/// Reads a file from a position on.
pub(crate) struct FileInput {
    file: Arc<File>,
    position: u64,
}

impl FileInput {
    pub(crate) fn new(file: Arc<File>, position: u64) -> Self {
        Self { file, position }
    }
}

#[async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let bytes = read(&self.file, size, self.position).map_err(failed)?;
        // An empty answer would mean "not yet".
        if bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        self.position = self.position.saturating_add(bytes.len() as u64);
        Ok(bytes)
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.read(size)
    }
}

/// Where a [`FileOutput`] writes next.
pub(crate) enum Position {
    At(u64),
    End,
}

/// Writes a file from a position on, or always at its end.
pub(crate) struct FileOutput {
    file: Arc<File>,
    position: Position,
    failure: Failure,
}

impl FileOutput {
    pub(crate) fn new(file: Arc<File>, position: Position, failure: Failure) -> Self {
        Self {
            file,
            position,
            failure,
        }
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let written = match &self.position {
                Position::At(position) => self.file.write_at(bytes, *position)?,
                Position::End => self.file.append(bytes)?,
            };
            if written == 0 {
                return Err(Error::NoSpace);
            }
            if let Position::At(position) = &mut self.position {
                *position = position.saturating_add(written as u64);
            }
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > MAX_TRANSFER {
            return Err(StreamError::trap("write is larger than check-write allowed"));
        }
        self.write_all(&bytes).map_err(|error| {
            self.failure.note(&error);
            failed(error)
        })
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_TRANSFER)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write(bytes)
    }

    async fn write_ready(&mut self) -> StreamResult<usize> {
        self.check_write()
    }
}

/// Reads at most [`MAX_TRANSFER`] bytes; none at the end.
pub(crate) fn read(file: &File, size: usize, position: u64) -> Result<Bytes, Error> {
    let mut buffer = BytesMut::zeroed(size.min(MAX_TRANSFER));
    let read = file.read_at(&mut buffer, position)?;
    buffer.truncate(read);
    Ok(buffer.freeze())
}

/// Kept whole, so that `filesystem-error-code` can find it again.
fn failed(error: Error) -> StreamError {
    StreamError::LastOperationFailed(error.into())
}
