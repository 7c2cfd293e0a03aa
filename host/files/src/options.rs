//! How a file is opened.

/// Flags of [`Tree::open_at`](crate::Tree::open_at). The default opens nothing: set `read` or `write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOptions {
    /// Reads are allowed.
    pub read: bool,
    /// Writes are allowed. A file of a lower layer is copied up at once.
    pub write: bool,
    /// Writes are allowed, and [`File::write_at`](crate::File::write_at) ignores its offset and writes at the end.
    pub append: bool,
    /// A missing file is created.
    pub create: bool,
    /// The name must be free; implies `create`, and never follows a link.
    pub exclusive: bool,
    /// The file is emptied; needs `write` or `append`.
    pub truncate: bool,
    /// Anything but a directory is refused.
    pub directory: bool,
    /// A link at the end of the path is followed; otherwise it is [`Error::Loop`](crate::Error::Loop).
    pub follow: bool,
    /// Permission bits of a file that this call creates; bits over 0o777 are dropped.
    pub mode: u32,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            read: false,
            write: false,
            append: false,
            create: false,
            exclusive: false,
            truncate: false,
            directory: false,
            follow: true,
            mode: 0o644,
        }
    }
}

impl OpenOptions {
    /// Read an existing file.
    pub fn read_only() -> Self {
        Self {
            read: true,
            ..Self::default()
        }
    }

    /// Create or empty a file and write it.
    pub fn overwrite() -> Self {
        Self {
            write: true,
            create: true,
            truncate: true,
            ..Self::default()
        }
    }

    /// Create or extend a file.
    pub fn appending() -> Self {
        Self {
            append: true,
            create: true,
            ..Self::default()
        }
    }

    pub(crate) fn writes(&self) -> bool {
        self.write || self.append
    }
}
