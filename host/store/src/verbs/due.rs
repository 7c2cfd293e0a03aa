//! Sandboxes for which the time for something has come.

use std::collections::BTreeSet;

use crate::{
    error::{Result, StoreError},
    limits::{MAX_DUE, MAX_FILTER_VALUES, MAX_NAMED},
    rows,
    sql::{Sql, Value},
    transaction::read,
    types::{DueQuery, Millis, Sandbox},
};

/// Started sandboxes past last activity + auto-stop, stopped ones past their stop + auto-delete or auto-archive, archived
/// ones past that + auto-delete; those whose state is not
/// the desired one and whose unfinished job was made longer ago than `overdue` says for that desired state; those on lost
/// runners that are not in error already, or are to be destroyed. At most `limit` (1,000 at most), the longest due first
/// within each kind.
///
/// # Errors
/// `internal` if too many states or runners are named.
pub async fn due_sandboxes<S: Sql>(sql: &mut S, query: &DueQuery) -> Result<Vec<Sandbox>> {
    if query.overdue.len() > MAX_FILTER_VALUES || query.lost.len() > MAX_NAMED {
        return Err(StoreError::Internal("too many states or runners are named".into()));
    }
    read(sql, async |sql: &mut S| {
        let mut due = Due {
            left: query.limit.clamp(1, MAX_DUE) as usize,
            known: BTreeSet::new(),
            found: Vec::new(),
        };
        due.add(sql, "due IS NOT NULL AND due <= ?1", "due", &[query.now.into()])
            .await?;
        due.add(sql, "rests IS NOT NULL AND rests <= ?1", "rests", &[query.now.into()])
            .await?;
        for (state, patience) in &query.overdue {
            let before: Millis = query.now.saturating_sub(*patience);
            let overdue = "number IN (SELECT s.number FROM jobs j JOIN sandboxes s ON s.id = j.sandbox
                 WHERE j.created < ?2 AND s.desired = ?1 AND s.state <> s.desired ORDER BY j.created LIMIT ?3)";
            due.add(sql, overdue, "number", &[state.into(), before.into()]).await?;
        }
        for runner in &query.lost {
            let lost = "runner = ?1 AND (state <> 'error' OR desired = 'destroyed')";
            due.add(sql, lost, "number", &[runner.into()]).await?;
        }
        Ok(due.found)
    })
    .await
}

/// Sandboxes that wait for a build, oldest first, at most `limit` (1,000 at most).
pub async fn waiting_sandboxes<S: Sql>(sql: &mut S, limit: u32) -> Result<Vec<Sandbox>> {
    let text = format!(
        "SELECT {} FROM sandboxes WHERE state = 'pending_build' ORDER BY created LIMIT ?1",
        rows::SANDBOX
    );
    let found = sql.query(&text, &[limit.clamp(1, MAX_DUE).into()]).await?;
    Ok(rows::all(found, rows::sandbox)?)
}

struct Due {
    left: usize,
    known: BTreeSet<String>,
    found: Vec<Sandbox>,
}

impl Due {
    /// Adds what matches, except what is there already.
    async fn add<S: Sql>(&mut self, sql: &mut S, condition: &str, order: &str, values: &[Value]) -> Result<()> {
        if self.left == 0 {
            return Ok(());
        }
        let mut values = values.to_vec();
        // As many more as may be there already.
        values.push(Value::Integer((self.left + self.known.len()) as i64));
        let text = format!(
            "SELECT {} FROM sandboxes WHERE {condition} ORDER BY {order} LIMIT ?{}",
            rows::SANDBOX,
            values.len()
        );
        for it in rows::all(sql.query(&text, &values).await?, rows::sandbox)? {
            if self.left > 0 && self.known.insert(it.id.clone()) {
                self.left -= 1;
                self.found.push(it);
            }
        }
        Ok(())
    }
}
