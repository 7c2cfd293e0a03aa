//! Bytes that are known beforehand, as standard input.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Fixed bytes, read once, shared by all who hold the description.
#[derive(Debug)]
pub(crate) struct Input(Mutex<Bytes>);

impl Input {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self(Mutex::new(bytes))
    }

    /// Takes up to `most` bytes; none mean the end.
    pub(crate) fn take(&self, most: usize) -> Bytes {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = most.min(left.len());
        left.split_to(count)
    }
}
