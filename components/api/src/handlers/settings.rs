//! What the manifest's variables say.

use std::sync::OnceLock;

use spin_sdk::variables;

use crate::http::Problem;
use crate::rules::variables::{self as read_as, OwnRunner};

/// The variables, taken apart.
#[derive(Debug)]
pub(super) struct Settings {
    /// Without a slash at its end.
    pub(super) toolbox_proxy_url: String,
    /// Ids of shared regions; the first one is the organization's default.
    pub(super) regions: Vec<String>,
    pub(super) key_hash: String,
    pub(super) runners: Vec<OwnRunner>,
    pub(super) front_key_hash: String,
    /// Since when the plane hears reports, in milliseconds since the epoch; 0: since ever.
    pub(super) hearing_since: u64,
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
    let hearing_since = variable("plane_started").await?;
    Ok(Settings {
        toolbox_proxy_url: variable("toolbox_proxy_url").await?.trim_end_matches('/').to_owned(),
        regions: read_as::words(&variable("default_region").await?)
            .map(str::to_owned)
            .collect(),
        key_hash: variable("bootstrap_key_hash").await?.to_ascii_lowercase(),
        runners: read_as::runners(&runners)?,
        front_key_hash: variable("front_key_hash").await?.to_ascii_lowercase(),
        hearing_since: read_as::moment(&hearing_since)?,
    })
}

/// A variable; an undefined one is empty.
async fn variable(name: &str) -> Result<String, Problem> {
    match variables::get(name).await {
        Ok(value) => Ok(value.trim().to_owned()),
        Err(variables::Error::Undefined(_)) => Ok(String::new()),
        Err(error) => Err(Problem::Internal(format!("variable {name}: {error}"))),
    }
}
