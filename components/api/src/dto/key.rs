//! API keys on the wire.

use serde::{Deserialize, Serialize};

use crate::contracts::store::ApiKey;
use crate::rules::permissions::OPERATOR;
use crate::times::iso;

/// Asterisks between the characters of a key that are shown.
const HIDDEN: &str = "********************";

/// A key without its value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    name: String,
    /// First and last characters.
    value: String,
    created_at: String,
    permissions: Vec<String>,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    user_id: String,
    organization_id: String,
    operator: bool,
}

/// The permissions that clients know: they refuse others, so the operator's role is shown apart.
fn known(permissions: &[String]) -> Vec<String> {
    permissions.iter().filter(|one| *one != OPERATOR).cloned().collect()
}

impl From<&ApiKey> for KeyView {
    fn from(it: &ApiKey) -> Self {
        let (first, last) = match it.hint.split_at_checked(3) {
            Some((first, rest)) => (first, rest.get(rest.len().saturating_sub(3)..).unwrap_or_default()),
            None => ("", ""),
        };
        Self {
            name: it.name.clone(),
            value: format!("{first}{HIDDEN}{last}"),
            created_at: iso(it.created),
            permissions: known(&it.permissions),
            last_used_at: it.last_used.map(iso),
            expires_at: it.expires.map(iso),
            user_id: it.user.clone(),
            organization_id: it.organization.clone(),
            operator: it.permissions.iter().any(|one| one == OPERATOR),
        }
    }
}

/// First and last three characters of a key.
pub fn hint(key: &str) -> String {
    let end = key.len().saturating_sub(3);
    format!(
        "{}{}",
        key.get(..3).unwrap_or_default(),
        key.get(end..).unwrap_or_default()
    )
}

/// The body of the creation of a key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateKey {
    /// Its name, unique among the user's keys here.
    pub name: String,
    /// What it may.
    pub permissions: Vec<String>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// For whom, if not for the caller; owners only.
    pub user_id: Option<String>,
}

/// The answer to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedKey {
    name: String,
    value: String,
    created_at: String,
    permissions: Vec<String>,
    expires_at: Option<String>,
}

impl CreatedKey {
    /// A key with its value, shown this once.
    pub fn new(it: &ApiKey, value: String) -> Self {
        Self {
            name: it.name.clone(),
            value,
            created_at: iso(it.created),
            permissions: known(&it.permissions),
            expires_at: it.expires.map(iso),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_its_ends_only() {
        let key = ApiKey {
            organization: "org-1".into(),
            user: "u".into(),
            name: "ci".into(),
            hint: hint("dtn_0123456789abc"),
            permissions: vec!["write:sandboxes".into(), OPERATOR.into()],
            created: 0,
            last_used: None,
            expires: Some(1),
        };
        let got = serde_json::to_value(KeyView::from(&key)).expect("JSON");
        assert_eq!(got["value"], format!("dtn{HIDDEN}abc"));
        assert_eq!(got["permissions"], serde_json::json!(["write:sandboxes"]));
        assert_eq!(got["operator"], true);
        assert_eq!(hint(""), "");
    }
}
