//! Opening connections the same way everywhere.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use sandbar_store::SqlError;

use crate::{
    error::OpenError,
    native::{NativeSql, translate},
    options::Options,
};

/// How long a connection waits for another of this process, which holds locks for milliseconds at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connection that writes. On a new file this decides the page size and the journal.
pub(crate) fn writer(path: &Path, options: &Options) -> Result<NativeSql, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = open(path, options, flags)?;
    // NORMAL: SQLite itself syncs only around checkpoints; the writer syncs the log before it answers.
    connection
        .execute_batch(
            "PRAGMA page_size = 4096;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             PRAGMA wal_autocheckpoint = 0;
             PRAGMA foreign_keys = ON;
             PRAGMA cell_size_check = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -16384;",
        )
        .map_err(|error| refused(path, &error))?;
    // A failed open must leave a damaged file as it is, so closing copies nothing; the writer does it itself.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(|error| refused(path, &error))?;
    let journal: String = connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .map_err(|error| refused(path, &error))?;
    if journal != "wal" {
        return Err(OpenError::Sql {
            path: path.to_owned(),
            source: SqlError::Other(format!(
                "its file system allows no write-ahead log (journal mode {journal})"
            )),
        });
    }
    Ok(NativeSql::new(connection))
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path, options: &Options) -> Result<NativeSql, OpenError> {
    let connection = open(path, options, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection
        .execute_batch(
            "PRAGMA query_only = ON;
             PRAGMA cell_size_check = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -8192;",
        )
        .map_err(|error| refused(path, &error))?;
    Ok(NativeSql::new(connection))
}

/// The connection of the thread that copies the log into the database.
pub(crate) fn checkpointer(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let connection = open(path, options, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection
        .execute_batch("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;")
        .map_err(|error| refused(path, &error))?;
    Ok(connection)
}

fn open(path: &Path, options: &Options, flags: OpenFlags) -> Result<Connection, OpenError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs.as_str()),
        None => Connection::open_with_flags(path, flags),
    };
    let connection = opened.map_err(|error| refused(path, &error))?;
    connection
        .busy_timeout(PATIENCE)
        .map_err(|error| refused(path, &error))?;
    Ok(connection)
}

/// The error of opening that an error of SQLite means.
pub(crate) fn refused(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match translate(error) {
        SqlError::Damaged(what) => OpenError::Damaged { path, what },
        source => OpenError::Sql { path, source },
    }
}
