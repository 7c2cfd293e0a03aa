//! `Sql` on spin:sqlite, and the connections of this instance.

use std::{cell::RefCell, future::Future};

use sandbar_store::{Result, Row, Sql, SqlError, StoreError, Value, migrate};
use spin_sdk::sqlite::{self, Connection};

/// Idle connections kept: as many requests as Spin runs in one instance at once.
const MAX_IDLE: usize = 16;

/// Attempts at a verb that finds the database locked. Each waits five seconds inside Spin already.
const ATTEMPTS: usize = 3;

thread_local! {
    // Borrowed only between awaits: requests interleave at every one.
    static IDLE: RefCell<Vec<SpinSql>> = const { RefCell::new(Vec::new()) };
}

/// A connection used by one verb at a time.
pub(crate) struct SpinSql(Connection);

/// Runs a verb on a connection of its own, again if another writer was in its way.
///
/// A connection on which a verb has failed is dropped, not reused: with it goes, rolled back, whatever
/// transaction may be left. The same happens when the request itself is dropped on the way.
pub(crate) async fn with<T, F: Future<Output = (Result<T>, SpinSql)>>(verb: impl Fn(SpinSql) -> F) -> Result<T> {
    let mut attempt = 1;
    loop {
        let (done, sql) = verb(take().await?).await;
        match done {
            Err(StoreError::Unavailable(_)) if attempt < ATTEMPTS => attempt += 1,
            Err(error @ (StoreError::Unavailable(_) | StoreError::Internal(_))) => return Err(error),
            done => {
                keep(sql);
                return done;
            }
        }
    }
}

fn keep(sql: SpinSql) {
    IDLE.with_borrow_mut(|idle| {
        if idle.len() < MAX_IDLE {
            idle.push(sql);
        }
    });
}

async fn take() -> Result<SpinSql> {
    match IDLE.with_borrow_mut(Vec::pop) {
        Some(sql) => Ok(sql),
        None => open().await,
    }
}

async fn open() -> Result<SpinSql> {
    let mut sql = SpinSql(Connection::open_default().await.map_err(translate)?);
    // Readers no longer block the writer. It stays in the file; refused while others use it, which is no harm.
    let _ = sql.query("PRAGMA journal_mode = WAL", &[]).await;
    sql.query("PRAGMA foreign_keys = ON", &[]).await?;
    migrate(&mut sql).await?;
    Ok(sql)
}

impl Sql for SpinSql {
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, SqlError> {
        self.query(sql, parameters).await?;
        Ok(self.0.changes().await)
    }

    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, SqlError> {
        let parameters: Vec<_> = parameters.iter().map(parameter).collect();
        let found = self.0.execute(sql, parameters).await.map_err(translate)?;
        // Rows are drained and the end awaited always: errors of preparing a statement come only there, and an
        // undrained stream holds the connection's lock.
        let rows = found.collect().await.map_err(translate)?;
        rows.into_iter()
            .map(|row| row.values.into_iter().map(value).collect::<Result<_, _>>().map(Row))
            .collect()
    }
}

fn parameter(value: &Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(number) => sqlite::Value::Integer(*number),
        Value::Real(number) => sqlite::Value::Real(*number),
        Value::Text(text) => sqlite::Value::Text(text.clone()),
    }
}

fn value(value: sqlite::Value) -> Result<Value, SqlError> {
    Ok(match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(number) => Value::Integer(number),
        sqlite::Value::Real(number) => Value::Real(number),
        sqlite::Value::Text(text) => Value::Text(text),
        sqlite::Value::Blob(_) => return Err(SqlError::Damaged("a column holds bytes".into())),
    })
}

/// Spin hands SQLite's message on as text; its words are the only way to tell the cases apart.
fn translate(error: sqlite::Error) -> SqlError {
    match error {
        sqlite::Error::DatabaseFull => SqlError::Full("the database has reached its capacity".into()),
        sqlite::Error::Io(text) if text.contains("locked") || text.contains("busy") => SqlError::Busy(text),
        sqlite::Error::Io(text) if text.contains("disk is full") => SqlError::Full(text),
        sqlite::Error::Io(text) if text.contains("disk I/O error") => SqlError::Io(text),
        sqlite::Error::Io(text) if text.contains("UNIQUE constraint") => SqlError::NotUnique(text),
        sqlite::Error::Io(text) if text.contains("malformed") || text.contains("not a database") => {
            SqlError::Damaged(text)
        }
        other => SqlError::Other(format!("{other:?}")),
    }
}
