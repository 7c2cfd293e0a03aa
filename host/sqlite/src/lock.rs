//! One process for one database.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::error::OpenError;

/// Held as long as the database is open; the system lets go of it when the process ends in any way.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database, ".lock");
        let failed = |source| OpenError::File {
            path: path.clone(),
            source,
        };
        let file = private(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: database.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Opens or makes a file that only its owner may read: the database holds tokens and environments.
pub(crate) fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// The path with something appended to its last name, as SQLite names its own files.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    PathBuf::from(name)
}
