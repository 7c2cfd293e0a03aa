//! Bodies on one side, calls that block on the other.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http_body_util::BodyExt;
use std::io::{self, Read, Write};
use tokio::sync::mpsc;

/// Pieces that wait between the two sides.
const IN_FLIGHT: usize = 4;
/// Piece in which a blocking writer sends.
const PIECE: usize = 256 << 10;

/// What a body brings, for a thread that may block.
pub struct BodyReader {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

/// Gives a body's bytes to a thread that may block. The future passes them on; it ends with the body, or when nobody
/// reads any more.
pub fn reader(mut body: Body) -> (BodyReader, impl Future<Output = ()>) {
    let (sender, pieces) = mpsc::channel(IN_FLIGHT);
    let pump = async move {
        while let Some(frame) = body.frame().await {
            let piece = match frame.map(http_body::Frame::into_data) {
                Ok(Ok(bytes)) => Ok(bytes),
                Ok(Err(_)) => continue,
                Err(error) => Err(io::Error::other(error)),
            };
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    };
    let piece = Bytes::new();
    (BodyReader { pieces, piece }, pump)
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}

/// What a thread that may block writes into a body.
pub struct BodyWriter {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    waiting: Vec<u8>,
}

/// A body, and a writer into it. Dropping the writer ends the body; see [`BodyWriter::fail`] for how it breaks off.
pub fn writer() -> (BodyWriter, Body) {
    let (pieces, receiver) = mpsc::channel(IN_FLIGHT);
    let stream = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let writer = BodyWriter {
        pieces,
        waiting: Vec::new(),
    };
    (writer, Body::from_stream(stream))
}

impl BodyWriter {
    /// Breaks the body off, so that its receiver does not take it for whole.
    pub fn fail(self, reason: &str) {
        // Nobody may be left to tell.
        let _ = self.pieces.blocking_send(Err(io::Error::other(reason.to_owned())));
    }
}

impl Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.waiting));
        self.pieces
            .blocking_send(Ok(piece))
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads it any more"))
    }
}
