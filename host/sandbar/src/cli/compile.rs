//! `sandbar compile`.

use super::{Places, say};
use anyhow::Result;
use clap::Args;

/// Compile components and userland into the cache, so that the first start is quick.
#[derive(Args)]
pub struct Compile {
    #[command(flatten)]
    places: Places,
}

impl Compile {
    /// Compiles what the cache does not have.
    pub fn run(self) -> Result<()> {
        Ok(sandbar::compile(&self.places.home(), &self.places.cache(), &say)?)
    }
}
