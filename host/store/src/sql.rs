//! The one thing a back end must offer: statements with positional parameters, on one connection.

use crate::error::SqlError;

/// A value that goes into or comes out of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// Any integer, boolean (0, 1) or time (milliseconds since the Unix epoch).
    Integer(i64),
    /// A floating-point number. Not-a-number is stored as NULL by SQLite, so writers clamp before.
    Real(f64),
    /// UTF-8 text.
    Text(String),
}

/// One connection to a database, used by one verb at a time.
///
/// Parameters are positional, `?1` to `?n`, each used at least once. The verbs begin and end their own
/// transactions; a back end only has to keep them on one connection, or may make several of them savepoints of a
/// larger one. A connection that is dropped inside a transaction must roll it back.
///
/// The futures are async because spin:sqlite is. A native back end returns ready ones.
#[allow(
    async_fn_in_trait,
    reason = "each back end runs on one thread; no caller needs Send futures"
)]
pub trait Sql {
    /// Runs a statement; gives the number of rows that an INSERT, UPDATE or DELETE touched.
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, SqlError>;

    /// Runs a statement and gives all its rows.
    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, SqlError>;

    /// Begins a transaction that is going to write: takes the write lock at once, so that it cannot fail later
    /// because of what another has written meanwhile.
    async fn begin_write(&mut self) -> Result<(), SqlError> {
        self.execute("BEGIN IMMEDIATE", &[]).await.map(drop)
    }

    /// Begins a transaction that only reads, and sees one state of the database throughout.
    async fn begin_read(&mut self) -> Result<(), SqlError> {
        self.execute("BEGIN", &[]).await.map(drop)
    }

    /// Makes the transaction's changes visible to others, all at once.
    async fn commit(&mut self) -> Result<(), SqlError> {
        self.execute("COMMIT", &[]).await.map(drop)
    }

    /// Undoes the transaction's changes.
    async fn rollback(&mut self) -> Result<(), SqlError> {
        self.execute("ROLLBACK", &[]).await.map(drop)
    }
}

/// One row of a result: its values in the order of the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Value>);

/// Reads a row from left to right. Every getter fails with a typed error, never a panic: the rows of a
/// damaged or foreign database must not take the control plane down.
pub(crate) struct Reader {
    values: std::vec::IntoIter<Value>,
}

impl Reader {
    pub(crate) fn new(row: Row) -> Self {
        Self {
            values: row.0.into_iter(),
        }
    }

    fn next(&mut self) -> Result<Value, SqlError> {
        self.values
            .next()
            .ok_or_else(|| SqlError::Other("a row has fewer columns than its reader".into()))
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, SqlError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other => Err(wrong("text", &other)),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, SqlError> {
        self.optional_text()?.ok_or_else(|| wrong("text", &Value::Null))
    }

    pub(crate) fn integer(&mut self) -> Result<i64, SqlError> {
        match self.next()? {
            Value::Integer(number) => Ok(number),
            other => Err(wrong("an integer", &other)),
        }
    }

    pub(crate) fn u64(&mut self) -> Result<u64, SqlError> {
        let number = self.integer()?;
        u64::try_from(number).map_err(|_| wrong("a natural number", &Value::Integer(number)))
    }

    pub(crate) fn optional_u64(&mut self) -> Result<Option<u64>, SqlError> {
        match self.values.as_slice().first() {
            Some(Value::Null) => self.next().map(|_| None),
            _ => self.u64().map(Some),
        }
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SqlError> {
        let number = self.integer()?;
        u32::try_from(number).map_err(|_| wrong("a 32-bit number", &Value::Integer(number)))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, SqlError> {
        let number = self.integer()?;
        i32::try_from(number).map_err(|_| wrong("a 32-bit number", &Value::Integer(number)))
    }

    pub(crate) fn bool(&mut self) -> Result<bool, SqlError> {
        Ok(self.integer()? != 0)
    }

    pub(crate) fn real(&mut self) -> Result<f64, SqlError> {
        match self.next()? {
            Value::Real(number) => Ok(number),
            // A back end may hand a whole number back as an integer.
            Value::Integer(number) => Ok(number as f64),
            other => Err(wrong("a number", &other)),
        }
    }
}

fn wrong(expected: &str, found: &Value) -> SqlError {
    SqlError::Damaged(format!("expected {expected} in a column, found {found:?}"))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::Text(text.clone())
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        text.as_ref().map_or(Value::Null, Value::from)
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Value::Null, Value::from)
    }
}

/// A number, a flag, or NULL.
pub(crate) fn optional<T: Into<Value>>(value: Option<T>) -> Value {
    value.map_or(Value::Null, Into::into)
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Integer(i64::from(flag))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Integer(i64::from(number))
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Value::Integer(i64::from(number))
    }
}

impl From<u64> for Value {
    /// Numbers beyond 2^63 - 1 saturate: none of ours (times, MiB, positions) comes near.
    fn from(number: u64) -> Self {
        Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    /// Not-a-number becomes 0, so that a column never turns NULL.
    fn from(number: f64) -> Self {
        Value::Real(if number.is_nan() { 0.0 } else { number })
    }
}

/// Parameters of a statement, each converted by [`Value::from`].
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::sql::Value::from($value)),*][..] };
}
pub(crate) use params;
