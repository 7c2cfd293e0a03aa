//! Descriptors as the streams of wasi:io.
//!
//! The default bodies of the stream traits give up with a trap after ten empty wake-ups, and their flush waits for
//! free room after the last byte; with several readers or writers on a pipe either would end an innocent guest.
//! So all that waits is written out here.

use bytes::Bytes;
use sandbar_wasi_files::Failure;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{InputStream, OutputStream, StreamError, StreamResult};

use crate::descriptor::{Descriptor, Received, Unsent};

/// Ends a guest that wrote to a pipe without reader, as SIGPIPE does.
#[derive(Debug, thiserror::Error)]
#[error("write to a pipe that nobody reads")]
pub(crate) struct BrokenPipe;

/// Standard input of a process. Nothing is read ahead: what one process does not take, another may.
pub(crate) struct Stdin(pub(crate) Descriptor);

/// Standard output or error of a process.
pub(crate) struct Stdout {
    pub(crate) descriptor: Descriptor,
    pub(crate) sigpipe: bool,
    /// Of the process.
    pub(crate) failure: Failure,
}

/// A stream that reads from a descriptor.
pub(crate) struct Reading(pub(crate) Descriptor);

/// A stream that writes to a descriptor.
pub(crate) struct Writing {
    descriptor: Descriptor,
    sigpipe: bool,
    /// Where a failure of the file layer is noted.
    failure: Failure,
    /// Bytes that the guest may still write after its last `check-write`.
    permit: usize,
    /// The last call was `flush`: nothing is buffered here, so waiting for it must not wait for room.
    flushed: bool,
}

impl Writing {
    pub(crate) fn new(descriptor: Descriptor, sigpipe: bool, failure: Failure) -> Self {
        Self {
            descriptor,
            sigpipe,
            failure,
            permit: 0,
            flushed: false,
        }
    }

    fn error(&self, unsent: Unsent) -> StreamError {
        match unsent {
            Unsent::Closed if self.sigpipe => StreamError::Trap(BrokenPipe.into()),
            Unsent::Closed => StreamError::Closed,
            Unsent::Full => StreamError::LastOperationFailed(wasmtime::format_err!("pipe is full")),
            Unsent::Failed(error) => {
                self.failure.note(&error);
                StreamError::LastOperationFailed(error.into())
            }
        }
    }
}

#[async_trait]
impl Pollable for Reading {
    async fn ready(&mut self) {
        self.0.ready_to_read().await;
    }
}

#[async_trait]
impl InputStream for Reading {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        match self.0.try_read(size) {
            Received::Bytes(bytes) => Ok(bytes),
            Received::Empty => Ok(Bytes::new()),
            Received::End => Err(StreamError::Closed),
            Received::Failed(error) => Err(StreamError::LastOperationFailed(error.into())),
        }
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        loop {
            let bytes = self.read(size)?;
            if !bytes.is_empty() || size == 0 {
                return Ok(bytes);
            }
            self.ready().await;
        }
    }
}

#[async_trait]
impl Pollable for Writing {
    async fn ready(&mut self) {
        self.descriptor.ready_to_write().await;
    }
}

#[async_trait]
impl OutputStream for Writing {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.flushed = false;
        if bytes.len() > self.permit {
            return Err(StreamError::trap("wrote more than check-write permitted"));
        }
        self.permit -= bytes.len();
        self.descriptor.put(bytes).map_err(|unsent| self.error(unsent))
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.flushed = true;
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.permit = self.descriptor.permit().map_err(|unsent| self.error(unsent))?;
        Ok(self.permit)
    }

    async fn write_ready(&mut self) -> StreamResult<usize> {
        loop {
            let permit = self.check_write()?;
            if permit > 0 || std::mem::take(&mut self.flushed) {
                return Ok(permit);
            }
            self.ready().await;
        }
    }

    async fn blocking_write_and_flush(&mut self, mut bytes: Bytes) -> StreamResult<()> {
        self.flushed = false;
        while !bytes.is_empty() {
            let permit = self.write_ready().await?;
            let now = bytes.split_to(permit.min(bytes.len()));
            self.write(now)?;
        }
        Ok(())
    }
}

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        self.0.is_terminal()
    }
}

impl IsTerminal for Stdout {
    fn is_terminal(&self) -> bool {
        self.descriptor.is_terminal()
    }
}

impl StdinStream for Stdin {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncRead + Send + Sync> {
        // Only WASI 0.1 and 0.3 ask for this; neither is linked for guests.
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(Reading(self.0.clone()))
    }
}

impl StdoutStream for Stdout {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // As for standard input.
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Writing::new(
            self.descriptor.clone(),
            self.sigpipe,
            self.failure.clone(),
        ))
    }
}
