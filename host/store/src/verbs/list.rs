//! Listing an organization's sandboxes page by page.

use crate::{
    error::{Result, StoreError},
    limits::{MAX_FILTER_VALUES, MAX_PAGE},
    rows,
    sql::{Sql, Value},
    types::{Sandbox, SandboxQuery},
};

/// One page. Pages follow each other by the value and id of their last row (not by counting rows), so a sandbox
/// that is made or removed between two pages neither repeats nor hides another.
///
/// # Errors
/// `internal` for an unknown sort field or too many filter values; `conflict` for a position (`after`) that this
/// sort cannot have given.
pub async fn list_sandboxes<S: Sql>(sql: &mut S, query: &SandboxQuery) -> Result<Vec<Sandbox>> {
    let statement = Statement::of(query)?;
    let found = sql.query(&statement.text, &statement.values).await?;
    Ok(rows::all(found, rows::sandbox)?)
}

/// Text made only of literals and parameter numbers; everything that a caller said is a value.
#[derive(Debug)]
struct Statement {
    text: String,
    values: Vec<Value>,
}

impl Statement {
    fn of(query: &SandboxQuery) -> Result<Self> {
        let lists = [&query.ids, &query.states, &query.regions, &query.snapshots];
        let asked = lists.iter().map(|list| list.len()).sum::<usize>() + query.labels.len();
        if asked > MAX_FILTER_VALUES {
            return Err(StoreError::Internal(format!(
                "{asked} filter values are more than {MAX_FILTER_VALUES}"
            )));
        }
        let mut it = Self {
            text: format!(
                "SELECT {} FROM sandboxes WHERE organization = ?1 AND destroyed_at = 0",
                rows::SANDBOX
            ),
            values: vec![Value::from(&query.organization)],
        };
        it.one_of("id", &query.ids);
        it.one_of("state", &query.states);
        it.one_of("region", &query.regions);
        it.one_of("snapshot", &query.snapshots);
        it.between("cpu", query.cpu);
        it.between("memory_gib", query.memory_gib);
        it.between("disk_gib", query.disk_gib);
        it.between("created", query.created);
        it.between("last_activity", query.active);
        it.is("public", query.public);
        it.is("recoverable", query.recoverable);
        if !query.errored_deleted {
            it.text += " AND NOT (state = 'error' AND desired = 'destroyed')";
        }
        for (name, value) in &query.labels {
            let (name, value) = (it.value(name.into()), it.value(value.into()));
            it.text += &format!(
                " AND number IN (SELECT sandbox FROM sandbox_labels
                   WHERE organization = ?1 AND name = ?{name} AND value = ?{value})"
            );
        }
        if let Some(prefix) = &query.name_prefix {
            // SQLite's lower() knows ASCII only; so does this.
            let length = it.value(Value::Integer(prefix.chars().count() as i64));
            let prefix = it.value(Value::Text(prefix.to_ascii_lowercase()));
            it.text += &format!(" AND substr(lower(name), 1, ?{length}) = ?{prefix}");
        }
        it.page(query)?;
        Ok(it)
    }

    fn value(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.values.len()
    }

    fn one_of(&mut self, column: &str, values: &[String]) {
        if values.is_empty() {
            return;
        }
        let numbers: Vec<String> = values
            .iter()
            .map(|value| format!("?{}", self.value(value.into())))
            .collect();
        self.text += &format!(" AND {column} IN ({})", numbers.join(", "));
    }

    /// Inclusive bounds.
    fn between<T: Into<Value>>(&mut self, column: &str, (least, most): (Option<T>, Option<T>)) {
        for (sign, bound) in [(">=", least), ("<=", most)] {
            if let Some(bound) = bound {
                let number = self.value(bound.into());
                self.text += &format!(" AND {column} {sign} ?{number}");
            }
        }
    }

    fn is(&mut self, column: &str, wanted: Option<bool>) {
        if let Some(wanted) = wanted {
            let number = self.value(wanted.into());
            self.text += &format!(" AND {column} = ?{number}");
        }
    }

    fn page(&mut self, query: &SandboxQuery) -> Result<()> {
        let (column, is_number) = match query.sort.as_str() {
            "createdAt" => ("created", true),
            "lastActivityAt" => ("last_activity", true),
            "cpu" => ("cpu", true),
            "memoryGib" => ("memory_gib", true),
            "diskGib" => ("disk_gib", true),
            "name" => ("name", false),
            other => return Err(StoreError::Internal(format!("unknown sort field {other:?}"))),
        };
        let (order, beyond) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
        if let Some((value, id)) = &query.after {
            let value = if is_number {
                Value::Integer(
                    value
                        .parse()
                        .map_err(|_| StoreError::Conflict(format!("{value:?} is no position in this list")))?,
                )
            } else {
                value.into()
            };
            let (value, id) = (self.value(value), self.value(id.into()));
            self.text += &format!(" AND ({column}, id) {beyond} (?{value}, ?{id})");
        }
        let limit = self.value(query.limit.clamp(1, MAX_PAGE).into());
        self.text += &format!(" ORDER BY {column} {order}, id {order} LIMIT ?{limit}");
        Ok(())
    }
}
