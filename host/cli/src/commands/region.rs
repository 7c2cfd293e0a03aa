//! `sandbar region …`

use super::{Session, Verb, id_of};
use crate::client::{CliError, segment};
use crate::output::{Column, cell};
use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use serde_json::{Map, Value, json};

/// What is done to regions.
#[derive(Subcommand)]
pub enum Region {
    /// Those that you may use; an operator sees all with --all
    List {
        /// Those of every organization too (operators only)
        #[arg(long)]
        all: bool,
    },
    /// One, by name or id
    Show {
        /// Name or id
        region: String,
    },
    /// Make a region of your organization; an operator makes shared and dedicated ones with --type
    Create(Create),
    /// Change the services or the placement policy; a service that is new gets its credential, shown once
    Update(Update),
    /// Make a service's credential anew; the old one is dead at once
    Regenerate {
        /// Name or id
        region: String,
        /// Whose credential
        service: Service,
    },
    /// Delete a region without runners
    Delete {
        /// Name or id
        region: String,
    },
}

/// URLs of a region's services.
#[derive(Args)]
pub struct Services {
    /// Where its proxy answers toolbox calls and previews
    #[arg(long, value_name = "URL")]
    proxy_url: Option<String>,
    /// Where its SSH gateway listens
    #[arg(long, value_name = "URL")]
    ssh_gateway_url: Option<String>,
    /// Its registry of snapshots
    #[arg(long, value_name = "URL")]
    snapshot_manager_url: Option<String>,
}

impl Services {
    /// Field of the API, service, what was given.
    fn given(&self) -> [(&'static str, Service, Option<&String>); 3] {
        [
            ("proxyUrl", Service::Proxy, self.proxy_url.as_ref()),
            ("sshGatewayUrl", Service::SshGateway, self.ssh_gateway_url.as_ref()),
            (
                "snapshotManagerUrl",
                Service::SnapshotManager,
                self.snapshot_manager_url.as_ref(),
            ),
        ]
    }

    fn fields(&self) -> Map<String, Value> {
        let set = self
            .given()
            .into_iter()
            .filter_map(|(field, _, url)| Some((field.to_owned(), json!(url?))));
        set.collect()
    }
}

/// Arguments of `create`.
#[derive(Args)]
pub struct Create {
    /// 2 to 255 letters, digits, `_`, `.`, `-`
    name: String,
    #[command(flatten)]
    services: Services,
    /// custom: your organization's own; shared and dedicated: the platform's (operators only)
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    kind: Kind,
    /// Organization that a dedicated region is for (id)
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Id of a shared or dedicated region [default: its name]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Only organizations with a quota may use it
    #[arg(long)]
    enforce_quotas: bool,
}

/// Arguments of `update`. An empty URL removes the service.
#[derive(Args)]
pub struct Update {
    /// Name or id
    region: String,
    #[command(flatten)]
    services: Services,
    /// How runners are chosen: spread, pack, or a scheduler that the operator brought
    #[arg(long, value_name = "POLICY")]
    placement_policy: Option<String>,
}

/// Types of regions.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Your organization's own
    Custom,
    /// Everybody's, within quotas
    Shared,
    /// One organization's, on the platform's machines
    Dedicated,
}

/// Services of a region that have a credential.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// `sandbar proxy`
    Proxy,
    /// The SSH gateway
    SshGateway,
    /// The registry of snapshots
    SnapshotManager,
}

impl Service {
    /// The route that makes its credential anew.
    fn route(self) -> &'static str {
        match self {
            Self::Proxy => "regenerate-proxy-api-key",
            Self::SshGateway => "regenerate-ssh-gateway-api-key",
            Self::SnapshotManager => "regenerate-snapshot-manager-credentials",
        }
    }
}

const COLUMNS: &[Column] = &[
    ("NAME", |region| cell(&region["name"])),
    ("ID", |region| cell(&region["id"])),
    ("TYPE", |region| cell(&region["regionType"])),
    ("REACHABLE", |region| cell(&region["reachability"])),
    ("POLICY", |region| cell(&region["placementPolicy"])),
    ("PROXY", |region| cell(&region["proxyUrl"])),
];

