//! Regions on the wire.

use serde::{Deserialize, Deserializer, Serialize};

use crate::contracts::region::{Reachability, Service, Services};
use crate::contracts::store::{Region, RegionKind, RegionService};
use crate::http::Problem;
use crate::times::iso;

/// A region.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegionView {
    id: String,
    name: String,
    organization_id: Option<String>,
    region_type: &'static str,
    created_at: String,
    updated_at: String,
    proxy_url: Option<String>,
    ssh_gateway_url: Option<String>,
    snapshot_manager_url: Option<String>,
    enforce_quotas: bool,
    placement_policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reachability: Option<&'static str>,
}

impl RegionView {
    /// A region, and whether its sandboxes can be reached, where that was looked at.
    pub fn new(it: &Region, reachability: Option<Reachability>) -> Self {
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            organization_id: it.organization.clone(),
            region_type: kind(it.kind),
            created_at: iso(it.created),
            updated_at: iso(it.updated),
            proxy_url: it.proxy_url.clone(),
            ssh_gateway_url: it.ssh_gateway_url.clone(),
            snapshot_manager_url: it.snapshot_manager_url.clone(),
            enforce_quotas: it.enforce_quotas,
            placement_policy: it.policy.clone(),
            reachability: reachability.map(|it| match it {
                Reachability::NoRunners => "no-runners",
                Reachability::Reachable => "reachable",
                Reachability::Unreachable => "unreachable",
            }),
        }
    }
}

/// The word for a kind of region.
pub fn kind(kind: RegionKind) -> &'static str {
    match kind {
        RegionKind::Shared => "shared",
        RegionKind::Dedicated => "dedicated",
        RegionKind::Custom => "custom",
    }
}

/// The URLs of a region as the rules take them.
pub fn services(it: &Region) -> Services {
    Services {
        proxy: it.proxy_url.clone(),
        ssh_gateway: it.ssh_gateway_url.clone(),
        snapshot_manager: it.snapshot_manager_url.clone(),
    }
}

/// A service as the rules and as the store name it.
pub const SERVICES: [(Service, RegionService); 3] = [
    (Service::Proxy, RegionService::Proxy),
    (Service::SshGateway, RegionService::SshGateway),
    (Service::SnapshotManager, RegionService::SnapshotManager),
];

fn given(url: Option<String>) -> Option<String> {
    url.filter(|url| !url.is_empty())
}

/// Longest name of a placement policy.
const POLICY: usize = 64;

/// Checks the name of a placement policy: `spread`, `pack`, or that of a component.
pub fn policy(name: String) -> Result<String, Problem> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    if name.is_empty() || name.len() > POLICY || !name.bytes().all(plain) {
        return Err(Problem::BadRequest(format!(
            "placementPolicy: 1 to {POLICY} lower-case letters, digits, `_`, `.`, `-`, like spread or pack"
        )));
    }
    Ok(name)
}

/// The body of the creation of a region. Kind, tenant and quotas are for operators.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRegion {
    /// Its name.
    pub name: String,
    proxy_url: Option<String>,
    ssh_gateway_url: Option<String>,
    snapshot_manager_url: Option<String>,
    /// How its runners are chosen.
    pub placement_policy: Option<String>,
    /// Operators: its id; else it is made of the name.
    pub id: Option<String>,
    /// Operators: `shared` (the default) or `dedicated`.
    pub region_type: Option<String>,
    /// Operators: the tenant of a dedicated region.
    pub organization_id: Option<String>,
    /// Operators: whether totals hold in it.
    pub enforce_quotas: Option<bool>,
}

impl CreateRegion {
    /// The URLs that are given.
    pub fn services(&self) -> Services {
        Services {
            proxy: given(self.proxy_url.clone()),
            ssh_gateway: given(self.ssh_gateway_url.clone()),
            snapshot_manager: given(self.snapshot_manager_url.clone()),
        }
    }
}

/// The answer to it: credentials of the services whose URLs were given, shown this once.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedRegion {
    /// Its id.
    pub id: String,
    /// Of the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_api_key: Option<String>,
    /// Of the SSH gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_gateway_api_key: Option<String>,
    /// Of the snapshot manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_manager_username: Option<String>,
    /// Of the snapshot manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_manager_password: Option<String>,
}

