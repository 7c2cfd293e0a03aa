//! `sandbar front`.

use super::{asked_to_stop, runtime, say};
use anyhow::{Context, Result};
use clap::Args;
use std::net::SocketAddr;

/// Serve /toolbox, /link and the event stream for a control plane at another address.
#[derive(Args)]
pub struct FrontCommand {
    /// Origin of the control plane, e.g. http://127.0.0.1:3000
    #[arg(long, value_name = "URL")]
    plane: String,
    /// The key whose SHA-256 the plane has as its variable front_key_hash
    #[arg(long, env = "SANDBAR_FRONT_KEY", value_name = "KEY", hide_env_values = true)]
    front_key: String,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value_t = sandbar::DEFAULT_LISTEN)]
    listen: SocketAddr,
}

impl FrontCommand {
    /// Serves until asked to stop.
    pub fn run(self) -> Result<()> {
        runtime()?.block_on(async {
            let (stop, stopped) = tokio::sync::watch::channel(false);
            let front = sandbar::remote_front(&self.plane, &self.front_key).context("--plane")?;
            let listener = sandbar::Listener::bind(self.listen).await?;
            say(&format!("toolbox base: http://{}/toolbox", listener.address()));
            let serving = tokio::spawn(listener.serve(front, stopped));
            asked_to_stop().await?;
            let _ = stop.send(true);
            serving.await.context("the listener ended")
        })
    }
}
