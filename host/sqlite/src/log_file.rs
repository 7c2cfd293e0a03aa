//! The write-ahead log as a file: allocated ahead, and synced by us rather than by SQLite.

use std::{
    ffi::{c_int, c_void},
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::Path,
    ptr,
};

use rusqlite::{Connection, ffi};

use crate::lock::beside;

/// Written at once when the log is allocated.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// How the log is made durable.
pub(crate) enum LogFile {
    /// By `fdatasync` on a descriptor of our own: one open file or another of the same inode, the sync covers
    /// every page written through any of them. SQLite's own sync is `fsync` in the bundled build, which also
    /// flushes times of the inode: a second write of the file system's journal, for nothing. The inode stays the
    /// same as long as a connection is open.
    Own(File),
    /// By the log's own `xSync`, as another VFS has it.
    Vfs,
}

impl LogFile {
    /// Opens the log of a database that `writer` has opened. With the system's VFS the file is made `bytes` long
    /// (with zeros, which recovery ignores), so that later syncs need not also record a new size.
    pub(crate) fn open(database: &Path, own: bool, bytes: u64) -> io::Result<Self> {
        if !own {
            return Ok(Self::Vfs);
        }
        let file = File::options().read(true).write(true).open(beside(database, "-wal"))?;
        if let Err(error) = allocate(&file, bytes) {
            // Slower, not wrong; and on a full disk the reads at least go on.
            tracing::warn!(%error, "cannot allocate the log ahead");
        }
        file.sync_all()?;
        Ok(Self::Own(file))
    }

    /// Returns when everything that `writer` has committed so far is durable.
    pub(crate) fn sync(&self, writer: &Connection) -> io::Result<()> {
        match self {
            Self::Own(file) => file.sync_data(),
            Self::Vfs => sync_through_vfs(writer),
        }
    }
}

fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    let mut length = file.metadata()?.len();
    while length < bytes {
        let part = usize::try_from(bytes - length).unwrap_or(usize::MAX).min(ZEROS.len());
        file.write_all_at(&ZEROS[..part], length)?;
        length += part as u64;
    }
    Ok(())
}

/// Keeps the log's file, with its allocated length, when the last connection closes.
pub(crate) fn keep_after_close(writer: &Connection) {
    let mut on: c_int = 1;
    // SAFETY: the handle is open and used by this thread only; for this operation the argument is an int, which
    // outlives the call. A VFS that does not know the operation changes nothing.
    unsafe {
        ffi::sqlite3_file_control(
            writer.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_PERSIST_WAL,
            (&raw mut on).cast::<c_void>(),
        );
    }
}

fn sync_through_vfs(writer: &Connection) -> io::Result<()> {
    let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
    // SAFETY: the handle is open and used by this thread only; for this operation the argument is a place for a
    // pointer to the journal's file, which lives as long as the connection stays in WAL mode.
    let code = unsafe {
        ffi::sqlite3_file_control(
            writer.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_JOURNAL_POINTER,
            (&raw mut file).cast::<c_void>(),
        )
    };
    // SAFETY: `file` is null or points to an open file, whose methods are null or a table of static life.
    let methods = unsafe { file.as_ref().and_then(|file| file.pMethods.as_ref()) };
    let (ffi::SQLITE_OK, Some(xsync)) = (code, methods.and_then(|methods| methods.xSync)) else {
        return Err(io::Error::other("the database has no log to sync"));
    };
    let flags = ffi::SQLITE_SYNC_NORMAL | ffi::SQLITE_SYNC_DATAONLY;
    // SAFETY: an open file and its own method, called on the thread that owns the connection.
    match unsafe { xsync(file, flags) } {
        ffi::SQLITE_OK => Ok(()),
        code => Err(io::Error::other(format!("the sync of the log failed with code {code}"))),
    }
}
