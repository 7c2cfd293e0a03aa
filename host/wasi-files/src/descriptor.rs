//! What a guest's `descriptor` is.

use std::sync::Arc;

use sandbar_files::{Directory, Error, File};

/// An open file or directory of one guest.
#[derive(Debug, Clone)]
pub enum Descriptor {
    /// A file or device.
    File(Arc<File>),
    /// A directory.
    Directory(Arc<Directory>),
    /// The guest's own standard descriptor of this number.
    Standard(u8),
}

impl Descriptor {
    /// The file; [`Error::IsDirectory`] for a directory, [`Error::Unsupported`] for a stream, which has no places.
    pub(crate) fn file(&self) -> Result<&Arc<File>, Error> {
        match self {
            Self::File(file) => Ok(file),
            Self::Directory(_) => Err(Error::IsDirectory),
            Self::Standard(_) => Err(Error::Unsupported),
        }
    }

    /// The directory; [`Error::NotDirectory`] for a file.
    pub(crate) fn directory(&self) -> Result<&Arc<Directory>, Error> {
        match self {
            Self::File(_) | Self::Standard(_) => Err(Error::NotDirectory),
            Self::Directory(directory) => Ok(directory),
        }
    }
}
