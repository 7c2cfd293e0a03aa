//! Bytes in order, in the pieces in which they came: a large piece goes through without being copied.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Pieces smaller than this are copied together: each piece of its own costs an allocation, and a pipe full of single
/// bytes would take a hundred times what it holds.
const WORTH_KEEPING: usize = 4 << 10;
/// Room first made for small pieces.
const FIRST_ROOM: usize = 512;

/// A queue of bytes. It bounds nothing: its owner does.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pieces: VecDeque<Bytes>,
    /// Small pieces, behind all `pieces`.
    tail: BytesMut,
    length: usize,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        if bytes.len() >= WORTH_KEEPING {
            self.end_tail();
            self.pieces.push_back(bytes);
        } else {
            if self.tail.is_empty() {
                self.tail.reserve(FIRST_ROOM);
            }
            self.tail.extend_from_slice(&bytes);
        }
    }

    /// Takes out up to `most` bytes, as many as do not have to be copied; none only if `most` is 0 or nothing is there.
    pub(crate) fn pop(&mut self, most: usize) -> Bytes {
        if self.pieces.is_empty() {
            self.end_tail();
        }
        let Some(first) = self.pieces.front_mut() else {
            return Bytes::new();
        };
        let taken = if first.len() <= most {
            self.pieces.pop_front().unwrap_or_default()
        } else {
            first.split_to(most)
        };
        self.length -= taken.len();
        taken
    }

    fn end_tail(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(std::mem::take(&mut self.tail).freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_pieces_the_bytes_keep_their_order() {
        let sizes = [
            1,
            3,
            WORTH_KEEPING,
            2,
            2 * WORTH_KEEPING + 1,
            0,
            5,
            WORTH_KEEPING - 1,
            7,
        ];
        for most in [1, 2, 100, WORTH_KEEPING, 1 << 20] {
            let mut queue = Queue::default();
            let (mut written, mut read) = (Vec::new(), Vec::new());
            for (turn, size) in sizes.iter().cycle().take(50).enumerate() {
                let piece: Vec<u8> = (0..*size).map(|index| (index * 7 + turn) as u8).collect();
                written.extend_from_slice(&piece);
                queue.push(piece.into());
                if turn % 3 == 0 {
                    read.extend_from_slice(&queue.pop(most));
                }
                assert_eq!(queue.len(), written.len() - read.len());
            }
            while !queue.is_empty() {
                let taken = queue.pop(most);
                assert!(!taken.is_empty() && taken.len() <= most);
                read.extend_from_slice(&taken);
            }
            assert!(read == written, "with {most} at most");
            assert!(queue.pop(1).is_empty());
        }
    }

    #[test]
    fn large_pieces_are_not_copied_and_small_ones_share() {
        let large = Bytes::from(vec![1; WORTH_KEEPING]);
        let mut queue = Queue::default();
        queue.push(large.clone());
        for _ in 0..1000 {
            queue.push(Bytes::from_static(b"x"));
        }
        assert_eq!(queue.pieces.len(), 1);
        assert_eq!(queue.pop(usize::MAX).as_ptr(), large.as_ptr());
        assert_eq!(queue.pop(usize::MAX).len(), 1000);
    }
}
