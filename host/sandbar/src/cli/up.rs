//! `sandbar up`.

use super::{Places, RatioArguments, asked_to_stop, runtime, say, snippets};
use anyhow::Result;
use clap::Args;
use sandbar::{Options, Platform};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Start the whole platform. The API key is kept in the data directory and printed again at the next start.
#[derive(Args)]
pub struct Up {
    /// Where everything durable is kept [default: ~/.local/share/sandbar]
    #[arg(long, env = "SANDBAR_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "SANDBAR_LISTEN", value_name = "ADDR:PORT", default_value_t = sandbar::DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// Base URL under which clients reach it, if another than the listener's
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Domain of previews: <port>-<sandbox>.DOMAIN; needs a wildcard DNS entry that leads here [default: any domain]
    #[arg(long, value_name = "DOMAIN")]
    preview_domain: Option<String>,
    /// Region to serve with a local runner; may be given more than once; the first is the default region
    #[arg(long = "region", value_name = "ID", default_value = "us")]
    regions: Vec<String>,
    /// Local runners of each region
    #[arg(long, value_name = "N", default_value_t = 1)]
    runners: u32,
    /// A scheduler component to try before the manifest's
    #[arg(long, value_name = "FILE")]
    scheduler: Option<PathBuf>,
    /// Print exactly one line of JSON, {"apiUrl": …, "apiKey": …}, once everything is ready; all else goes to standard error
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    ratios: RatioArguments,
    #[command(flatten)]
    places: Places,
}

impl Up {
    /// Runs until asked to stop.
    pub fn run(self) -> Result<()> {
        let options = Options {
            data_dir: self.data_dir.unwrap_or_else(sandbar::default_data),
            home: self.places.home(),
            cache_dir: self.places.cache(),
            listen: self.listen,
            public_url: self.public_url,
            preview_domain: self.preview_domain,
            regions: self.regions,
            runners: self.runners,
            ratios: self.ratios.ratios(),
            scheduler: self.scheduler,
            executable: None,
        };
        runtime()?.block_on(async {
            let platform = Platform::start(options, &say).await?;
            announce(&platform, self.json)?;
            asked_to_stop().await?;
            say("stopping");
            platform.shutdown().await;
            Ok(())
        })
    }
}

fn announce(platform: &Platform, json: bool) -> Result<()> {
    let (url, key) = (platform.api_url(), platform.api_key());
    let text = if json {
        let (url, key) = (serde_json::to_string(url)?, serde_json::to_string(key)?);
        format!("{{\"apiUrl\": {url}, \"apiKey\": {key}}}\n")
    } else {
        snippets::welcome(url, key)
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
