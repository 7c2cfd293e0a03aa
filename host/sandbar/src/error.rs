//! Why a platform did not start: what, why, and one next step.

use std::path::PathBuf;

/// Each variant's text ends with what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or directory of ours cannot be used.
    #[error("cannot {action} {}: {source}. {hint}", path.display())]
    Data {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// Another process holds the data directory.
    #[error("the data directory {} is in use by another process. Stop that one, or choose another with --data-dir", .0.display())]
    InUse(PathBuf),
    /// A file of ours holds something else.
    #[error("{} is damaged ({reason}). Restore it from a backup, or move it away to have a new one made", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// In what way.
        reason: String,
    },
    /// Components or userland are missing.
    #[error("{} is missing. In a checkout `cargo xtask build` makes it; elsewhere name the right directory with --home", .0.display())]
    Missing(PathBuf),
    /// An option is out of its range.
    #[error("{0}")]
    Option(String),
    /// The listener's address cannot be had.
    #[error("cannot listen on {address}: {source}. Choose another with --listen; port 0 takes a free one")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The control plane did not start.
    #[error("the control plane does not start: {0}")]
    Plane(String),
    /// A runner did not start.
    #[error("runner {name} does not start: {reason}")]
    Runner {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Everything runs, but a runner has not become ready.
    #[error(
        "the local runners are not ready after {0} s. The log above tells more (SANDBAR_LOG=info tells most); is the machine overloaded?"
    )]
    NotReady(u64),
}
