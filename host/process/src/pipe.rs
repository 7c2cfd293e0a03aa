//! A pipe: bounded bytes between two ends, each of which closes when its last holder drops it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::limits::{PIPE_ATOMIC, PIPE_CAPACITY, PIPE_CEILING};
use crate::queue::Queue;
use crate::slots::Slot;

/// What a read finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// These bytes, never none.
    Bytes(Bytes),
    /// Nothing yet.
    Empty,
    /// Nothing ever again: no writer is left.
    End,
}

/// Why bytes were not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No reader is left.
    Closed,
    /// More than [`PIPE_CEILING`]: too many writers used old permits.
    Full,
}

#[derive(Debug)]
struct Pipe {
    content: Mutex<Content>,
    readable: Notify,
    writable: Notify,
    _slot: Option<Slot>,
}

#[derive(Debug, Default)]
struct Content {
    bytes: Queue,
    reader_gone: bool,
    writer_gone: bool,
}

impl Content {
    fn free(&self) -> usize {
        let free = PIPE_CAPACITY.saturating_sub(self.bytes.len());
        if free >= PIPE_ATOMIC { free } else { 0 }
    }
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, Content> {
        // No holder of this lock can panic halfway through a change.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that bytes come out of.
#[derive(Debug)]
pub(crate) struct PipeReader(Arc<Pipe>);

/// The end that bytes go into.
#[derive(Debug)]
pub(crate) struct PipeWriter(Arc<Pipe>);

/// A new pipe, holding `slot` while either end lives.
pub(crate) fn pipe(slot: Option<Slot>) -> (PipeReader, PipeWriter) {
    let pipe = Arc::new(Pipe {
        content: Mutex::new(Content::default()),
        readable: Notify::new(),
        writable: Notify::new(),
        _slot: slot,
    });
    (PipeReader(Arc::clone(&pipe)), PipeWriter(pipe))
}

impl PipeReader {
    /// Takes up to `most` bytes out.
    pub(crate) fn take(&self, most: usize) -> Taken {
        let mut content = self.0.lock();
        if content.bytes.is_empty() {
            return if content.writer_gone { Taken::End } else { Taken::Empty };
        }
        let was_full = content.free() == 0;
        let taken = content.bytes.pop(most);
        let wake = was_full && content.free() > 0;
        drop(content);
        if wake {
            self.0.writable.notify_waiters();
        }
        Taken::Bytes(taken)
    }

    /// Waits until [`PipeReader::take`] would not find [`Taken::Empty`].
    pub(crate) async fn ready(&self) {
        loop {
            let change = self.0.readable.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            {
                let content = self.0.lock();
                if !content.bytes.is_empty() || content.writer_gone {
                    return;
                }
            }
            change.await;
        }
    }
}

impl PipeWriter {
    /// How many bytes may be put in now; 0 means wait for [`PipeWriter::ready`].
    pub(crate) fn permit(&self) -> Result<usize, Refused> {
        let content = self.0.lock();
        if content.reader_gone {
            Err(Refused::Closed)
        } else {
            Ok(content.free())
        }
    }

    /// Puts bytes in: all, or none.
    pub(crate) fn put(&self, bytes: Bytes) -> Result<(), Refused> {
        let mut content = self.0.lock();
        if content.reader_gone {
            return Err(Refused::Closed);
        }
        if content.bytes.len() + bytes.len() > PIPE_CEILING {
            return Err(Refused::Full);
        }
        let wake = content.bytes.is_empty() && !bytes.is_empty();
        content.bytes.push(bytes);
        drop(content);
        if wake {
            self.0.readable.notify_waiters();
        }
        Ok(())
    }

    /// Waits until there is a permit, or no reader left.
    pub(crate) async fn ready(&self) {
        loop {
            let change = self.0.writable.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            {
                let content = self.0.lock();
                if content.reader_gone || content.free() > 0 {
                    return;
                }
            }
            change.await;
        }
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut content = self.0.lock();
        content.reader_gone = true;
        // Nobody will ever take these; a writer that lives on must not pin them.
        content.bytes = Queue::default();
        drop(content);
        self.0.writable.notify_waiters();
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.0.lock().writer_gone = true;
        self.0.readable.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros(count: usize) -> Bytes {
        vec![0; count].into()
    }

    #[test]
    fn bytes_come_out_in_order_and_end_after_the_writer() {
        let (reader, writer) = pipe(None);
        assert_eq!(reader.take(10), Taken::Empty);
        writer.put(Bytes::from_static(b"hello")).unwrap();
        writer.put(Bytes::from_static(b" world")).unwrap();
        assert_eq!(reader.take(7), Taken::Bytes(Bytes::from_static(b"hello w")));
        drop(writer);
        assert_eq!(reader.take(70), Taken::Bytes(Bytes::from_static(b"orld")));
        assert_eq!(reader.take(1), Taken::End);
    }

    #[test]
    fn capacity_bounds_and_the_ceiling_refuses() {
        let (reader, writer) = pipe(None);
        assert_eq!(writer.permit(), Ok(PIPE_CAPACITY));
        writer.put(zeros(PIPE_CAPACITY)).unwrap();
        assert_eq!(writer.permit(), Ok(0));
        for _ in 0..3 {
            writer.put(zeros(PIPE_CAPACITY)).unwrap();
        }
        assert_eq!(writer.put(Bytes::from_static(b"x")), Err(Refused::Full));
        drop(reader);
        assert_eq!(writer.permit(), Err(Refused::Closed));
        assert_eq!(writer.put(Bytes::from_static(b"x")), Err(Refused::Closed));
    }

    #[tokio::test]
    async fn a_waiting_writer_wakes_for_room_and_a_waiting_reader_for_bytes() {
        let (reader, writer) = pipe(None);
        writer.put(zeros(PIPE_CAPACITY)).unwrap();
        let total = tokio::spawn(async move {
            for _ in 0..64 {
                writer.ready().await;
                let permit = writer.permit().unwrap();
                writer.put(zeros(permit)).unwrap();
            }
        });
        let mut count = 0;
        loop {
            reader.ready().await;
            match reader.take(10_000) {
                Taken::Bytes(bytes) => count += bytes.len(),
                Taken::Empty => panic!("ready, yet empty"),
                Taken::End => break,
            }
        }
        total.await.unwrap();
        assert!(count > PIPE_CAPACITY + 63 * PIPE_ATOMIC, "{count}");
    }

    #[tokio::test]
    async fn closing_wakes_both_sides() {
        let (reader, writer) = pipe(None);
        writer.put(zeros(PIPE_CAPACITY)).unwrap();
        let waiting = tokio::spawn(async move { writer.ready().await });
        tokio::task::yield_now().await;
        drop(reader);
        waiting.await.unwrap();

        let (reader, writer) = pipe(None);
        let waiting = tokio::spawn(async move { reader.ready().await });
        tokio::task::yield_now().await;
        drop(writer);
        waiting.await.unwrap();
    }
}
