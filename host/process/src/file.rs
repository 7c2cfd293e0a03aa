//! An open file with one offset, shared by all who hold the description.

use std::sync::{Arc, Mutex, PoisonError};

use sandbar_files::File;

use crate::slots::Slot;

/// A file and its offset.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: Arc<File>,
    offset: Mutex<u64>,
    append: bool,
    _slot: Option<Slot>,
}

impl OpenFile {
    pub(crate) fn new(file: Arc<File>, append: bool, slot: Option<Slot>) -> Self {
        Self {
            file,
            offset: Mutex::new(0),
            append,
            _slot: slot,
        }
    }

    pub(crate) fn readable(&self) -> bool {
        self.file.readable()
    }

    pub(crate) fn writable(&self) -> bool {
        self.file.writable()
    }

    /// Reads at the offset and moves it; no bytes mean the end.
    pub(crate) fn read(&self, most: usize) -> sandbar_files::Result<Vec<u8>> {
        let mut buffer = vec![0; most];
        let mut offset = self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.file.read_at(&mut buffer, *offset)?;
        *offset += count as u64;
        buffer.truncate(count);
        Ok(buffer)
    }

    /// Writes all at the offset and moves it, or at the end if opened for appending.
    pub(crate) fn write(&self, mut bytes: &[u8]) -> sandbar_files::Result<()> {
        // Held throughout, so that the writes of two processes never interleave.
        let mut offset = self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            let count = if self.append {
                self.file.append(bytes)?
            } else {
                self.file.write_at(bytes, *offset)?
            };
            if count == 0 {
                return Err(sandbar_files::Error::NoSpace);
            }
            *offset += count as u64;
            bytes = &bytes[count.min(bytes.len())..];
        }
        Ok(())
    }
}
