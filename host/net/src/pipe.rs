//! One direction of a loopback connection: bytes in memory, in order, with an end on each side.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};

use crate::limits::{BUFFER_BYTES, LEAST_ROOM, READ_BYTES, WHOLE_PIECE};

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Some bytes, never none.
    Bytes(Bytes),
    /// None yet.
    Empty,
    /// The other side has closed, and everything was read.
    End,
    /// The connection was cut.
    Reset,
}

/// Why nothing can be written any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    /// Closed, by either side.
    Closed,
    /// The connection was cut.
    Reset,
}

/// One reader, one writer.
#[derive(Default)]
pub(crate) struct Pipe(Mutex<State>);

#[derive(Default)]
struct State {
    pieces: VecDeque<Bytes>,
    /// Small writes, gathered; comes after `pieces`.
    tail: BytesMut,
    bytes: usize,
    write_closed: bool,
    read_closed: bool,
    reset: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl State {
    fn room(&self) -> usize {
        BUFFER_BYTES.saturating_sub(self.bytes)
    }

    fn discard(&mut self) {
        self.pieces = VecDeque::new();
        self.tail = BytesMut::new();
        self.bytes = 0;
    }

    fn wake_both(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No function here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self, most: usize) -> Received {
        let mut state = self.lock();
        if state.reset {
            return Received::Reset;
        }
        let most = most.min(READ_BYTES);
        let piece = match state.pieces.front_mut() {
            Some(front) if front.len() > most => front.split_to(most),
            Some(_) => state.pieces.pop_front().unwrap_or_default(),
            None => {
                let most = most.min(state.tail.len());
                if most == state.tail.len() {
                    // All of it: the buffer goes along and nothing is kept for an idle connection.
                    std::mem::take(&mut state.tail).freeze()
                } else {
                    state.tail.split_to(most).freeze()
                }
            }
        };
        if piece.is_empty() {
            return if state.write_closed || state.read_closed {
                Received::End
            } else {
                Received::Empty
            };
        }
        state.bytes -= piece.len();
        if state.room() >= LEAST_ROOM
            && let Some(writer) = state.writer.take()
        {
            drop(state);
            writer.wake();
        }
        Received::Bytes(piece)
    }

    /// Ready once a read would bring something, an end included.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.bytes > 0 || state.write_closed || state.read_closed || state.reset {
            return Poll::Ready(());
        }
        state.reader = Some(context.waker().clone());
        Poll::Pending
    }

    /// Bytes that may be written now; 0: wait.
    pub(crate) fn permit(&self) -> Result<usize, Unsent> {
        let state = self.lock();
        if state.reset {
            return Err(Unsent::Reset);
        }
        if state.write_closed || state.read_closed {
            return Err(Unsent::Closed);
        }
        let room = state.room();
        Ok(if room < LEAST_ROOM { 0 } else { room })
    }

    /// Takes `bytes`, which must not be more than the last permit.
    pub(crate) fn write(&self, bytes: Bytes) -> Result<(), Unsent> {
        let mut state = self.lock();
        if state.reset {
            return Err(Unsent::Reset);
        }
        if state.write_closed || state.read_closed {
            return Err(Unsent::Closed);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        state.bytes += bytes.len();
        if bytes.len() < WHOLE_PIECE {
            state.tail.extend_from_slice(&bytes);
        } else {
            if !state.tail.is_empty() {
                let tail = std::mem::take(&mut state.tail).freeze();
                state.pieces.push_back(tail);
            }
            state.pieces.push_back(bytes);
        }
        if let Some(reader) = state.reader.take() {
            drop(state);
            reader.wake();
        }
        Ok(())
    }

    /// Ready once a permit is more than 0, or an error.
    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.room() >= LEAST_ROOM || state.write_closed || state.read_closed || state.reset {
            return Poll::Ready(());
        }
        state.writer = Some(context.waker().clone());
        Poll::Pending
    }

    /// The writer writes no more; what was written can be read.
    pub(crate) fn close_write(&self) {
        let mut state = self.lock();
        state.write_closed = true;
        state.wake_both();
    }

    /// The reader reads no more; what waits is gone.
    pub(crate) fn close_read(&self) {
        let mut state = self.lock();
        state.read_closed = true;
        state.discard();
        state.wake_both();
    }

    /// Both sides get an error from now on.
    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        state.reset = true;
        state.discard();
        state.wake_both();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(pipe: &Pipe) -> Vec<u8> {
        let mut all = Vec::new();
        while let Received::Bytes(bytes) = pipe.read(usize::MAX) {
            all.extend_from_slice(&bytes);
        }
        all
    }

    #[test]
    fn order_is_kept_whatever_the_sizes() {
        let pipe = Pipe::default();
        let mut expected = Vec::new();
        for (n, size) in [1, WHOLE_PIECE, 3, 10, WHOLE_PIECE + 1, 0, 7].into_iter().enumerate() {
            let piece = vec![n as u8; size];
            expected.extend_from_slice(&piece);
            pipe.write(piece.into()).expect("open");
        }
        let mut first = Vec::new();
        for _ in 0..3 {
            let Received::Bytes(bytes) = pipe.read(5) else {
                panic!("bytes")
            };
            assert!(bytes.len() <= 5);
            first.extend_from_slice(&bytes);
        }
        first.extend(drain(&pipe));
        assert_eq!(first, expected);
        assert_eq!(pipe.read(1), Received::Empty);
    }

    #[test]
    fn a_full_pipe_permits_nothing_until_there_is_room() {
        let pipe = Pipe::default();
        let mut written = 0;
        while let Ok(permit @ 1..) = pipe.permit() {
            pipe.write(vec![0; permit.min(1000)].into()).expect("open");
            written += permit.min(1000);
        }
        assert!(
            (BUFFER_BYTES - LEAST_ROOM..=BUFFER_BYTES).contains(&written),
            "{written}"
        );
        assert_eq!(drain(&pipe).len(), written);
        assert_eq!(pipe.permit(), Ok(BUFFER_BYTES));
    }

    #[test]
    fn ends() {
        let pipe = Pipe::default();
        pipe.write(Bytes::from_static(b"last")).expect("open");
        pipe.close_write();
        assert_eq!(pipe.write(Bytes::from_static(b"x")), Err(Unsent::Closed));
        assert_eq!(drain(&pipe), b"last");
        assert_eq!(pipe.read(1), Received::End);

        let pipe = Pipe::default();
        pipe.write(Bytes::from_static(b"lost")).expect("open");
        pipe.close_read();
        assert_eq!((pipe.read(1), pipe.permit()), (Received::End, Err(Unsent::Closed)));

        let pipe = Pipe::default();
        pipe.reset();
        assert_eq!((pipe.read(1), pipe.permit()), (Received::Reset, Err(Unsent::Reset)));
    }
}