impl Verb for Region {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        match self {
            Self::List { all } => {
                let route = if all { "/admin/regions" } else { "/regions" };
                let all = session.client.get(route)?;
                session.out.list(&all, COLUMNS)
            }
            Self::Show { region } => {
                let found = show(session, &region)?;
                session.out.show(&found)
            }
            Self::Create(create) => create.run(session),
            Self::Update(update) => update.run(session),
            Self::Regenerate { region, service } => {
                let path = format!("{}/{}", path(session, &region)?, service.route());
                let made = session.client.call(Method::POST, &path, None)?;
                session.out.show(&made)
            }
            Self::Delete { region } => {
                let path = path(session, &region)?;
                session.client.call(Method::DELETE, &path, None)?;
                session
                    .out
                    .done(&format!("region {region} is deleted"), &json!({"deleted": region}))
            }
        }
    }
}

/// Where a region called by name or id is found: the base of its route, and its id. Operators change the platform's own, too.
fn find(session: &Session<'_>, region: &str) -> Result<(&'static str, String), CliError> {
    let own = session.client.get("/regions")?;
    let found = id_of(&own, region, "region");
    let custom = |id: &str| {
        let all = own.as_array().into_iter().flatten();
        all.into_iter()
            .any(|one| one["id"] == id && one["regionType"] == "custom")
    };
    match found {
        Ok(id) if custom(&id) => Ok(("/regions", id)),
        other => match session.client.get("/admin/regions") {
            Ok(all) => Ok(("/admin/regions", id_of(&all, region, "region")?)),
            Err(_) => Ok(("/regions", other?)),
        },
    }
}

fn path(session: &Session<'_>, region: &str) -> Result<String, CliError> {
    let (base, id) = find(session, region)?;
    Ok(format!("{base}/{}", segment(&id)))
}

/// A region in full. What only operators see has no route for one.
fn show(session: &Session<'_>, region: &str) -> Result<Value, CliError> {
    let id = id(session, region)?;
    match session.client.get(&format!("/regions/{}", segment(&id))) {
        Err(CliError::Refused { status: 404, .. }) => {
            let all = session.client.get("/admin/regions")?;
            let one = all
                .as_array()
                .into_iter()
                .flatten()
                .find(|one| one["id"] == id.as_str());
            one.cloned()
                .ok_or_else(|| CliError::Usage(format!("there is no region {region} any more")))
        }
        other => other,
    }
}

/// The id of a region called by name or id.
pub(super) fn id(session: &Session<'_>, region: &str) -> Result<String, CliError> {
    Ok(find(session, region)?.1)
}

impl Verb for Create {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        let mut body = self.services.fields();
        body.insert("name".into(), json!(self.name));
        let route = match self.kind {
            Kind::Custom => "/regions",
            kind => {
                body.insert(
                    "regionType".into(),
                    json!(if kind == Kind::Shared { "shared" } else { "dedicated" }),
                );
                body.insert("enforceQuotas".into(), json!(self.enforce_quotas));
                body.extend(self.id.map(|id| ("id".to_owned(), json!(id))));
                body.extend(self.tenant.map(|tenant| ("organizationId".to_owned(), json!(tenant))));
                "/admin/regions"
            }
        };
        let made = session.client.call(Method::POST, route, Some(&Value::Object(body)))?;
        session.out.show(&made)?;
        let id = made["id"].as_str().unwrap_or_default();
        session
            .out
            .hint(&format!("Next, a machine: sandbar runner create NAME --region {id}"))?;
        if made["proxyApiKey"].is_string() {
            let url = session.client.url().to_owned();
            session.out.hint(&format!(
                "Its proxy: sandbar proxy --api-url {url} --listen ADDR:PORT, with the key in SANDBAR_PROXY_KEY. Credentials are shown this once"
            ))?;
        }
        Ok(())
    }
}

impl Verb for Update {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        let path = path(session, &self.region)?;
        let before = show(session, &self.region)?;
        let mut body = self.services.fields();
        body.extend(
            self.placement_policy
                .as_ref()
                .map(|policy| ("placementPolicy".to_owned(), json!(policy))),
        );
        if body.is_empty() {
            return Err(CliError::Usage(
                "nothing to change: give a URL or --placement-policy".to_owned(),
            ));
        }
        session.client.call(Method::PATCH, &path, Some(&Value::Object(body)))?;
        // The API makes the credential of a service that was added but does not show it: make it anew, and show it.
        let mut result = show(session, &self.region)?;
        for (field, service, url) in self.services.given() {
            let is_new =
                url.is_some_and(|url| !url.is_empty()) && before[field].as_str().unwrap_or_default().is_empty();
            if is_new {
                let made = session
                    .client
                    .call(Method::POST, &format!("{path}/{}", service.route()), None)?;
                for (name, value) in made.as_object().into_iter().flatten() {
                    result[format!("{}.{name}", field.trim_end_matches("Url"))] = value.clone();
                }
            }
        }
        session.out.show(&result)
    }
}
