//! Labels, kept twice: as the JSON that is handed back, and as rows by which sandboxes are found.

use std::collections::BTreeMap;

use crate::{
    error::{Result, StoreError},
    limits::MAX_LABELS,
    sql::{Sql, params},
};

/// Reads a JSON object of strings.
pub(super) fn parse(json: &str) -> Result<BTreeMap<String, String>> {
    let labels: BTreeMap<String, String> = serde_json::from_str(json)
        .map_err(|error| StoreError::Internal(format!("labels are no JSON object of strings: {error}")))?;
    if labels.len() > MAX_LABELS {
        return Err(StoreError::Internal(format!(
            "{} labels are more than {MAX_LABELS}",
            labels.len()
        )));
    }
    Ok(labels)
}

/// Writes the rows of a sandbox that has none.
pub(super) async fn insert<S: Sql>(
    sql: &mut S,
    organization: &str,
    sandbox: i64,
    labels: &BTreeMap<String, String>,
) -> Result<()> {
    for (name, value) in labels {
        sql.execute(
            "INSERT INTO sandbox_labels (sandbox, organization, name, value) VALUES (?1, ?2, ?3, ?4)",
            params![sandbox, organization, name, value],
        )
        .await?;
    }
    Ok(())
}

/// Removes the rows of a sandbox.
pub(super) async fn remove<S: Sql>(sql: &mut S, sandbox: i64) -> Result<()> {
    sql.execute("DELETE FROM sandbox_labels WHERE sandbox = ?1", params![sandbox])
        .await?;
    Ok(())
}
