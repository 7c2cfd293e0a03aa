//! An open file.

use crate::{Error, NewTime, Result, Status};

/// An open file or device. Reads and writes are positional; nothing here keeps an offset.
#[derive(Debug)]
pub struct File {}

impl File {
    /// Reads at `offset`; 0 bytes mean the end.
    pub fn read_at(&self, _buffer: &mut [u8], _offset: u64) -> Result<usize> {
        Err(Error::Unsupported)
    }
    /// Writes at `offset` (at the end if opened for appending); a write over the quota writes nothing
    /// and is [`Error::Quota`]. May write less than asked.
    pub fn write_at(&self, _bytes: &[u8], _offset: u64) -> Result<usize> {
        Err(Error::Unsupported)
    }
    /// Writes at the end, atomically among all writers. Returns the bytes written.
    pub fn append(&self, _bytes: &[u8]) -> Result<usize> {
        Err(Error::Unsupported)
    }
    /// Cuts or extends with zeros.
    pub fn set_len(&self, _size: u64) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Attributes of this very file, even if it was unlinked.
    pub fn stat(&self) -> Result<Status> {
        Err(Error::Unsupported)
    }
    /// Sets times (accessed, modified).
    pub fn set_times(&self, _accessed: NewTime, _modified: NewTime) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Waits until contents and attributes are on disk.
    pub fn sync_all(&self) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Waits until the contents are on disk.
    pub fn sync_data(&self) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Whether reads are allowed.
    pub fn readable(&self) -> bool {
        false
    }
    /// Whether writes are allowed.
    pub fn writable(&self) -> bool {
        false
    }
}
