//! What is known about an object of the tree.

use std::time::SystemTime;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A file with bytes.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device of the layer's own, such as `/dev/null`.
    CharacterDevice,
    /// Something else that was put there from outside (a fifo, a socket). It can be seen and removed,
    /// never opened.
    Other,
}

/// Where an object lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// In the sandbox's own, writable layer.
    Upper,
    /// In the n-th read-only layer, 0 being the topmost.
    Lower(usize),
    /// Nowhere on disk: devices and their directories.
    Virtual,
}

/// Attributes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// What it is.
    pub kind: Kind,
    /// Permission bits as the guest set them, 0o777 at most. The layer keeps and shows them; it does
    /// not enforce read and write bits, as everything in a sandbox runs as one owner.
    pub mode: u32,
    /// Bytes; for a link, the length of its target.
    pub size: u64,
    /// Last change of the contents.
    pub modified: SystemTime,
    /// Last read, as far as the host's disk tells.
    pub accessed: SystemTime,
    /// Last change of contents or attributes.
    pub changed: SystemTime,
    /// Number that tells objects apart, across layers too. It changes when a lower object is copied up.
    pub inode: u64,
    /// Hard links.
    pub links: u64,
    /// Where it lives.
    pub layer: Layer,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name: one component, UTF-8.
    pub name: String,
    /// What it is; a link is not followed.
    pub kind: Kind,
}

/// A timestamp to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewTime {
    /// Leave it as it is.
    #[default]
    Keep,
    /// The present time of the host.
    Now,
    /// This one.
    At(SystemTime),
}

impl Status {
    /// Of an open stream, which lies nowhere.
    pub fn of_stream() -> Self {
        crate::device::virtual_status(Kind::CharacterDevice, 0o600, crate::device::FIRST_INODE)
    }
}