/// A field that may be absent (kept), null or empty (cleared), or a text.
fn cleared<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(|value| Some(given(value)))
}

/// The body of a change of a region.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChangeRegion {
    #[serde(deserialize_with = "cleared")]
    proxy_url: Option<Option<String>>,
    #[serde(deserialize_with = "cleared")]
    ssh_gateway_url: Option<Option<String>>,
    #[serde(deserialize_with = "cleared")]
    snapshot_manager_url: Option<Option<String>>,
    placement_policy: Option<String>,
    /// Operators only.
    pub enforce_quotas: Option<bool>,
}

impl ChangeRegion {
    /// The region after the change.
    pub fn apply(self, it: &Region, now: u64) -> Result<Region, Problem> {
        let policy = self.placement_policy.map(policy).transpose()?;
        Ok(Region {
            proxy_url: self.proxy_url.unwrap_or_else(|| it.proxy_url.clone()),
            ssh_gateway_url: self.ssh_gateway_url.unwrap_or_else(|| it.ssh_gateway_url.clone()),
            snapshot_manager_url: self
                .snapshot_manager_url
                .unwrap_or_else(|| it.snapshot_manager_url.clone()),
            policy: policy.unwrap_or_else(|| it.policy.clone()),
            updated: now.max(it.updated + 1),
            ..it.clone()
        })
    }
}

/// A key that was made anew.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MadeKey {
    /// Shown this once.
    pub api_key: String,
}

/// A login that was made anew.
#[derive(Debug, Serialize)]
pub struct MadeLogin {
    /// The user.
    pub username: String,
    /// Shown this once.
    pub password: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Region {
        Region {
            id: "lab_x7k2".into(),
            name: "Lab".into(),
            kind: RegionKind::Custom,
            organization: Some("org-1".into()),
            enforce_quotas: false,
            policy: "spread".into(),
            proxy_url: Some("https://proxy.lab.example".into()),
            ssh_gateway_url: None,
            snapshot_manager_url: None,
            created: 1_767_225_600_000,
            updated: 1_767_225_600_000,
        }
    }

    #[test]
    fn a_region_looks_as_clients_decode_it() {
        let want = serde_json::json!({
            "id": "lab_x7k2", "name": "Lab", "organizationId": "org-1", "regionType": "custom",
            "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
            "proxyUrl": "https://proxy.lab.example", "sshGatewayUrl": null, "snapshotManagerUrl": null,
            "enforceQuotas": false, "placementPolicy": "spread", "reachability": "unreachable",
        });
        let view = RegionView::new(&sample(), Some(Reachability::Unreachable));
        assert_eq!(serde_json::to_value(view).expect("JSON"), want);
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name_and_clears_what_is_null() {
        let change = |text: &str| {
            let body: ChangeRegion = serde_json::from_str(text).expect("fits");
            body.apply(&sample(), 1_767_225_600_000)
        };
        let same = change("{}").expect("fine");
        assert_eq!(same.proxy_url, sample().proxy_url);
        assert!(same.updated > sample().updated);
        for text in [r#"{"proxyUrl":null}"#, r#"{"proxyUrl":""}"#] {
            assert_eq!(change(text).expect("fine").proxy_url, None);
        }
        let more = change(r#"{"sshGatewayUrl":"ssh://g","placementPolicy":"pack"}"#).expect("fine");
        assert_eq!(
            (more.ssh_gateway_url.as_deref(), more.policy.as_str()),
            (Some("ssh://g"), "pack")
        );
        assert!(change(r#"{"placementPolicy":"Mine!"}"#).is_err());
    }

    #[test]
    fn credentials_are_shown_only_where_there_are_some() {
        let made = CreatedRegion {
            id: "lab_x7k2".into(),
            proxy_api_key: Some("k".into()),
            ..Default::default()
        };
        let want = serde_json::json!({"id": "lab_x7k2", "proxyApiKey": "k"});
        assert_eq!(serde_json::to_value(made).expect("JSON"), want);
        let body: CreateRegion = serde_json::from_str(r#"{"name":"x","proxyUrl":""}"#).expect("fits");
        assert_eq!(body.services().proxy, None);
    }
}
