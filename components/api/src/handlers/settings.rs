//! What the manifest's variables say.

use std::sync::OnceLock;

use spin_sdk::variables;

use crate::contracts::scheduler::Limits;
use crate::http::Problem;
use crate::rules::variables::{self as read_as, FleetLimits, OwnRunner};

/// The variables, taken apart.
#[derive(Debug)]
pub(super) struct Settings {
    /// Without a slash at its end.
    pub(super) toolbox_proxy_url: String,
    /// Where an SSH gateway of the platform's own listens; empty: nowhere.
    pub(super) ssh_gateway_url: String,
    /// Ids of shared regions; the first one is the organization's default.
    pub(super) regions: Vec<String>,
    pub(super) key_hash: String,
    pub(super) runners: Vec<OwnRunner>,
    pub(super) front_key_hash: String,
    /// Since when the plane hears reports, in milliseconds since the epoch; 0: since ever.
    pub(super) hearing_since: u64,
    pub(super) fleet: FleetLimits,
}

impl Settings {
    /// The limits of silence, as the scheduler takes them.
    pub(super) fn limits(&self) -> Limits {
        let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Limits {
            suspect_after: self.fleet.suspect_after,
            disconnected_after: self.fleet.disconnected_after,
            lost_after: self.fleet.lost_after,
            brake_share: small(self.fleet.brake_share),
            brake_least: small(self.fleet.brake_least),
        }
    }
}

/// Variables do not change while an instance lives, and an instance does not live long.
static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// The settings. Two calls at a time may both read them; they read the same.
pub(super) async fn get() -> Result<&'static Settings, Problem> {
    if let Some(settings) = SETTINGS.get() {
        return Ok(settings);
    }
    let settings = read().await?;
    Ok(SETTINGS.get_or_init(|| settings))
}

async fn read() -> Result<Settings, Problem> {
    let runners = variable("runner_token_hash").await?;
    Ok(Settings {
        toolbox_proxy_url: variable("toolbox_proxy_url").await?.trim_end_matches('/').to_owned(),
        ssh_gateway_url: variable("ssh_gateway_url").await?,
        regions: read_as::words(&variable("default_region").await?)
            .map(str::to_owned)
            .collect(),
        key_hash: variable("bootstrap_key_hash").await?.to_ascii_lowercase(),
        runners: read_as::runners(&runners)?,
        front_key_hash: variable("front_key_hash").await?.to_ascii_lowercase(),
        hearing_since: number("plane_started", 0).await?,
        fleet: fleet().await?,
    })
}

async fn fleet() -> Result<FleetLimits, Problem> {
    let usual = FleetLimits::default();
    FleetLimits {
        suspect_after: number("suspect_after", usual.suspect_after).await?,
        disconnected_after: number("disconnected_after", usual.disconnected_after).await?,
        lost_after: number("lost_after", usual.lost_after).await?,
        brake_share: number("brake_share", usual.brake_share).await?,
        brake_least: number("brake_least", usual.brake_least).await?,
        lease: number("runner_lease", usual.lease).await?,
        report_every: number("report_every", usual.report_every).await?,
        least_score: number("least_score", usual.least_score).await?,
    }
    .check()
}

async fn number(name: &str, default: u64) -> Result<u64, Problem> {
    read_as::number(name, &variable(name).await?, default)
}

/// A variable; an undefined one is empty.
async fn variable(name: &str) -> Result<String, Problem> {
    match variables::get(name).await {
        Ok(value) => Ok(value.trim().to_owned()),
        Err(variables::Error::Undefined(_)) => Ok(String::new()),
        Err(error) => Err(Problem::Internal(format!("variable {name}: {error}"))),
    }
}
