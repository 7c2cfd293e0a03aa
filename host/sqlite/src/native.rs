//! `Sql` on a native SQLite connection.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use rusqlite::{
    Connection, ErrorCode, ffi,
    types::{ToSqlOutput, ValueRef},
};
use sandbar_store::{Result as StoreResult, Row, Sql, SqlError, StoreError, Value};

/// Statements kept prepared: every one of the verbs, and the usual shapes of listings.
const STATEMENTS: usize = 128;

const MARK: &str = "SAVEPOINT verb";
const UNDO: &str = "ROLLBACK TO verb";
const DONE: &str = "RELEASE verb";

/// A connection, used by one thread at a time.
pub(crate) struct NativeSql {
    connection: Connection,
    damaged: bool,
    /// Whether verbs are savepoints of a transaction that is begun and committed for many of them.
    in_batch: bool,
}

impl NativeSql {
    pub(crate) fn new(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self {
            connection,
            damaged: false,
            in_batch: false,
        }
    }

    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether any statement has found the database damaged.
    pub(crate) fn damaged(&self) -> bool {
        self.damaged
    }

    /// Begins a transaction of which the verbs that follow are parts.
    pub(crate) fn begin_batch(&mut self) -> Result<(), SqlError> {
        self.run("BEGIN IMMEDIATE", &[]).map_err(|error| self.note(&error))?;
        self.in_batch = true;
        Ok(())
    }

    /// Whether the batch's transaction is still open. After a full disk or a failed write SQLite has undone all
    /// of it.
    pub(crate) fn batch_lives(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Commits the verbs of a batch together, or none.
    pub(crate) fn commit_batch(&mut self) -> Result<(), SqlError> {
        self.in_batch = false;
        self.run("COMMIT", &[]).map(drop).map_err(|error| self.note(&error))
    }

    /// Undoes whatever a verb that did not end has left.
    pub(crate) fn undo_verb(&mut self) {
        // Fails if the verb had no transaction or has undone it itself.
        let _ = self.run(UNDO, &[]).and_then(|_| self.run(DONE, &[]));
    }

    /// Makes sure that no transaction is open. False if one cannot be ended.
    pub(crate) fn settle(&mut self) -> bool {
        self.in_batch = false;
        if !self.connection.is_autocommit() {
            // Judged by what follows, not by what it says: SQLite may have rolled back meanwhile.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.connection.is_autocommit()
    }

    fn note(&mut self, error: &rusqlite::Error) -> SqlError {
        let error = translate(error);
        self.damaged |= matches!(error, SqlError::Damaged(_));
        error
    }

    fn run(&self, sql: &str, parameters: &[Value]) -> rusqlite::Result<u64> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let changed = statement.execute(rusqlite::params_from_iter(parameters.iter().map(Param)))?;
        Ok(changed as u64)
    }

    fn rows(&self, sql: &str, parameters: &[Value]) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(parameters.iter().map(Param)))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(match row.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Real(number) => Value::Real(number),
                    text @ ValueRef::Text(_) => Value::Text(text.as_str()?.to_owned()),
                    ValueRef::Blob(_) => {
                        return Err(rusqlite::Error::InvalidColumnType(
                            column,
                            sql.to_owned(),
                            rusqlite::types::Type::Blob,
                        ));
                    }
                });
            }
            all.push(Row(values));
        }
        Ok(all)
    }
}

impl Sql for NativeSql {
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, SqlError> {
        self.run(sql, parameters).map_err(|error| self.note(&error))
    }

    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, SqlError> {
        self.rows(sql, parameters).map_err(|error| self.note(&error))
    }

    async fn begin_write(&mut self) -> Result<(), SqlError> {
        let text = if self.in_batch { MARK } else { "BEGIN IMMEDIATE" };
        self.execute(text, &[]).await.map(drop)
    }

    async fn commit(&mut self) -> Result<(), SqlError> {
        let text = if self.in_batch { DONE } else { "COMMIT" };
        self.execute(text, &[]).await.map(drop)
    }

    async fn rollback(&mut self) -> Result<(), SqlError> {
        if self.in_batch {
            self.execute(UNDO, &[]).await?;
            self.execute(DONE, &[]).await.map(drop)
        } else {
            self.execute("ROLLBACK", &[]).await.map(drop)
        }
    }
}

/// Lends a value to SQLite without a copy.
struct Param<'a>(&'a Value);

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// The answer of a verb on a native connection, whose futures never wait.
pub(crate) fn ready<T>(verb: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    match pin!(verb).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(StoreError::Internal("a native statement waited".into())),
    }
}

/// What an error of SQLite means to a verb.
pub(crate) fn translate(error: &rusqlite::Error) -> SqlError {
    let text = error.to_string();
    let Some(code) = error.sqlite_error() else {
        return SqlError::Other(text);
    };
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => SqlError::Busy(text),
        ErrorCode::DiskFull => SqlError::Full(text),
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::OutOfMemory => {
            SqlError::Io(text)
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => SqlError::Damaged(text),
        ErrorCode::ConstraintViolation
            if matches!(
                code.extended_code,
                ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            ) =>
        {
            SqlError::NotUnique(text)
        }
        _ => SqlError::Other(text),
    }
}
