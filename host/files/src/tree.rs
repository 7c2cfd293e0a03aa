//! A sandbox's root.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Entry, Error, File, Limits, NewTime, OpenOptions, Result, Status, Usage};

/// A sandbox's root.
#[derive(Debug)]
pub struct Tree {}

/// An open directory; it goes on meaning the same directory when that is renamed.
#[derive(Debug)]
pub struct Directory {}

/// What [`Tree::open_at`] opened.
#[derive(Debug)]
pub enum Handle {
    /// A file or device.
    File(Arc<File>),
    /// A directory.
    Directory(Directory),
}

/// By path from the sandbox's root; a leading `/` is optional.
impl Tree {
    /// Opens the root in `upper` (created if missing) over `lowers`, topmost first.
    pub fn open(_upper: &Path, _lowers: &[PathBuf], _limits: Limits) -> Result<Arc<Tree>> {
        Err(Error::Unsupported)
    }
    /// The root as an open directory.
    pub fn root(self: &Arc<Self>) -> Result<Directory> {
        Err(Error::Unsupported)
    }
    /// Attributes; `follow` follows a link at the end.
    pub fn stat(&self, _path: &str, _follow: bool) -> Result<Status> {
        Err(Error::Unsupported)
    }
    /// Opens a file.
    pub fn open_file(self: &Arc<Self>, _path: &str, _how: &OpenOptions) -> Result<Arc<File>> {
        Err(Error::Unsupported)
    }
    /// Opens a directory.
    pub fn open_dir(self: &Arc<Self>, _path: &str) -> Result<Directory> {
        Err(Error::Unsupported)
    }
    /// The entries, merged over all layers, sorted by name.
    pub fn read_dir(&self, _path: &str) -> Result<Vec<Entry>> {
        Err(Error::Unsupported)
    }
    /// Creates one directory.
    pub fn create_dir(&self, _path: &str, _mode: u32) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Creates a directory and what is missing above it; an existing one is fine.
    pub fn create_dir_all(&self, _path: &str, _mode: u32) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Removes anything but a directory.
    pub fn remove_file(&self, _path: &str) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Removes an empty directory.
    pub fn remove_dir(&self, _path: &str) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Removes an object and all that is in it; a link is removed, not followed.
    pub fn remove_all(&self, _path: &str) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Renames, replacing what POSIX lets it replace.
    pub fn rename(&self, _from: &str, _to: &str) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Makes a symbolic link at `path` that holds `target`, any text.
    pub fn symlink(&self, _target: &str, _path: &str) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// What a symbolic link holds.
    pub fn read_link(&self, _path: &str) -> Result<String> {
        Err(Error::Unsupported)
    }
    /// Another name for a file; a link at the end of `from` is followed if `follow`.
    pub fn link(&self, _from: &str, _to: &str, _follow: bool) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Sets permission bits; over 0o777 is [`Error::Invalid`]. Links are followed.
    pub fn chmod(&self, _path: &str, _mode: u32) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// Sets times (accessed, modified).
    pub fn set_times(&self, _path: &str, _follow: bool, _accessed: NewTime, _modified: NewTime) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// The whole contents; more than `most` bytes is [`Error::TooLarge`].
    pub fn read_file(self: &Arc<Self>, _path: &str, _most: usize) -> Result<Vec<u8>> {
        Err(Error::Unsupported)
    }
    /// Creates or overwrites a file with these contents.
    pub fn write_file(self: &Arc<Self>, _path: &str, _contents: &[u8], _mode: u32) -> Result<()> {
        Err(Error::Unsupported)
    }
    /// The canonical absolute path, links resolved.
    pub fn canonical(&self, _path: &str) -> Result<String> {
        Err(Error::Unsupported)
    }
    /// What the sandbox takes now.
    pub fn usage(&self) -> Usage {
        Usage::default()
    }
    /// What it may take.
    pub fn limits(&self) -> Limits {
        Limits::default()
    }
    /// Closes cached directory handles; for a sandbox that has become idle.
    pub fn trim(&self) {}
}

/// Relative to an open directory; a leading `/` starts at the sandbox's root all the same.
impl Tree {
    /// Opens a file or directory.
    pub fn open_at(self: &Arc<Self>, _base: &Directory, _path: &str, _how: &OpenOptions) -> Result<Handle> {
        Err(Error::Unsupported)
    }
    /// As [`Tree::stat`].
    pub fn stat_at(&self, _base: &Directory, _path: &str, _follow: bool) -> Result<Status> {
        Err(Error::Unsupported)
    }
}
