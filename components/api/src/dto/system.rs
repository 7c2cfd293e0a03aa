//! Configuration, health, and what the front asks for.

use serde::{Deserialize, Serialize};

use crate::contracts::store::{Principal, Sandbox};
use crate::dto::create::AUTO_ARCHIVE_MOST;
use crate::dto::{SNAPSHOT, SandboxView};
use crate::rules::lifecycle::shown;

/// What clients read of a server before they know anybody.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    version: &'static str,
    oidc: Oidc,
    linked_accounts_enabled: bool,
    announcements: Empty,
    proxy_template_url: String,
    proxy_toolbox_url: String,
    default_snapshot: &'static str,
    dashboard_url: String,
    max_auto_archive_interval: u32,
    // The documented name.
    maintanance_mode: bool,
    environment: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Oidc {
    issuer: String,
    client_id: &'static str,
    audience: &'static str,
    provider: &'static str,
}

#[derive(Debug, Serialize)]
struct Empty {}

impl Config {
    /// The configuration of a server whose toolbox is reached at this base. There is no login by OpenID: its
    /// required fields say `none`.
    pub fn new(toolbox_proxy_url: &str) -> Self {
        let (scheme, rest) = toolbox_proxy_url
            .split_once("://")
            .unwrap_or(("http", toolbox_proxy_url));
        let authority = rest.split('/').next().unwrap_or(rest);
        let origin = format!("{scheme}://{authority}");
        Self {
            version: env!("CARGO_PKG_VERSION"),
            oidc: Oidc {
                issuer: origin.clone(),
                client_id: "none",
                audience: "none",
                provider: "none",
            },
            linked_accounts_enabled: false,
            announcements: Empty {},
            proxy_template_url: format!("{scheme}://{{{{PORT}}}}-{{{{sandboxId}}}}.{authority}"),
            proxy_toolbox_url: toolbox_proxy_url.to_owned(),
            default_snapshot: SNAPSHOT,
            dashboard_url: origin,
            max_auto_archive_interval: AUTO_ARCHIVE_MOST,
            maintanance_mode: false,
            environment: "local",
        }
    }
}

/// Whether the server can serve.
#[derive(Debug, Serialize)]
pub struct Ready {
    /// `ok`.
    pub status: &'static str,
}

/// An answer that is one URL.
#[derive(Debug, Serialize)]
pub struct Url {
    /// The URL.
    pub url: String,
}

/// Who a credential stands for, for the front.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityView {
    /// Kind of caller.
    pub principal: &'static str,
    /// Empty for machines of the platform.
    pub organization_id: String,
    /// User, runner or region.
    pub subject: String,
    /// Region of a runner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl IdentityView {
    /// The word for a kind of caller.
    pub fn word(principal: Principal) -> &'static str {
        match principal {
            Principal::User => "user",
            Principal::Runner => "runner",
            Principal::RegionProxy => "region-proxy",
            Principal::RegionSshGateway => "region-ssh-gateway",
            Principal::Operator => "operator",
        }
    }
}

/// Where a caller's sandbox is, for the front.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    sandbox_id: String,
    organization_id: String,
    runner_id: Option<String>,
    generation: u64,
    /// As it is shown to clients.
    state: String,
    /// Whether everybody may see its ports; told where a preview is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<bool>,
}

impl Access {
    /// For a preview.
    pub fn preview(it: &Sandbox) -> Self {
        Self {
            public: Some(it.public),
            ..Self::from(it)
        }
    }
}

/// Which runner a caller may reach.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunnerAccess {
    /// The runner.
    pub runner_id: String,
}

/// The runners that are connected to a front.
#[derive(Debug, Deserialize)]
pub struct Links {
    /// Their ids.
    pub runners: Vec<String>,
}

/// What a tick did.
#[derive(Debug, Default, Serialize)]
pub struct Ticked {
    /// Changes that it made.
    pub acted: u64,
    /// Whether it did the work; else somebody else does, or has just done.
    pub done: bool,
}

/// What does not hold of the database.
#[derive(Debug, Serialize)]
pub struct Broken {
    /// In words; empty if all is well.
    pub broken: Vec<String>,
}

impl From<&Sandbox> for Access {
    fn from(it: &Sandbox) -> Self {
        Self {
            sandbox_id: it.id.clone(),
            organization_id: it.organization.clone(),
            runner_id: it.runner.clone(),
            generation: it.generation,
            state: shown(&it.state, &it.desired).to_owned(),
            public: None,
        }
    }
}

/// What changed in an organization, for the front's event stream.
#[derive(Debug, Serialize)]
pub struct Changes {
    /// To pass as `after` the next time.
    pub position: u64,
    /// Oldest change first; destroyed ones included.
    pub sandboxes: Vec<SandboxView>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_configuration_has_every_required_field() {
        let got = serde_json::to_value(Config::new("http://127.0.0.1:3000/toolbox")).expect("JSON");
        let want = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "oidc": {"issuer": "http://127.0.0.1:3000", "clientId": "none", "audience": "none", "provider": "none"},
            "linkedAccountsEnabled": false, "announcements": {},
            "proxyTemplateUrl": "http://{{PORT}}-{{sandboxId}}.127.0.0.1:3000",
            "proxyToolboxUrl": "http://127.0.0.1:3000/toolbox", "defaultSnapshot": SNAPSHOT,
            "dashboardUrl": "http://127.0.0.1:3000", "maxAutoArchiveInterval": 43200, "maintananceMode": false,
            "environment": "local",
        });
        assert_eq!(got, want);
    }

    #[test]
    fn the_front_learns_where_a_sandbox_is() {
        let got = serde_json::to_value(Access::from(&crate::dto::sample())).expect("JSON");
        let want = json!({
            "sandboxId": "0b6f0d5e-6d0e-4f0c-9a5c-2f2f6c1f8a11", "organizationId": "org-1",
            "runnerId": "5f0c6f7e-0000-4000-8000-000000000001", "generation": 1, "state": "started",
        });
        assert_eq!(got, want);
    }
}
