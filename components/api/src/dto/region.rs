//! Regions on the wire.

use serde::{Deserialize, Serialize};

use crate::contracts::store::{Region, RegionKind};
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
}

impl From<&Region> for RegionView {
    fn from(it: &Region) -> Self {
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            organization_id: it.organization.clone(),
            region_type: match it.kind {
                RegionKind::Shared => "shared",
                RegionKind::Dedicated => "dedicated",
                RegionKind::Custom => "custom",
            },
            created_at: iso(it.created),
            updated_at: iso(it.updated),
            proxy_url: it.proxy_url.clone(),
            ssh_gateway_url: it.ssh_gateway_url.clone(),
            snapshot_manager_url: it.snapshot_manager_url.clone(),
        }
    }
}

/// The body of the creation of a custom region.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRegion {
    /// Its name.
    pub name: String,
    proxy_url: Option<String>,
    ssh_gateway_url: Option<String>,
    snapshot_manager_url: Option<String>,
}

impl CreateRegion {
    /// Services of a region need credentials of their own, which this server does not hand out yet.
    pub fn check(&self) -> Result<(), Problem> {
        let services = [
            (&self.proxy_url, "proxyUrl"),
            (&self.ssh_gateway_url, "sshGatewayUrl"),
            (&self.snapshot_manager_url, "snapshotManagerUrl"),
        ];
        match services
            .into_iter()
            .find(|(url, _)| url.as_ref().is_some_and(|url| !url.is_empty()))
        {
            Some((_, name)) => Err(Problem::BadRequest(format!(
                "{name}: not supported by this server; a custom region is reached through the platform's own front"
            ))),
            None => Ok(()),
        }
    }
}

/// The answer to it.
#[derive(Debug, Serialize)]
pub struct CreatedRegion {
    /// Its id.
    pub id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_looks_as_clients_decode_it() {
        let region = Region {
            id: "lab_x7k2".into(),
            name: "Lab".into(),
            kind: RegionKind::Custom,
            organization: Some("org-1".into()),
            enforce_quotas: false,
            proxy_url: Some("https://proxy.lab.example".into()),
            ssh_gateway_url: None,
            snapshot_manager_url: None,
            created: 1_767_225_600_000,
            updated: 1_767_225_600_000,
        };
        let want = serde_json::json!({
            "id": "lab_x7k2", "name": "Lab", "organizationId": "org-1", "regionType": "custom",
            "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
            "proxyUrl": "https://proxy.lab.example", "sshGatewayUrl": null, "snapshotManagerUrl": null,
        });
        assert_eq!(serde_json::to_value(RegionView::from(&region)).expect("JSON"), want);
    }

    #[test]
    fn services_are_refused_by_name() {
        let check = |text: &str| serde_json::from_str::<CreateRegion>(text).expect("fits").check();
        assert_eq!(check(r#"{"name":"Lab","proxyUrl":"","sshGatewayUrl":null}"#), Ok(()));
        assert!(check(r#"{"name":"Lab","proxyUrl":"http://x"}"#).is_err_and(|p| p.to_string().contains("proxyUrl")));
    }
}
