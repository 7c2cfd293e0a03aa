//! A connection, wherever it leads.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::outside::Outside;
use crate::pipe::{Pipe, Received, Unsent};
use crate::slots::Slot;

/// One end of a connection. It has one reader and one writer, which may be different tasks. Dropping it closes it: what was
/// written still arrives.
#[derive(Debug)]
pub struct Connection {
    kind: Kind,
    local: SocketAddr,
    remote: SocketAddr,
}

#[derive(Debug)]
enum Kind {
    Loopback(End),
    Outside(Outside),
}

/// One end of a loopback connection.
struct End {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
    /// Both ends hold it.
    _slot: Arc<Slot>,
}

impl std::fmt::Debug for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("End").finish_non_exhaustive()
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.outgoing.close_write();
        self.incoming.close_read();
    }
}

/// A loopback connection from `client` to `server`: both ends, the client's first.
pub(crate) fn pair(client: SocketAddr, server: SocketAddr, slot: Slot) -> (Connection, Connection) {
    let (up, down) = (Arc::<Pipe>::default(), Arc::<Pipe>::default());
    let slot = Arc::new(slot);
    let end = |incoming: &Arc<Pipe>, outgoing: &Arc<Pipe>, local, remote| Connection {
        kind: Kind::Loopback(End {
            incoming: Arc::clone(incoming),
            outgoing: Arc::clone(outgoing),
            _slot: Arc::clone(&slot),
        }),
        local,
        remote,
    };
    (end(&down, &up, client, server), end(&up, &down, server, client))
}

impl Connection {
    pub(crate) fn outside(outside: Outside, local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            kind: Kind::Outside(outside),
            local,
            remote,
        }
    }

    /// The address of this end.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The address of the other end.
    #[must_use]
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// What there is, at most `most` bytes and at most [`crate::limits::READ_BYTES`].
    pub fn try_read(&self, most: usize) -> Received {
        match &self.kind {
            Kind::Loopback(end) => end.incoming.read(most),
            Kind::Outside(outside) => outside.read(most),
        }
    }

    /// Ready once a read would bring something, an end included. One waiter at a time.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        match &self.kind {
            Kind::Loopback(end) => end.incoming.poll_readable(context),
            Kind::Outside(outside) => outside.poll_readable(context),
        }
    }

    /// Bytes that may be written now; 0: wait for [`Connection::poll_writable`].
    ///
    /// # Errors
    /// If nothing can be written any more.
    pub fn permit(&self) -> Result<usize, Unsent> {
        match &self.kind {
            Kind::Loopback(end) => end.outgoing.permit(),
            Kind::Outside(outside) => outside.permit(),
        }
    }

    /// Takes `bytes`; they must not be more than the last permit.
    ///
    /// # Errors
    /// If nothing can be written any more.
    pub fn try_write(&self, bytes: Bytes) -> Result<(), Unsent> {
        match &self.kind {
            Kind::Loopback(end) => end.outgoing.write(bytes),
            Kind::Outside(outside) => outside.write(bytes),
        }
    }

    /// Ready once a permit is more than 0, or an error. One waiter at a time.
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        match &self.kind {
            Kind::Loopback(end) => end.outgoing.poll_writable(context),
            Kind::Outside(outside) => outside.poll_writable(context),
        }
    }

    /// Writes no more: the other side reads to its end and may still write.
    pub fn close_write(&self) {
        match &self.kind {
            Kind::Loopback(end) => end.outgoing.close_write(),
            Kind::Outside(outside) => outside.close_write(),
        }
    }

    /// Reads no more: what waits and what comes is thrown away.
    pub fn close_read(&self) {
        match &self.kind {
            Kind::Loopback(end) => end.incoming.close_read(),
            Kind::Outside(outside) => outside.close_read(),
        }
    }

    /// Both sides get an error from now on.
    pub(crate) fn reset(&self) {
        match &self.kind {
            Kind::Loopback(end) => {
                end.incoming.reset();
                end.outgoing.reset();
            }
            Kind::Outside(outside) => outside.cut(),
        }
    }
}

fn failed(unsent: Unsent) -> io::Error {
    match unsent {
        Unsent::Closed => io::ErrorKind::BrokenPipe.into(),
        Unsent::Reset => io::ErrorKind::ConnectionReset.into(),
    }
}

/// For the host's own use of a connection.
impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            match self.try_read(buffer.remaining()) {
                Received::Bytes(bytes) => {
                    buffer.put_slice(&bytes);
                    return Poll::Ready(Ok(()));
                }
                Received::End => return Poll::Ready(Ok(())),
                Received::Reset => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                Received::Empty => ready!(self.poll_readable(context)),
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            match self.permit() {
                Err(unsent) => return Poll::Ready(Err(failed(unsent))),
                Ok(0) => ready!(self.poll_writable(context)),
                Ok(permit) => {
                    let now = permit.min(bytes.len());
                    let (piece, _) = bytes.split_at(now);
                    let written = self.try_write(Bytes::copy_from_slice(piece));
                    return Poll::Ready(written.map(|()| now).map_err(failed));
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close_write();
        Poll::Ready(Ok(()))
    }
}
