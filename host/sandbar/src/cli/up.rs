//! `sandbar up`.

use super::{EgressArguments, Places, RatioArguments, asked_to_stop, runtime, say, snippets};
use anyhow::{Result, ensure};
use clap::Args;
use sandbar::{Options, Platform, Verdicts};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

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
    /// A scheduler component to try before the manifest's; or NAME=FILE, to be used where a region asks for the policy NAME. May be
    /// given more than once
    #[arg(long, value_name = "[NAME=]FILE")]
    scheduler: Vec<String>,
    #[command(flatten)]
    egress: EgressArguments,
    /// Silence in seconds after which a runner is suspect, disconnected and lost: three growing numbers
    #[arg(long, value_name = "S,S,S", value_parser = verdicts)]
    verdicts: Option<Verdicts>,
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
        let (scheduler, policies) = schedulers(&self.scheduler)?;
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
            scheduler,
            policies,
            egress_allow: self.egress.egress_allow,
            guest_ca_file: self.egress.guest_ca_file,
            verdicts: self.verdicts,
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

/// A bare file replaces the default, a named one is a policy of its own.
fn schedulers(given: &[String]) -> Result<(Option<PathBuf>, BTreeMap<String, PathBuf>)> {
    let (mut default, mut named) = (None, BTreeMap::new());
    for text in given {
        match text.split_once('=') {
            Some((name, file)) => {
                let plain = (1..=64).contains(&name.len())
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                ensure!(
                    plain,
                    "--scheduler {text}: a policy's name has 1 to 64 letters, digits, `-` or `_`"
                );
                ensure!(
                    name != "spread" && name != "pack",
                    "--scheduler {text}: `spread` and `pack` are the default scheduler's own; choose another name"
                );
                let twice = named.insert(name.to_owned(), PathBuf::from(file)).is_some();
                ensure!(!twice, "--scheduler {text}: the policy is named twice");
            }
            None => {
                let twice = default.replace(PathBuf::from(text)).is_some();
                ensure!(
                    !twice,
                    "--scheduler {text}: only one file can replace the default; name the others"
                );
            }
        }
    }
    Ok((default, named))
}

fn verdicts(text: &str) -> Result<Verdicts, String> {
    let seconds: Vec<u64> = text.split(',').map_while(|part| part.trim().parse().ok()).collect();
    match seconds[..] {
        [suspect, disconnected, lost] if 0 < suspect && suspect < disconnected && disconnected < lost => Ok(Verdicts {
            suspect: Duration::from_secs(suspect),
            disconnected: Duration::from_secs(disconnected),
            lost: Duration::from_secs(lost),
        }),
        _ => Err("three growing numbers of seconds, such as 10,30,900".to_owned()),
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
