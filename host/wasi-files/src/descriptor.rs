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
}

impl Descriptor {
    /// The file; [`Error::IsDirectory`] for a directory.
    pub(crate) fn file(&self) -> Result<&Arc<File>, Error> {
        match self {
            Self::File(file) => Ok(file),
            Self::Directory(_) => Err(Error::IsDirectory),
        }
    }

    /// The directory; [`Error::NotDirectory`] for a file.
    pub(crate) fn directory(&self) -> Result<&Arc<Directory>, Error> {
        match self {
            Self::File(_) => Err(Error::NotDirectory),
            Self::Directory(directory) => Ok(directory),
        }
    }
}
