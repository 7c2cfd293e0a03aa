//! Descriptors as the streams of wasi:io.
//!
//! The default bodies of the stream traits give up with a trap after ten empty wake-ups, and their flush waits for
//! free room after the last byte; with several readers or writers on a pipe either would end an innocent guest.
//! So all that waits is written out here.

use bytes::Bytes;
use sandbar_wasi_files::{Failure, Standard};
use sandbar_wasi_net::{Output, Sink, Unwritable};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, StreamError, StreamResult,
};

use crate::descriptor::{Descriptor, Received, Unsent};
use crate::state::Stdio;

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

/// A process's standard descriptors, for when it opens them by name.
pub(crate) struct OwnStreams {
    pub(crate) stdio: Stdio,
    pub(crate) sigpipe: bool,
    /// Of the process.
    pub(crate) failure: Failure,
}

impl Standard for OwnStreams {
    fn input(&self, number: u8) -> Option<DynInputStream> {
        let descriptor = self.stdio.get(usize::from(number))?;
        descriptor
            .readable()
            .then(|| Box::new(Reading(descriptor.clone())) as DynInputStream)
    }

    fn output(&self, number: u8) -> Option<DynOutputStream> {
        let descriptor = self.stdio.get(usize::from(number))?;
        let stream = || Box::new(writing(descriptor.clone(), self.sigpipe, self.failure.clone())) as DynOutputStream;
        descriptor.writable().then(stream)
    }
}

/// A stream that reads from a descriptor.
pub(crate) struct Reading(pub(crate) Descriptor);

/// A stream that writes to a descriptor.
pub(crate) type Writing = Output<Written>;

/// A descriptor that is written to.
pub(crate) struct Written {
    descriptor: Descriptor,
    sigpipe: bool,
    /// Where a failure of the file layer is noted.
    failure: Failure,
}

/// See [`Writing`].
pub(crate) fn writing(descriptor: Descriptor, sigpipe: bool, failure: Failure) -> Writing {
    Output::new(Written {
        descriptor,
        sigpipe,
        failure,
    })
}

impl Written {
    fn error(&self, unsent: Unsent) -> Unwritable {
        match unsent {
            Unsent::Closed if self.sigpipe => Unwritable::Gone(StreamError::Trap(BrokenPipe.into())),
            Unsent::Closed => Unwritable::Gone(StreamError::Closed),
            Unsent::Full => Unwritable::Failed(StreamError::LastOperationFailed(wasmtime::format_err!("pipe is full"))),
            Unsent::Failed(error) => {
                self.failure.note(&error);
                Unwritable::Failed(StreamError::LastOperationFailed(error.into()))
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
impl Sink for Written {
    fn permit(&mut self) -> Result<usize, Unwritable> {
        self.descriptor.permit().map_err(|unsent| self.error(unsent))
    }

    fn put(&mut self, bytes: Bytes) -> Result<(), Unwritable> {
        self.descriptor.put(bytes).map_err(|unsent| self.error(unsent))
    }

    async fn writable(&mut self) {
        self.descriptor.ready_to_write().await;
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
        Box::new(writing(self.descriptor.clone(), self.sigpipe, self.failure.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `head` reads what it wants and ends: that is no failure of the writer's last write, only of its next.
    #[tokio::test]
    async fn what_was_flushed_is_well_even_if_the_reader_has_gone() {
        for sigpipe in [false, true] {
            let (read, write) = Descriptor::pipe();
            let mut output = writing(write, sigpipe, Failure::default());
            assert!(output.check_write().expect("room") > 0);
            output.write(Bytes::from_static(b"line\n")).expect("a reader");
            output.flush().expect("nothing is buffered");
            assert!(matches!(read.try_read(100), Received::Bytes(bytes) if bytes == "line\n"));
            drop(read);
            assert!(output.check_write().expect("the line has arrived") > 0);
            let error = output.write(Bytes::from_static(b"x")).expect_err("nobody is there");
            match error {
                StreamError::Trap(error) if sigpipe => assert!(error.is::<BrokenPipe>()),
                StreamError::Closed if !sigpipe => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
