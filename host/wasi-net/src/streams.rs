//! The streams of a connection. What waits is written out: the default bodies of the traits trap after ten empty wake-ups.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use sandbar_net::{Connection, Received, Unsent};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream, InputStream, StreamError, StreamResult};

use crate::output::{Output, Sink, Unwritable};

/// Both streams of a connection.
pub(crate) fn streams(connection: &Arc<Connection>) -> (DynInputStream, DynOutputStream) {
    let output = Output::new(Outgoing(Arc::clone(connection)));
    (Box::new(Input(Arc::clone(connection))), Box::new(output))
}

struct Input(Arc<Connection>);

struct Outgoing(Arc<Connection>);

fn reset() -> StreamError {
    StreamError::LastOperationFailed(io::Error::from(io::ErrorKind::ConnectionReset).into())
}

fn gone(unsent: Unsent) -> Unwritable {
    Unwritable::Gone(match unsent {
        Unsent::Closed => StreamError::Closed,
        Unsent::Reset => reset(),
    })
}

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        poll_fn(|context| self.0.poll_readable(context)).await;
    }
}

#[async_trait]
impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        match self.0.try_read(size) {
            Received::Bytes(bytes) => Ok(bytes),
            Received::Empty => Ok(Bytes::new()),
            Received::End => Err(StreamError::Closed),
            Received::Reset => Err(reset()),
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
impl Sink for Outgoing {
    fn permit(&mut self) -> Result<usize, Unwritable> {
        self.0.permit().map_err(gone)
    }

    fn put(&mut self, bytes: Bytes) -> Result<(), Unwritable> {
        self.0.try_write(bytes).map_err(gone)
    }

    async fn writable(&mut self) {
        poll_fn(|context| self.0.poll_writable(context)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandbar_net::Network;

    /// A peer that has read a request and gone before the sender asks again is no failure of the request.
    #[tokio::test]
    async fn what_was_flushed_is_well_even_if_the_peer_has_gone() {
        let network = Network::private();
        let address = "127.0.0.1:80".parse().unwrap();
        let listener = network.bind(address).unwrap().listen(1);
        let here = Arc::new(network.connect(80).await.unwrap());
        let there = listener.accept().unwrap();
        let (_input, mut output) = streams(&here);
        assert!(output.check_write().unwrap() > 0);
        output.write(Bytes::from_static(b"request")).unwrap();
        output.flush().unwrap();
        assert_eq!(there.try_read(100), Received::Bytes(Bytes::from_static(b"request")));
        drop(there);
        let permit = output.check_write().expect("the request has arrived");
        assert!(permit > 0);
        assert!(
            output.write(Bytes::from_static(b"x")).is_err(),
            "nobody is there any more"
        );
        assert!(output.check_write().is_err());
    }
}
