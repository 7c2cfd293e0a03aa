//! Operations by path from the sandbox's root; a leading `/` is optional. Each is its `_at` twin there.

use std::sync::Arc;

use crate::at::Base;
use crate::tree::{Directory, Handle, Tree};
use crate::{Entry, Error, File, NewTime, OpenOptions, Result, Status};

impl Tree {
    /// Attributes; `follow` follows a link at the end.
    pub fn stat(&self, path: &str, follow: bool) -> Result<Status> {
        self.do_stat(Base::ROOT, path, follow)
    }

    /// Opens or creates a file; [`Error::IsDirectory`] for a directory.
    pub fn open_file(self: &Arc<Self>, path: &str, how: &OpenOptions) -> Result<Arc<File>> {
        match self.do_open(Base::ROOT, path, how)? {
            Handle::File(file) => Ok(file),
            Handle::Directory(_) => Err(Error::IsDirectory),
            // The host has none in here.
            Handle::Standard(_) => Err(Error::Access),
        }
    }

    /// Opens a directory.
    pub fn open_dir(self: &Arc<Self>, path: &str) -> Result<Directory> {
        let how = OpenOptions {
            directory: true,
            ..OpenOptions::read_only()
        };
        match self.do_open(Base::ROOT, path, &how)? {
            Handle::Directory(directory) => Ok(directory),
            Handle::File(_) | Handle::Standard(_) => Err(Error::NotDirectory),
        }
    }

    /// The entries of a directory, merged over all layers, sorted by name.
    pub fn read_dir(&self, path: &str) -> Result<Vec<Entry>> {
        self.do_read_dir(Base::ROOT, path)
    }

    /// Creates one directory.
    pub fn create_dir(&self, path: &str, mode: u32) -> Result<()> {
        self.do_create_dir(Base::ROOT, path, mode)
    }

    /// Removes anything but a directory; a link itself, not what it points to.
    pub fn remove_file(&self, path: &str) -> Result<()> {
        self.do_remove_file(Base::ROOT, path)
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, path: &str) -> Result<()> {
        self.do_remove_dir(Base::ROOT, path)
    }

    /// Renames, replacing what POSIX lets it replace. A directory with a lower part is copied up whole.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.do_rename(Base::ROOT, from, Base::ROOT, to)
    }

    /// Makes a symbolic link at `path` that holds `target`, any text.
    pub fn symlink(&self, target: &str, path: &str) -> Result<()> {
        self.do_symlink(target, Base::ROOT, path)
    }

    /// What a symbolic link holds; [`Error::Invalid`] for anything else.
    pub fn read_link(&self, path: &str) -> Result<String> {
        self.do_read_link(Base::ROOT, path)
    }

    /// Gives a file another name; a link at the end of `from` is followed if `follow`.
    pub fn link(&self, from: &str, to: &str, follow: bool) -> Result<()> {
        self.do_link(Base::ROOT, from, follow, Base::ROOT, to)
    }

    /// Sets permission bits; over 0o777 is [`Error::Invalid`]. Links are followed.
    pub fn chmod(&self, path: &str, mode: u32) -> Result<()> {
        self.do_chmod(Base::ROOT, path, mode)
    }

    /// Sets times (accessed, modified); `follow` follows a link at the end.
    pub fn set_times(&self, path: &str, follow: bool, accessed: NewTime, modified: NewTime) -> Result<()> {
        self.do_set_times(Base::ROOT, path, follow, accessed, modified)
    }

    /// The canonical absolute path of something that exists, links resolved.
    pub fn canonical(&self, path: &str) -> Result<String> {
        self.do_canonical(Base::ROOT, path)
    }
}
