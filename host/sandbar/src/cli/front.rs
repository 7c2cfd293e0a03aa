//! `sandbar front` and `sandbar proxy`: fronts of a control plane elsewhere.

use super::{asked_to_stop, runtime, say};
use anyhow::{Context, Result};
use clap::Args;
use sandbar::{FrontConfig, RemoteConfig};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serve toolboxes, previews, /link and the event stream for a control plane at another address.
#[derive(Args)]
pub struct FrontCommand {
    /// Origin of the control plane, e.g. http://127.0.0.1:3000
    #[arg(long, value_name = "URL")]
    plane: String,
    /// The key whose SHA-256 the plane has as its variable front_key_hash
    #[arg(long, env = "SANDBAR_FRONT_KEY", value_name = "KEY", hide_env_values = true)]
    front_key: String,
    #[command(flatten)]
    serving: Serving,
}

/// Serve toolboxes and previews of one region, near its runners: they dial this proxy instead of the platform. Make the region
/// with a proxyUrl that leads here; its key is shown then, once.
#[derive(Args)]
pub struct ProxyCommand {
    /// Base of the platform's API, e.g. https://sandbar.example/api
    #[arg(long, env = "SANDBAR_API_URL", value_name = "URL")]
    api_url: String,
    /// The region's proxy key
    #[arg(long, env = "SANDBAR_PROXY_KEY", value_name = "KEY", hide_env_values = true)]
    proxy_key: String,
    #[command(flatten)]
    serving: Serving,
}

/// What both take.
#[derive(Args)]
struct Serving {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value_t = sandbar::DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// Domain of previews: <port>-<sandbox>.DOMAIN [default: any domain]
    #[arg(long, value_name = "DOMAIN")]
    preview_domain: Option<String>,
    /// Certificates (PEM) to trust for an https address, beside the usual ones
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl FrontCommand {
    /// Serves until asked to stop.
    pub fn run(self) -> Result<()> {
        self.serving.serve(self.plane, self.front_key, true).context("--plane")
    }
}

impl ProxyCommand {
    /// Serves until asked to stop.
    pub fn run(self) -> Result<()> {
        let plane = self.api_url.trim_end_matches('/').trim_end_matches("/api").to_owned();
        // Time is the platform's own affair.
        self.serving.serve(plane, self.proxy_key, false).context("--api-url")
    }
}

impl Serving {
    fn serve(self, plane: String, front_key: String, ticks: bool) -> Result<()> {
        runtime()?.block_on(async {
            let (stop, stopped) = tokio::sync::watch::channel(false);
            let front = sandbar::remote_front(RemoteConfig {
                plane,
                ca_file: self.ca_file,
                front: FrontConfig {
                    preview_domain: self.preview_domain,
                    ticks,
                    ..FrontConfig::new(front_key)
                },
            })?;
            let listener = sandbar::Listener::bind(self.listen).await?;
            say(&format!("toolbox base: http://{}/toolbox", listener.address()));
            let serving = tokio::spawn(listener.serve(front, stopped));
            asked_to_stop().await?;
            let _ = stop.send(true);
            serving.await.context("the listener ended")
        })
    }
}
