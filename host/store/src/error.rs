//! What a verb answers when it did not do its work.

use crate::types::QuotaExcess;

/// Why a verb was refused. Except where a variant says otherwise, nothing was changed.
///
/// Mirrors `error` of `wit/store`, and is what callers see; causes are worded for an operator's log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What the condition rested on has changed. Read again, decide again.
    #[error("conflict: {0}")]
    Conflict(String),
    /// No such row, or not the caller's.
    #[error("not found: {0}")]
    NotFound(String),
    /// A uniqueness rule is broken; the text names the taken value.
    #[error("taken: {0}")]
    Taken(String),
    /// A total of the organization's quota in the region would be passed.
    #[error("over quota: {0}")]
    OverQuota(QuotaExcess),
    /// Storage is busy, full or failing; try later. If the text says `outcome unknown`, the change may
    /// still be found after a restart: its commit was written, but the sync of the log failed.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// A bug, an argument beyond a limit, or a damaged database.
    #[error("storage failed: {0}")]
    Internal(String),
}

/// What a verb gives.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a statement failed, as far as a verb must know. Each back end maps its own errors to these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// Another writer holds the database beyond the patience of the back end.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The disk or the database's own limit is full.
    #[error("the disk is full: {0}")]
    Full(String),
    /// Reading or writing failed.
    #[error("input/output error: {0}")]
    Io(String),
    /// A uniqueness constraint is broken.
    #[error("not unique: {0}")]
    NotUnique(String),
    /// The file is not a database, or damaged.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// Anything else: a bug in a statement, a value of the wrong type.
    #[error("{0}")]
    Other(String),
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Busy(_) | SqlError::Full(_) | SqlError::Io(_) => StoreError::Unavailable(error.to_string()),
            // Verbs check before they insert, inside the same transaction; so this is a race that only a
            // back end with weaker isolation than SQLite's can lose, and it is the caller's to see.
            SqlError::NotUnique(what) => StoreError::Taken(what),
            SqlError::Damaged(_) | SqlError::Other(_) => StoreError::Internal(error.to_string()),
        }
    }
}
