//! `sandbar runner`.

use super::{CapacityArguments, EgressArguments, Places, RatioArguments, asked_to_stop, runtime, say};
use anyhow::{Context, Result};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Make this machine a runner. Register it first (POST /api/runners), which gives its token.
#[derive(Args)]
pub struct RunnerCommand {
    /// Base of the platform's API, e.g. http://sandbar.example:3986/api
    #[arg(long, env = "SANDBAR_API_URL", value_name = "URL")]
    api_url: String,
    /// Where the front is, if neither the region's proxy nor at the API's origin
    #[arg(long, env = "SANDBAR_FRONT_URL", value_name = "URL")]
    front_url: Option<String>,
    /// The runner's token
    #[arg(long, env = "SANDBAR_RUNNER_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: String,
    /// Where the runner keeps its sandboxes
    #[arg(long, env = "SANDBAR_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
    /// Name for logs
    #[arg(long, value_name = "NAME", default_value = "runner")]
    name: String,
    #[command(flatten)]
    ratios: RatioArguments,
    #[command(flatten)]
    capacity: CapacityArguments,
    /// Certificates (PEM) to trust for an https address, beside the usual ones
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Show /metrics there, for scrapers of this machine; they are at the platform's /api/runners/<id>/metrics anyway
    #[arg(long, value_name = "ADDR:PORT")]
    metrics_listen: Option<SocketAddr>,
    #[command(flatten)]
    egress: EgressArguments,
    #[command(flatten)]
    places: Places,
}

/// The plane does not want this process as its runner. A supervisor that restarts it would only have it refused again.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Ended(sandbar::End);

impl Ended {
    /// The exit code: 3, that it was replaced; 4, that another directory is this runner.
    pub fn code(&self) -> u8 {
        match self.0 {
            sandbar::End::Replaced => 3,
            sandbar::End::Conflict(_) => 4,
        }
    }
}

impl RunnerCommand {
    /// Runs until asked to stop.
    pub fn run(self) -> Result<()> {
        let home = self.places.home();
        let cache_dir = self.places.cache();
        runtime()?.block_on(async {
            sandbar::compile(&home, &cache_dir, &say)?;
            let config = sandbar::RunnerConfig {
                api_url: self.api_url,
                front_url: self.front_url,
                token: self.token,
                name: self.name,
                data_dir: self.data_dir,
                userland: home.userland,
                cache_dir,
                exe: std::env::current_exe().context("cannot find this program's own file")?,
                component: home.components.join("runner.wasm"),
                ratios: self.ratios.ratios(),
                capacity: self.capacity.capacity(),
                ca_file: self.ca_file,
                metrics_listen: self.metrics_listen,
                egress_allow: self.egress.egress_allow,
                egress_none: false,
                guest_ca_file: self.egress.guest_ca_file,
                report_every: Duration::from_secs(5),
                jail: true,
            };
            let engine = sandbar::control_engine()?;
            let runner = sandbar::Runner::start(config, &engine).await?;
            say("this machine is a runner; Ctrl-C stops it, sandboxes keep their files");
            let end = tokio::select! {
                asked = asked_to_stop() => asked.map(|()| None)?,
                end = runner.ended() => Some(end),
            };
            runner.shutdown().await;
            match end {
                Some(end) => Err(Ended(end).into()),
                None => Ok(()),
            }
        })
    }
}
