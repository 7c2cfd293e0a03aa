//! Waiting until the local runners take sandboxes.

use crate::error::StartError;
use sandbar_runner::Runner;
use std::time::Duration;

/// A cell loads its programs in a tenth of a second; a loaded machine may take far longer.
const LIMIT: Duration = Duration::from_secs(60);

/// Returns when every runner's cell answers, its first report is taken, and its link is up.
pub async fn wait(runners: &[Runner]) -> Result<(), StartError> {
    let ready = futures::future::join_all(runners.iter().map(Runner::ready));
    tokio::time::timeout(LIMIT, ready)
        .await
        .map(|_| ())
        .map_err(|_| StartError::NotReady(LIMIT.as_secs()))
}
