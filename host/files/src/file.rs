//! An open file.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::device::Device;
use crate::layers::status;
use crate::usage::{Inode, Place, Slot, Writing};
use crate::world::World;
use crate::{Error, Layer, NewTime, Result, Status, disk};

/// What is behind a [`File`].
#[derive(Debug)]
pub(crate) enum Body {
    /// Declared so that the descriptor is closed before the inode's charge is given back.
    Upper {
        file: std::fs::File,
        inode: Arc<Inode>,
    },
    Lower {
        file: std::fs::File,
        layer: usize,
    },
    Device {
        device: Device,
        world: Arc<World>,
    },
}

/// An open file or device. Reads and writes are positional; nothing here keeps an offset. It stays
/// usable when its name is removed or renamed. A file of a lower layer that was open for reading before
/// somebody changed it keeps showing the old contents.
#[derive(Debug)]
pub struct File {
    pub(crate) body: Body,
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    pub(crate) _writing: Option<Writing>,
    pub(crate) _slot: Slot,
}

impl File {
    /// Reads at `offset` as much as is there and fits; 0 bytes mean the end.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        if !self.read {
            return Err(Error::BadDescriptor);
        }
        if i64::try_from(offset).is_err() && !matches!(self.body, Body::Device { .. }) {
            return Err(Error::Invalid);
        }
        match &self.body {
            Body::Upper { file, inode } => Ok(inode.place().file(file).read_at(buffer, offset)?),
            Body::Lower { file, .. } => Ok(file.read_at(buffer, offset)?),
            Body::Device { device, world } => device.read(buffer, offset, world),
        }
    }

    /// Writes at `offset` (at the end if opened for appending) and returns how much was written: less
    /// than asked if the quota ends within, and [`Error::Quota`] if it leaves nothing.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        self.write((!self.append).then_some(offset), bytes)
    }

    /// Writes at the end, atomically among all writers; otherwise as [`File::write_at`].
    pub fn append(&self, bytes: &[u8]) -> Result<usize> {
        self.write(None, bytes)
    }

    fn write(&self, offset: Option<u64>, bytes: &[u8]) -> Result<usize> {
        if !self.write {
            return Err(Error::BadDescriptor);
        }
        match &self.body {
            Body::Upper { file, inode } => {
                let place = inode.place();
                let file = place.writable(file)?;
                let written = inode.write(offset, bytes.len() as u64, |offset, allowed| {
                    let allowed = usize::try_from(allowed).unwrap_or(bytes.len()).min(bytes.len());
                    Ok(file.write_at(&bytes[..allowed], offset)? as u64)
                })?;
                Ok(usize::try_from(written).unwrap_or(bytes.len()))
            }
            Body::Lower { .. } => Err(Error::BadDescriptor),
            Body::Device { device, .. } => device.write(bytes),
        }
    }

    /// Cuts the file, or extends it with zeros, which are charged like any bytes.
    pub fn set_len(&self, size: u64) -> Result<()> {
        if !self.write {
            return Err(Error::BadDescriptor);
        }
        match &self.body {
            Body::Upper { file, inode } => {
                let place = inode.place();
                let file = place.writable(file)?;
                inode.resize(size, || Ok(file.set_len(size)?))
            }
            Body::Lower { .. } => Err(Error::BadDescriptor),
            Body::Device { .. } => Err(Error::Invalid),
        }
    }

    /// Attributes of this very file, even if it was unlinked.
    pub fn stat(&self) -> Result<Status> {
        let place;
        let (file, layer) = match &self.body {
            Body::Upper { file, inode } => {
                place = inode.place();
                (place.file(file), Layer::Upper)
            }
            Body::Lower { file, layer } => (file, Layer::Lower(*layer)),
            Body::Device { device, .. } => return Ok(device.status()),
        };
        let stat = rustix::fs::fstat(file)?;
        Ok(status(&stat, layer, disk::guest_mode(&stat, file)))
    }

    /// Sets permission bits; over 0o777 is [`Error::Invalid`]. A lower file open for reading is
    /// [`Error::ReadOnly`]: change it by its path.
    pub fn chmod(&self, mode: u32) -> Result<()> {
        if mode > 0o777 {
            return Err(Error::Invalid);
        }
        match &self.body {
            Body::Upper { file, inode } => disk::set_mode(inode.place().changeable(file)?, false, mode),
            Body::Lower { .. } => Err(Error::ReadOnly),
            Body::Device { .. } => Err(Error::NotPermitted),
        }
    }

    /// Sets times (accessed, modified), as [`File::chmod`] does modes.
    pub fn set_times(&self, accessed: NewTime, modified: NewTime) -> Result<()> {
        match &self.body {
            Body::Upper { file, inode } => disk::set_open_times(inode.place().changeable(file)?, accessed, modified),
            Body::Lower { .. } => Err(Error::ReadOnly),
            Body::Device { .. } => Err(Error::NotPermitted),
        }
    }

    /// Waits until contents and attributes are on disk.
    pub fn sync_all(&self) -> Result<()> {
        match &self.body {
            Body::Upper { file, inode } => Ok(inode.place().file(file).sync_all()?),
            Body::Lower { .. } | Body::Device { .. } => Ok(()),
        }
    }

    /// Waits until the contents are on disk.
    pub fn sync_data(&self) -> Result<()> {
        match &self.body {
            Body::Upper { file, inode } => Ok(inode.place().file(file).sync_data()?),
            Body::Lower { .. } | Body::Device { .. } => Ok(()),
        }
    }

    /// Whether reads are allowed.
    pub fn readable(&self) -> bool {
        self.read
    }

    /// Whether writes are allowed.
    pub fn writable(&self) -> bool {
        self.write
    }

    /// Whether every write goes to the end.
    pub fn appends(&self) -> bool {
        self.append
    }
}

impl Place {
    /// The file to read from, for a handle that opened `own`.
    fn file<'a>(&'a self, own: &'a std::fs::File) -> &'a std::fs::File {
        match self {
            Self::Moved(copy) => copy,
            Self::Own | Self::Frozen | Self::Lost => own,
        }
    }

    /// The file to write to. A handle that can write is never left on a frozen one.
    fn writable<'a>(&'a self, own: &'a std::fs::File) -> Result<&'a std::fs::File> {
        match self {
            Self::Moved(copy) => Ok(copy),
            Self::Own => Ok(own),
            Self::Frozen => Err(Error::ReadOnly),
            Self::Lost => Err(Error::NoSpace),
        }
    }

    /// The file whose attributes may change; those of a frozen layer belong to all who stand on it.
    fn changeable<'a>(&'a self, own: &'a std::fs::File) -> Result<&'a std::fs::File> {
        match self {
            Self::Moved(copy) => Ok(copy),
            Self::Own => Ok(own),
            Self::Frozen | Self::Lost => Err(Error::ReadOnly),
        }
    }
}
