//! Where the platform is, and with which key.

use crate::client::{CliError, Client};
use clap::Args;
use std::path::{Path, PathBuf};

/// Where a platform started on this machine without options listens.
const LOCAL: &str = "http://127.0.0.1:3986/api";

/// Options of every command that speaks to a platform.
#[derive(Args, Debug, Clone)]
pub struct Connection {
    /// URL of the API, ending in /api [default: http://127.0.0.1:3986/api]
    #[arg(long, env = "DAYTONA_API_URL", value_name = "URL", global = true)]
    api_url: Option<String>,
    /// API key [default: that of the platform on this machine, from its data directory]
    #[arg(
        long,
        env = "DAYTONA_API_KEY",
        value_name = "KEY",
        hide_env_values = true,
        global = true
    )]
    api_key: Option<String>,
    /// Act for this organization (id); only for operators, or a user with keys in several
    #[arg(
        id = "acting-for",
        long = "organization",
        env = "DAYTONA_ORGANIZATION_ID",
        value_name = "ID",
        global = true
    )]
    organization: Option<String>,
    /// Certificates (PEM) to trust beside the built-in ones
    #[arg(long, env = "SANDBAR_CA_FILE", value_name = "FILE", global = true)]
    ca_file: Option<PathBuf>,
    /// Print JSON for programs instead of a table
    #[arg(long, global = true)]
    pub json: bool,
}

impl Connection {
    /// A client for these options.
    ///
    /// # Errors
    /// [`CliError::Usage`] without a key, or with certificates that cannot be read.
    pub fn client(&self) -> Result<Client, CliError> {
        let url = self.api_url.as_deref().unwrap_or(LOCAL).trim_end_matches('/');
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(CliError::Usage(format!(
                "{url} is not the URL of an API: it starts with http:// or https://"
            )));
        }
        let key = match &self.api_key {
            Some(key) => key.clone(),
            None => local_key(&data_dir()).ok_or_else(|| {
                CliError::Usage(format!(
                    "no API key: give --api-key or DAYTONA_API_KEY (no platform has left one in {})",
                    data_dir().display()
                ))
            })?,
        };
        Client::new(url, &key, self.organization.as_deref(), self.ca_file.as_deref())
    }

    /// The API's URL, if one was given.
    #[must_use]
    pub fn api_url(&self) -> Option<&str> {
        self.api_url.as_deref()
    }

    /// The certificates to trust beside the built-in ones, if any were given.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }
}

/// Where a platform on this machine keeps what is durable.
fn data_dir() -> PathBuf {
    let at = |name, rest: &str| std::env::var_os(name).map(|dir| PathBuf::from(dir).join(rest));
    at("SANDBAR_DATA_DIR", "")
        .or_else(|| at("XDG_DATA_HOME", "sandbar"))
        .or_else(|| at("HOME", ".local/share/sandbar"))
        .unwrap_or_else(|| PathBuf::from("."))
}

/// The key that `sandbar up` keeps for its owner.
fn local_key(data_dir: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data_dir.join("api-key")).ok()?;
    let key = text.trim();
    (!key.is_empty()).then(|| key.to_owned())
}
