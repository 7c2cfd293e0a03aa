//! What may be changed of a sandbox, and what opens one of its doors.

use serde::{Deserialize, Deserializer, Serialize};

use crate::contracts::store::{Grant, Sandbox};
use crate::http::Problem;
use crate::rules::lifecycle::Size;
use crate::rules::text;
use crate::times::iso;

/// The body of a change of size; what is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Resize {
    cpu: Option<i64>,
    memory: Option<i64>,
    disk: Option<i64>,
}

impl Resize {
    /// The size that a sandbox shall have; 400 for what is none.
    pub fn of(&self, it: &Sandbox) -> Result<Size, Problem> {
        let one = |name: &str, value: Option<i64>, old: u32| match value.map(u32::try_from) {
            None => Ok(old),
            Some(Ok(value)) if value > 0 => Ok(value),
            _ => Err(Problem::BadRequest(format!("{name}: not at least 1"))),
        };
        Ok(Size {
            cpu: one("cpu", self.cpu, it.cpu)?,
            memory_gib: one("memory", self.memory, it.memory_gib)?,
            disk_gib: one("disk", self.disk, it.disk_gib)?,
        })
    }
}

/// The body of a fork.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fork {
    name: Option<String>,
}

impl Fork {
    /// The name of the new sandbox, if it is given one.
    pub fn name(self) -> Result<Option<String>, Problem> {
        let name = self.name.filter(|name| !name.is_empty());
        name.as_deref().map_or(Ok(()), text::sandbox_name)?;
        Ok(name)
    }
}

fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(|value| Some(value.filter(|text| !text.is_empty())))
}

/// The body of a change of the network policy; what is absent stays, an empty list is none.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Network {
    /// Whether nothing gets out.
    pub network_block_all: Option<bool>,
    /// The only networks, if there are any.
    #[serde(deserialize_with = "list")]
    pub network_allow_list: Option<Option<String>>,
    /// The only domains, if there are any.
    #[serde(deserialize_with = "list")]
    pub domain_allow_list: Option<Option<String>>,
}

impl Network {
    /// Checks the lists.
    pub fn check(&self) -> Result<(), Problem> {
        let given = |list: &Option<Option<String>>| list.clone().flatten();
        given(&self.network_allow_list)
            .as_deref()
            .map_or(Ok(()), text::networks)?;
        given(&self.domain_allow_list).as_deref().map_or(Ok(()), text::domains)
    }
}

/// Where a port is reached.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PortUrl {
    /// The sandbox.
    pub sandbox_id: String,
    /// The URL.
    pub url: String,
    /// To be sent with it.
    pub token: String,
}

/// Where a port is reached for a while.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedUrl {
    /// The sandbox.
    pub sandbox_id: String,
    /// The port.
    pub port: u16,
    /// Part of the URL.
    pub token: String,
    /// The URL.
    pub url: String,
}

/// A grant for a shell.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SshAccess {
    id: String,
    sandbox_id: String,
    token: String,
    expires_at: String,
    created_at: String,
    updated_at: String,
    ssh_command: String,
}

impl SshAccess {
    /// A grant with its token, shown this once.
    pub fn new(it: &Grant, token: String, ssh_command: String) -> Self {
        Self {
            id: it.id.clone(),
            sandbox_id: it.sandbox.clone(),
            token,
            expires_at: iso(it.expires),
            created_at: iso(it.created),
            updated_at: iso(it.created),
            ssh_command,
        }
    }
}

/// Whether a token opens a shell, and whose.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SshValidation {
    /// Whether it does.
    pub valid: bool,
    /// Empty if not.
    pub sandbox_id: String,
}

/// Whether browsers are warned before a preview.
#[derive(Debug, Serialize)]
pub struct Warning {
    /// They are not.
    pub enabled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::sample;

    #[test]
    fn sizes_that_are_not_named_stay() {
        let read = |text: &str| serde_json::from_str::<Resize>(text).expect("fits").of(&sample());
        let size = |cpu, memory_gib, disk_gib| Size {
            cpu,
            memory_gib,
            disk_gib,
        };
        assert_eq!(read("{}"), Ok(size(1, 1, 3)));
        assert_eq!(read(r#"{"memory":4}"#), Ok(size(1, 4, 3)));
        for bad in [r#"{"cpu":0}"#, r#"{"disk":-1}"#, r#"{"memory":5000000000}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_are_checked_and_empty_lists_are_none() {
        let read = |text: &str| serde_json::from_str::<Network>(text).expect("fits");
        assert_eq!(read(r#"{"networkAllowList":""}"#).network_allow_list, Some(None));
        assert_eq!(read("{}").network_allow_list, None);
        assert!(read(r#"{"networkAllowList":"10.0.0.0/8"}"#).check().is_ok());
        assert!(read(r#"{"domainAllowList":"a..b"}"#).check().is_err());
    }
}
