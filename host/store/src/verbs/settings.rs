//! What may be changed of a sandbox without a new intent.

use super::{
    changes::next_change,
    labels,
    sandboxes::{find_number, missing},
};
use crate::{
    error::Result,
    rows,
    sql::{Sql, Value, optional},
    transaction::write,
    types::{Millis, Sandbox, Settings},
};

/// Changes what is given; the rest stays. Not an intent: no job, the same generation.
///
/// # Errors
/// `not-found`; `internal` for labels that are no JSON object of strings.
pub async fn change_settings<S: Sql>(
    sql: &mut S,
    organization: &str,
    id_or_name: &str,
    settings: &Settings,
    now: Millis,
) -> Result<Sandbox> {
    let parsed = settings.labels.as_deref().map(labels::parse).transpose()?;
    write(sql, async |sql: &mut S| {
        let number = find_number(sql, organization, id_or_name).await?;
        let mut change = Assignments::default();
        for (column, value) in columns(settings) {
            if let Some(value) = value {
                change.set(column, value);
            }
        }
        change.set("updated", now.into());
        change.set("change", next_change(sql, organization).await?.into());
        let text = format!(
            "UPDATE sandboxes SET {} WHERE number = ?{} RETURNING {}",
            change.text,
            change.values.len() + 1,
            rows::SANDBOX
        );
        change.values.push(number.into());
        let changed = rows::first(sql.query(&text, &change.values).await?, rows::sandbox)?;
        let changed = changed.ok_or_else(|| missing(id_or_name))?;
        if let Some(parsed) = &parsed {
            labels::remove(sql, number).await?;
            labels::insert(sql, organization, number, parsed).await?;
        }
        Ok(changed)
    })
    .await
}

fn columns(it: &Settings) -> [(&'static str, Option<Value>); 11] {
    let text = |text: &Option<String>| text.as_ref().map(Value::from);
    let list = |list: &Option<Option<String>>| list.as_ref().map(Value::from);
    [
        ("labels", text(&it.labels)),
        ("public", it.public.map(Value::from)),
        ("auto_stop", it.auto_stop.map(Value::from)),
        ("auto_delete", it.auto_delete.map(Value::from)),
        ("auto_archive", it.auto_archive.map(Value::from)),
        ("last_activity", it.last_activity.map(Value::from)),
        ("network_block_all", it.network_block_all.map(Value::from)),
        ("network_allow_list", list(&it.network_allow_list)),
        ("domain_allow_list", list(&it.domain_allow_list)),
        ("env", text(&it.env)),
        ("auth_token", text(&it.auth_token)),
    ]
}

/// `column = ?n, ..`, only of what is given: an index whose column is not named is not written.
#[derive(Debug, Default)]
pub(super) struct Assignments {
    pub text: String,
    pub values: Vec<Value>,
}

impl Assignments {
    pub(super) fn set(&mut self, column: &str, value: Value) {
        self.values.push(value);
        if !self.text.is_empty() {
            self.text += ", ";
        }
        self.text += &format!("{column} = ?{}", self.values.len());
    }

    /// Sets a column if there is a value for it.
    pub(super) fn set_if<T: Into<Value>>(&mut self, column: &str, value: Option<T>) {
        if value.is_some() {
            self.set(column, optional(value));
        }
    }
}
