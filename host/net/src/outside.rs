//! A connection that leaves the sandbox: a real socket, which can be cut from elsewhere.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::limits::{BUFFER_BYTES, DRAIN_WAIT, HALF_CLOSED_WAIT, READ_BYTES};
use crate::pipe::{Received, Unsent};

/// The handle of a process. When it is dropped, what was written has [`DRAIN_WAIT`] to leave.
#[derive(Debug)]
pub(crate) struct Outside(Arc<Line>);

/// The socket and what belongs to it.
pub(crate) struct Line {
    stream: TcpStream,
    waiting: Mutex<Waiting>,
    cut: AtomicBool,
    /// Released with the last handle: places that the connection takes, and its entry in the network's list.
    _held: Box<dyn Send + Sync>,
}

#[derive(Default)]
struct Waiting {
    /// Accepted from the program, not yet by the kernel.
    bytes: Bytes,
    /// The program has shut down its direction; done once `bytes` has left.
    last: bool,
    ended: bool,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

impl Line {
    pub(crate) fn new(stream: TcpStream, held: Box<dyn Send + Sync>) -> Arc<Self> {
        Arc::new(Self {
            stream,
            waiting: Mutex::default(),
            cut: AtomicBool::new(false),
            _held: held,
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // No function here panics half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it for both sides, at once.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        // Wakes whoever waits for the socket; that it may be closed already is fine.
        self.shutdown(Shutdown::Both);
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    fn shutdown(&self, how: Shutdown) {
        let how = match how {
            Shutdown::Read => rustix::net::Shutdown::Read,
            Shutdown::Write => rustix::net::Shutdown::Write,
            Shutdown::Both => rustix::net::Shutdown::Both,
        };
        if let Err(error) = rustix::net::shutdown(&self.stream, how) {
            tracing::trace!(%error, "shutdown of a connection");
        }
    }

    /// Gives the kernel what it takes. True: nothing waits any more.
    fn push(&self, waiting: &mut Waiting) -> Result<bool, Unsent> {
        if self.is_cut() {
            return Err(Unsent::Reset);
        }
        if waiting.ended {
            return Err(Unsent::Closed);
        }
        while !waiting.bytes.is_empty() {
            match self.stream.try_write(&waiting.bytes) {
                Ok(written) => waiting.bytes.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => {
                    waiting.ended = true;
                    waiting.bytes = Bytes::new();
                    return Err(match error.kind() {
                        io::ErrorKind::ConnectionReset => Unsent::Reset,
                        _ => Unsent::Closed,
                    });
                }
            }
        }
        if waiting.last {
            waiting.ended = true;
            self.shutdown(Shutdown::Write);
        }
        Ok(true)
    }

    async fn drain(&self) {
        loop {
            if !matches!(self.push(&mut self.waiting()), Ok(false)) || self.stream.writable().await.is_err() {
                return;
            }
        }
    }
}

impl Outside {
    pub(crate) fn new(line: Arc<Line>) -> Self {
        Self(line)
    }

    pub(crate) fn cut(&self) {
        self.0.cut();
    }

    pub(crate) fn read(&self, most: usize) -> Received {
        if self.0.is_cut() {
            return Received::Reset;
        }
        let mut buffer = BytesMut::zeroed(most.min(READ_BYTES));
        match self.0.stream.try_read(&mut buffer) {
            Ok(0) if self.0.is_cut() => Received::Reset,
            Ok(0) => Received::End,
            Ok(read) => {
                buffer.truncate(read);
                Received::Bytes(buffer.freeze())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Received::Empty,
            Err(_) => Received::Reset,
        }
    }

    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        // An error is found by the read.
        self.0.stream.poll_read_ready(context).map(drop)
    }

    pub(crate) fn permit(&self) -> Result<usize, Unsent> {
        let mut waiting = self.0.waiting();
        if waiting.last {
            return Err(Unsent::Closed);
        }
        Ok(if self.0.push(&mut waiting)? { BUFFER_BYTES } else { 0 })
    }

    pub(crate) fn write(&self, bytes: Bytes) -> Result<(), Unsent> {
        let mut waiting = self.0.waiting();
        if waiting.last {
            return Err(Unsent::Closed);
        }
        if waiting.bytes.is_empty() {
            waiting.bytes = bytes;
        } else {
            // A writer that did not ask first; one piece at most is kept for it.
            let mut both = BytesMut::from(&waiting.bytes[..]);
            both.extend_from_slice(&bytes);
            waiting.bytes = both.freeze();
        }
        self.0.push(&mut waiting).map(drop)
    }

    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if !matches!(self.0.push(&mut self.0.waiting()), Ok(false)) {
                return Poll::Ready(());
            }
            match self.0.stream.poll_write_ready(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    pub(crate) fn close_write(&self) {
        let mut waiting = self.0.waiting();
        waiting.last = true;
        if matches!(self.0.push(&mut waiting), Ok(false)) {
            // The program only reads from now on and asks no more whether it may write.
            self.drain(HALF_CLOSED_WAIT);
        }
    }

    fn drain(&self, wait: Duration) {
        // Without a runtime the process is ending, and the connection with it.
        if let Ok(runtime) = Handle::try_current() {
            let line = Arc::clone(&self.0);
            runtime.spawn(async move { timeout(wait, line.drain()).await });
        }
    }

    pub(crate) fn close_read(&self) {
        self.0.shutdown(Shutdown::Read);
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let left = !self.0.is_cut() && !self.0.waiting().bytes.is_empty();
        if left {
            self.drain(DRAIN_WAIT);
        }
    }
}
