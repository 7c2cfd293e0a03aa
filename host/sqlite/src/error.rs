//! Why a store could not be opened.

use std::path::PathBuf;

use sandbar_store::{SqlError, StoreError};

/// Why [`SqliteStore::open`](crate::SqliteStore::open) refused.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or a file of the database could not be used.
    #[error("cannot use the database {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process (or store of this process) has it open.
    #[error("the database {path} is in use by another process; stop that one, or choose another data directory")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// It is not an SQLite database, or fails its check. Nothing was written to it.
    #[error(
        "the database {path} is damaged ({what}); restore it, with its -wal file, from a backup, or move both away to start empty"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What the check found first.
        what: String,
    },
    /// Its schema is not one that this program can use.
    #[error("the database {path} cannot be used: {source}")]
    Schema {
        /// The database.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// SQLite refused for another reason.
    #[error("cannot open the database {path}: {source}")]
    Sql {
        /// The database.
        path: PathBuf,
        /// What it said.
        source: SqlError,
    },
}
