//! An output stream over whatever takes bytes while it has room: connections here, pipes and terminals elsewhere.
//!
//! The default bodies of the stream traits give up with a trap after ten empty wake-ups, and their flush waits for free room
//! after the last byte; either would end an innocent guest. So all that waits is written out here.

use bytes::Bytes;
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{OutputStream, StreamError, StreamResult};

/// What takes the bytes. Nothing is buffered between it and the guest.
#[async_trait]
pub trait Sink: Send + 'static {
    /// Bytes that it would take now; 0: wait for [`Sink::writable`].
    ///
    /// # Errors
    /// [`Unwritable`], if it never takes any again.
    fn permit(&mut self) -> Result<usize, Unwritable>;

    /// Takes `bytes`, which are not more than the last permit.
    ///
    /// # Errors
    /// [`Unwritable`].
    fn put(&mut self, bytes: Bytes) -> Result<(), Unwritable>;

    /// Waits until a permit is more than 0, or an error.
    async fn writable(&mut self);
}

/// Why nothing can be written, each with what the guest is told.
#[derive(Debug)]
pub enum Unwritable {
    /// The other side has gone.
    Gone(StreamError),
    /// It does not work.
    Failed(StreamError),
}

impl From<Unwritable> for StreamError {
    fn from(error: Unwritable) -> Self {
        match error {
            Unwritable::Gone(error) | Unwritable::Failed(error) => error,
        }
    }
}

/// The stream.
#[derive(Debug)]
pub struct Output<S> {
    sink: S,
    /// Bytes that the guest may still write after its last `check-write`.
    permit: usize,
    /// The last call was `flush`: waiting for it must not wait for room.
    flushed: bool,
}

impl<S: Sink> Output<S> {
    /// A stream into `sink`.
    pub fn new(sink: S) -> Self {
        Self {
            sink,
            permit: 0,
            flushed: false,
        }
    }
}

#[async_trait]
impl<S: Sink> Pollable for Output<S> {
    async fn ready(&mut self) {
        self.sink.writable().await;
    }
}

#[async_trait]
impl<S: Sink> OutputStream for Output<S> {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.flushed = false;
        if bytes.len() > self.permit {
            return Err(StreamError::trap("wrote more than check-write permitted"));
        }
        self.permit -= bytes.len();
        Ok(self.sink.put(bytes)?)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.flushed = true;
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.permit = match self.sink.permit() {
            Ok(permit) => permit,
            // What was flushed has arrived, even if the other side has read it and gone since. libc asks here whether its
            // write was well; only the next write may learn that nobody is there any more.
            Err(Unwritable::Gone(_)) if std::mem::take(&mut self.flushed) => 1,
            Err(error) => return Err(error.into()),
        };
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
