//! `sandbar runner`: makes this machine a runner, or, with a verb, speaks about the platform's.

use super::{CapacityArguments, EgressArguments, Places, RatioArguments, asked_to_stop, runtime, say};
use anyhow::{Context, Result};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Make this machine a runner. Register it first (`sandbar runner create`), which gives its token. With a verb: see, register
/// and change the runners of a platform.
#[derive(Args)]
#[command(subcommand_negates_reqs = true)]
pub struct RunnerCommand {
    #[command(subcommand)]
    verb: Option<sandbar_cli::Runner>,
    #[command(flatten)]
    connection: sandbar_cli::Connection,
    #[command(flatten)]
    machine: Machine,
}

/// What makes this machine a runner.
#[derive(Args)]
struct Machine {
    /// Where the front is, if neither the region's proxy nor at the API's origin
    #[arg(long, env = "SANDBAR_FRONT_URL", value_name = "URL")]
    front_url: Option<String>,
    /// The runner's token
    #[arg(
        long,
        env = "SANDBAR_RUNNER_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        required = true
    )]
    token: Option<String>,
    /// Where the runner keeps its sandboxes
    #[arg(long, env = "SANDBAR_DATA_DIR", value_name = "DIR", required = true)]
    data_dir: Option<PathBuf>,
    /// Name for logs
    #[arg(long, value_name = "NAME", default_value = "runner")]
    name: String,
    #[command(flatten)]
    ratios: RatioArguments,
    #[command(flatten)]
    capacity: CapacityArguments,
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
    /// Does what the verb says; without one, runs until asked to stop.
    pub fn run(self) -> Result<()> {
        if let Some(verb) = self.verb {
            return Ok(sandbar_cli::run_runner(
                &self.connection,
                verb,
                &mut std::io::stdout().lock(),
            )?);
        }
        let api_url = match self.connection.api_url() {
            Some(url) => url.to_owned(),
            None => std::env::var("SANDBAR_API_URL")
                .context("--api-url is missing: the platform's API, like https://sandbar.example/api")?,
        };
        let ca_file = self.connection.ca_file().map(std::path::Path::to_path_buf);
        self.machine.run(api_url, ca_file)
    }
}

impl Machine {
    /// Runs until asked to stop.
    fn run(self, api_url: String, ca_file: Option<PathBuf>) -> Result<()> {
        let (Some(token), Some(data_dir)) = (self.token, self.data_dir) else {
            anyhow::bail!("--token and --data-dir are missing");
        };
        let home = self.places.home();
        let cache_dir = self.places.cache();
        runtime()?.block_on(async {
            sandbar::compile(&home, &cache_dir, &say)?;
            let config = sandbar::RunnerConfig {
                api_url,
                front_url: self.front_url,
                token,
                name: self.name,
                data_dir,
                userland: home.userland,
                cache_dir,
                exe: std::env::current_exe().context("cannot find this program's own file")?,
                component: home.components.join("runner.wasm"),
                ratios: self.ratios.ratios(),
                capacity: self.capacity.capacity(),
                ca_file,
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
