//! The output of one command: a ring of bytes in the marked format of the API, that many may read, from any offset.
//!
//! Every line, and every change of stream within one, starts with three bytes: `01 01 01` for standard output,
//! `02 02 02` for standard error. Offsets count marked bytes from the command's first one. What is pushed out of the
//! ring is gone; whoever asks for it is told how much that was.

use bytes::{BufMut, Bytes, BytesMut};
use sandbar_process::Sink;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Length of a marker.
const MARKER: usize = 3;
/// Bytes of one line after which its marker is repeated, so that a cut never loses more than this.
const REMIND_AFTER: usize = 32 << 10;

/// Where bytes were written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    fn marker(self) -> [u8; MARKER] {
        match self {
            Self::Out => [1; MARKER],
            Self::Err => [2; MARKER],
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Log {
    limit: usize,
    /// Lines get no markers of their own.
    merged: bool,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    ring: VecDeque<u8>,
    /// Offset of the ring's first byte.
    start: u64,
    last: Option<Stream>,
    /// The next byte starts a line.
    fresh: bool,
    /// Bytes since the last marker.
    unmarked: usize,
    /// Bytes ever written, without markers.
    written: u64,
    finished: bool,
}

/// A part of a log.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// Marked bytes; they start with a marker if the piece starts where the log or what is left of it does.
    pub bytes: Bytes,
    /// Bytes before these that are asked for and gone.
    pub lost: u64,
    /// Where the next piece starts.
    pub next: u64,
    /// The command has ended, and this is all it wrote until then.
    pub finished: bool,
}

impl Piece {
    /// The bytes, after a line of standard error that tells of what is lost.
    #[must_use]
    pub fn with_notice(self) -> Bytes {
        if self.lost == 0 {
            return self.bytes;
        }
        let notice = format!("[output truncated: {} bytes are gone]\n", self.lost);
        let mut all = BytesMut::with_capacity(MARKER + notice.len() + self.bytes.len());
        all.put_slice(&Stream::Err.marker());
        all.put_slice(notice.as_bytes());
        all.put_slice(&self.bytes);
        all.freeze()
    }
}

