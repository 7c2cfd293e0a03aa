//! What the manifest's variables say.

use std::sync::OnceLock;

use spin_sdk::variables;

use crate::http::Problem;

/// A runner of the platform's own that is registered at the first start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnRunner {
    pub(super) region: String,
    pub(super) name: String,
    pub(super) token_hash: String,
}

/// The variables, taken apart.
#[derive(Clone, Debug)]
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
pub(super) async fn get() -> Result<Settings, Problem> {
    if let Some(settings) = SETTINGS.get() {
        return Ok(settings.clone());
    }
    let settings = read().await?;
    Ok(SETTINGS.get_or_init(|| settings).clone())
}

async fn read() -> Result<Settings, Problem> {
    let runners = variable("runner_token_hash").await?;
    let hearing_since = variable("plane_started").await?;
    Ok(Settings {
        toolbox_proxy_url: variable("toolbox_proxy_url").await?.trim_end_matches('/').to_owned(),
        regions: words(&variable("default_region").await?).map(str::to_owned).collect(),
        key_hash: variable("bootstrap_key_hash").await?,
        runners: words(&runners).map(runner).collect::<Result<_, _>>()?,
        front_key_hash: variable("front_key_hash").await?,
        hearing_since: if hearing_since.is_empty() {
            0
        } else {
            number("plane_started", &hearing_since)?
        },
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

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn number(name: &str, text: &str) -> Result<u64, Problem> {
    text.parse()
        .map_err(|_| Problem::Internal(format!("variable {name}: {text:?} is no number")))
}

fn runner(entry: &str) -> Result<OwnRunner, Problem> {
    let parts: Vec<&str> = entry.split(':').collect();
    match parts.as_slice() {
        [region, name, hash] if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(OwnRunner {
            region: (*region).to_owned(),
            name: (*name).to_owned(),
            token_hash: hash.to_ascii_lowercase(),
        }),
        // The entry itself is not repeated: it may hold a token by mistake.
        _ => Err(Problem::Internal(
            "variable runner_token_hash: an entry is not region:name:sha256".to_owned(),
        )),
    }
}
