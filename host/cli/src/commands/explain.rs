//! `sandbar explain SANDBOX`: why it is where it is.

use super::{Session, Verb};
use crate::client::{CliError, segment};
use clap::Args;

/// Why a sandbox is where it is: every decision about its place, with what it rested on.
#[derive(Args)]
pub struct Explain {
    /// Name or id
    sandbox: String,
}

impl Verb for Explain {
    fn run(self, session: &mut Session<'_>) -> Result<(), CliError> {
        let found = session
            .client
            .get(&format!("/sandbox/{}/placement", segment(&self.sandbox)))?;
        session.out.show(&found)
    }
}
