//! The exported functions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use spin_sdk::sqlite::{Connection, Value};

use crate::buffer::{Buffer, Kind, Row};
use crate::text::exposition;

/// Types and traits generated from `wit/metrics`.
#[allow(missing_docs, clippy::all, reason = "generated")]
mod bindings {
    spin_sdk::wit_bindgen::generate!({
        path: "../../wit/metrics",
        world: "provider",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
    });
}

use bindings::exports::sandbar::metrics::metrics::{Guest, Labels};

bindings::export!(Component with_types_in bindings);

/// How long records of several requests are gathered before they are written: shorter than an idle instance lives.
const GATHER: Duration = Duration::from_millis(300);

/// Rows of one statement: six parameters each, far below SQLite's limit.
const ROWS_AT_ONCE: usize = 200;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS sandbar_metrics (series TEXT PRIMARY KEY, family TEXT NOT NULL, \
    labels TEXT NOT NULL, rank INTEGER NOT NULL, kind TEXT NOT NULL, value REAL NOT NULL) WITHOUT ROWID";

/// Never locked across an await.
static BUFFER: Mutex<Buffer> = Mutex::new(Buffer::new());
/// Whether a task is going to write.
static SCHEDULED: AtomicBool = AtomicBool::new(false);

struct Component;

impl Guest for Component {
    fn counter_add(name: String, labels: Labels, amount: u64) {
        buffer().counter(&name, &labels, amount);
    }

    fn gauge_set(name: String, labels: Labels, value: f64) {
        buffer().gauge(&name, &labels, value);
    }

    fn histogram_record(name: String, labels: Labels, value: f64) {
        buffer().histogram(&name, &labels, value);
    }

    async fn flush() {
        if !SCHEDULED.swap(true, Ordering::AcqRel) {
            spin_sdk::wit_bindgen::spawn(async {
                spin_sdk::time::sleep(GATHER).await;
                SCHEDULED.store(false, Ordering::Release);
                write().await;
            });
        }
    }

    async fn render() -> String {
        write().await;
        match rows().await {
            Ok(rows) => exposition(&rows),
            Err(error) => {
                eprintln!("metrics: the table cannot be read: {error}");
                String::new()
            }
        }
    }
}

fn buffer() -> MutexGuard<'static, Buffer> {
    BUFFER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what was recorded; what fails is tried again with the next writing.
async fn write() {
    let rows = buffer().take();
    if rows.is_empty() {
        return;
    }
    let mut left = rows.as_slice();
    while !left.is_empty() {
        let (now, later) = left.split_at(left.len().min(ROWS_AT_ONCE));
        if let Err(error) = add(now).await {
            eprintln!("metrics: not written: {error}");
            buffer().put_back(left.to_vec());
            return;
        }
        left = later;
    }
}

async fn add(rows: &[(Row, f64)]) -> Result<(), String> {
    let connection = Connection::open_default().await.map_err(|e| e.to_string())?;
    run(&connection, TABLE, Vec::new()).await?;
    let mut values = Vec::with_capacity(rows.len() * 6);
    for (row, value) in rows {
        values.extend([
            Value::Text(row.series.clone()),
            Value::Text(row.family.clone()),
            Value::Text(row.labels.clone()),
            Value::Integer(row.rank.into()),
            Value::Text(row.kind.word().to_owned()),
            Value::Real(*value),
        ]);
    }
    let places = vec!["(?, ?, ?, ?, ?, ?)"; rows.len()].join(", ");
    let gauge = Kind::Gauge.word();
    // The database adds, in one transaction: two instances at once lose nothing.
    let sql = format!(
        "INSERT INTO sandbar_metrics (series, family, labels, rank, kind, value) VALUES {places} ON CONFLICT (series) \
         DO UPDATE SET value = excluded.value + CASE WHEN kind = '{gauge}' THEN 0 ELSE value END"
    );
    run(&connection, &sql, values).await
}

async fn run(connection: &Connection, sql: &str, values: Vec<Value>) -> Result<(), String> {
    let result = connection.execute(sql, values).await.map_err(|e| e.to_string())?;
    // Spin tells an error of the statement only at the end of its rows.
    result.collect().await.map(|_| ()).map_err(|e| e.to_string())
}

async fn rows() -> Result<Vec<(String, String, String, f64)>, String> {
    let connection = Connection::open_default().await.map_err(|e| e.to_string())?;
    run(&connection, TABLE, Vec::new()).await?;
    let sql = "SELECT family, kind, series, value FROM sandbar_metrics ORDER BY family, labels, rank";
    let result = connection.execute(sql, Vec::new()).await.map_err(|e| e.to_string())?;
    let rows = result.collect().await.map_err(|e| e.to_string())?;
    let text = |value: Option<&Value>| match value {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let number = |value: Option<&Value>| match value {
        Some(Value::Real(number)) => *number,
        #[allow(clippy::cast_precision_loss, reason = "a whole number that the database shortened")]
        Some(Value::Integer(number)) => *number as f64,
        _ => 0.0,
    };
    Ok(rows
        .iter()
        .map(|row| {
            let at = |i: usize| row.values.get(i);
            (text(at(0)), text(at(1)), text(at(2)), number(at(3)))
        })
        .collect())
}