impl Log {
    /// An empty log that keeps the last `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Self::make(limit, false)
    }

    /// A log of which only the text as a whole is of interest: markers stand where the stream changes, and now and then.
    #[must_use]
    pub fn merged(limit: usize) -> Arc<Self> {
        // Room for the markers.
        Self::make(limit + limit / REMIND_AFTER * 2 * MARKER + REMIND_AFTER, true)
    }

    fn make(limit: usize, merged: bool) -> Arc<Self> {
        Arc::new(Self {
            limit,
            merged,
            state: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Where a process writes to get into this log.
    #[must_use]
    pub fn sink(self: &Arc<Self>, stream: Stream) -> Arc<dyn Sink> {
        Arc::new(Writer {
            log: Arc::clone(self),
            stream,
        })
    }

    /// Appends bytes of one stream.
    pub fn append(&self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.lock().append(stream, bytes, self.limit, self.merged);
        self.changed.notify_waiters();
    }

    /// The command has ended; followers stop. What it left running may still append.
    pub fn finish(&self) {
        self.lock().finished = true;
        self.changed.notify_waiters();
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn size(&self) -> usize {
        self.lock().ring.len()
    }

    /// At most `most` bytes from `offset`; an offset beyond the end is the end.
    #[must_use]
    pub fn read(&self, offset: u64, most: usize) -> Piece {
        let state = self.lock();
        let end = state.start + state.ring.len() as u64;
        let from = offset.clamp(state.start, end);
        let skip = (from - state.start) as usize;
        let count = most.min(state.ring.len() - skip);
        let mut bytes = BytesMut::with_capacity(count);
        let (front, back) = state.ring.as_slices();
        let in_front = front.len().saturating_sub(skip).min(count);
        if in_front > 0 {
            bytes.put_slice(&front[skip..skip + in_front]);
        }
        if in_front < count {
            let skip = skip.saturating_sub(front.len());
            bytes.put_slice(&back[skip..skip + count - in_front]);
        }
        Piece {
            bytes: bytes.freeze(),
            lost: from.saturating_sub(offset),
            next: from + count as u64,
            finished: state.finished && from + count as u64 == end,
        }
    }

    /// Waits until more than `limit` bytes were written, markers not counted.
    pub async fn more_than(&self, limit: u64) {
        loop {
            let change = self.changed.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            if self.lock().written > limit {
                return;
            }
            change.await;
        }
    }

    /// Waits until there is something after `offset`, or the command has ended.
    pub async fn beyond(&self, offset: u64) {
        loop {
            let change = self.changed.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            {
                let state = self.lock();
                if state.finished || state.start + state.ring.len() as u64 > offset {
                    return;
                }
            }
            change.await;
        }
    }

    /// Everything that is kept.
    #[must_use]
    pub fn all(&self) -> Bytes {
        self.read(0, usize::MAX).with_notice()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, stream: Stream, bytes: &[u8], limit: usize, merged: bool) {
        self.written += bytes.len() as u64;
        let lines = bytes.split_inclusive(|byte| !merged && *byte == b'\n');
        for line in lines {
            for part in line.chunks(REMIND_AFTER) {
                if self.last != Some(stream) || self.fresh || self.unmarked + part.len() > REMIND_AFTER {
                    self.ring.extend(stream.marker());
                    self.unmarked = 0;
                }
                self.last = Some(stream);
                self.fresh = !merged && part.ends_with(b"\n");
                self.unmarked += part.len();
                self.ring.extend(part);
            }
        }
        if self.ring.len() > limit {
            self.cut(limit);
        }
    }

    /// Drops the oldest bytes, up to a marker.
    fn cut(&mut self, limit: usize) {
        let least = self.ring.len() - limit;
        let most = (least + REMIND_AFTER + MARKER).min(self.ring.len());
        let is_marker = |at: &usize| {
            [Stream::Out, Stream::Err].iter().any(|stream| {
                let marker = stream.marker();
                (0..MARKER).all(|index| self.ring.get(at + index) == marker.get(index))
            })
        };
        // There is one within reach, unless the command writes such bytes itself.
        let cut = (least..most).find(is_marker).unwrap_or(most);
        self.ring.drain(..cut);
        self.start += cut as u64;
    }
}

/// The text of a marked log as a whole, without markers, in the order written.
#[must_use]
pub fn whole(marked: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(marked.len());
    let mut rest = marked;
    while !rest.is_empty() {
        if rest.starts_with(&Stream::Out.marker()) || rest.starts_with(&Stream::Err.marker()) {
            rest = &rest[MARKER..];
        }
        // Up to what may be the next marker; the first byte may be no marker at all.
        let next = memchr::memchr2(1, 2, rest.get(1..).unwrap_or_default()).map_or(rest.len(), |at| at + 1);
        let (now, later) = rest.split_at(next.min(rest.len()));
        text.extend_from_slice(now);
        rest = later;
    }
    text
}

/// The two texts of a marked log, without markers. What comes before the first marker belongs to nobody.
#[must_use]
pub fn split(marked: &[u8]) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut current: Option<&mut Vec<u8>> = None;
    let mut rest = marked;
    while let Some((first, tail)) = rest.split_first() {
        if rest.starts_with(&Stream::Out.marker()) {
            current = Some(&mut out);
            rest = &rest[MARKER..];
        } else if rest.starts_with(&Stream::Err.marker()) {
            current = Some(&mut err);
            rest = &rest[MARKER..];
        } else {
            if let Some(text) = &mut current {
                text.push(*first);
            }
            rest = tail;
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(out), text(err))
}

#[derive(Debug)]
struct Writer {
    log: Arc<Log>,
    stream: Stream,
}

impl Sink for Writer {
    fn put(&self, bytes: &[u8]) {
        self.log.append(self.stream, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_changes_of_stream_are_marked() {
        let log = Log::new(1000);
        log.append(Stream::Out, b"a\nb");
        log.append(Stream::Out, b"c");
        log.append(Stream::Err, b"x\n");
        log.append(Stream::Out, b"d\n");
        assert_eq!(
            &log.all()[..],
            b"\x01\x01\x01a\n\x01\x01\x01bc\x02\x02\x02x\n\x01\x01\x01d\n"
        );
        assert_eq!(split(&log.all()), ("a\nbcd\n".into(), "x\n".into()));
    }

    #[test]
    fn a_merged_log_is_one_text() {
        let log = Log::merged(1 << 20);
        log.append(Stream::Out, b"a\nb\n");
        log.append(Stream::Err, b"\x01x\n");
        log.append(Stream::Out, b"c");
        let all = log.all();
        assert_eq!(whole(&all), b"a\nb\n\x01x\nc");
        assert_eq!(split(&all), ("a\nb\nc".into(), "\u{1}x\n".into()));
        assert!(whole(b"").is_empty());
        let flood = Log::merged(1 << 20);
        for _ in 0..(1 << 20) / 4096 {
            flood.append(Stream::Out, &[b'z'; 4096]);
        }
        assert_eq!(whole(&flood.all()).len(), 1 << 20, "exactly the limit is kept whole");
    }

    #[test]
    fn reading_goes_on_where_it_stopped() {
        let log = Log::new(1000);
        log.append(Stream::Out, b"hello\n");
        let first = log.read(0, 5);
        assert_eq!(
            (&first.bytes[..], first.next, first.finished),
            (&b"\x01\x01\x01he"[..], 5, false)
        );
        log.finish();
        let second = log.read(first.next, 100);
        assert_eq!(
            (&second.bytes[..], second.next, second.finished),
            (&b"llo\n"[..], 9, true)
        );
        assert_eq!(log.read(1 << 40, 1).next, 9);
    }

    #[test]
    fn a_flood_keeps_its_end_and_says_what_is_gone() {
        let log = Log::new(1000);
        for number in 0..1000 {
            log.append(Stream::Out, format!("{number}\n").as_bytes());
        }
        assert!(log.size() <= 1000);
        let piece = log.read(0, usize::MAX);
        assert!(piece.lost > 0 && piece.bytes.starts_with(b"\x01\x01\x01"));
        assert!(piece.bytes.ends_with(b"\x01\x01\x01999\n"));
        assert_eq!(piece.lost + piece.bytes.len() as u64, piece.next);
        let (out, err) = split(&piece.with_notice());
        assert!(err.contains("bytes are gone") && out.ends_with("998\n999\n"));
    }

    #[test]
    fn one_endless_line_is_bounded_and_keeps_its_stream() {
        let log = Log::new(100 << 10);
        for _ in 0..1000 {
            log.append(Stream::Err, &[b'x'; 4096]);
        }
        log.append(Stream::Out, &vec![b'y'; 1 << 20]);
        let bytes = log.read(0, usize::MAX).bytes;
        assert!(bytes.len() <= 100 << 10 && bytes.len() > 60 << 10, "{}", bytes.len());
        assert!(bytes.starts_with(b"\x01\x01\x01y"));
    }

    #[tokio::test]
    async fn followers_wake_for_bytes_and_for_the_end() {
        let log = Log::new(1000);
        let follower = tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                let mut seen = Vec::new();
                let mut offset = 0;
                loop {
                    log.beyond(offset).await;
                    let piece = log.read(offset, usize::MAX);
                    seen.extend_from_slice(&piece.bytes);
                    offset = piece.next;
                    if piece.finished {
                        return seen;
                    }
                }
            }
        });
        for _ in 0..3 {
            tokio::task::yield_now().await;
            log.append(Stream::Out, b"l\n");
        }
        log.finish();
        assert_eq!(split(&follower.await.expect("ends")).0, "l\nl\nl\n");
    }
}
