//! The verbs' statements on a database in memory.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ffi};
use sandbar_store::{Row, Sql, SqlError, Value};

/// A database of its own, gone with it.
pub(crate) struct Memory(Connection);

impl Memory {
    pub(crate) fn open() -> Result<Self, SqlError> {
        let connection = Connection::open_in_memory().map_err(translate)?;
        connection.set_prepared_statement_cache_capacity(256);
        Ok(Self(connection))
    }
}

impl Sql for Memory {
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, SqlError> {
        let mut statement = self.0.prepare_cached(sql).map_err(translate)?;
        let changed = statement
            .execute(rusqlite::params_from_iter(parameters.iter().map(Param)))
            .map_err(translate)?;
        Ok(changed as u64)
    }

    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, SqlError> {
        let mut statement = self.0.prepare_cached(sql).map_err(translate)?;
        let columns = statement.column_count();
        let mut rows = statement
            .query(rusqlite::params_from_iter(parameters.iter().map(Param)))
            .map_err(translate)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(translate)? {
            let values = (0..columns).map(|column| value(row.get_ref(column).map_err(translate)?));
            all.push(Row(values.collect::<Result<_, _>>()?));
        }
        Ok(all)
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, SqlError> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Real(number) => Ok(Value::Real(number)),
        ValueRef::Text(text) => Ok(Value::Text(String::from_utf8_lossy(text).into_owned())),
        ValueRef::Blob(_) => Err(SqlError::Other("a column holds bytes".into())),
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

fn translate(error: Error) -> SqlError {
    let unique = error.sqlite_error().is_some_and(|code| {
        matches!(
            code.extended_code,
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        )
    });
    if unique {
        SqlError::NotUnique(error.to_string())
    } else {
        SqlError::Other(error.to_string())
    }
}
