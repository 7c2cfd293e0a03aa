//! What a runner is told when it starts.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Allocatable = detected times ratio, for each resource. 1.0 sells exactly what is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratios {
    /// Of the CPUs that this process may run on.
    pub cpu: f64,
    /// Of the machine's memory (or of the cgroup's limit, if smaller).
    pub memory: f64,
    /// Of the file system that holds the data directory.
    pub disk: f64,
}

impl Default for Ratios {
    fn default() -> Self {
        Self {
            cpu: 1.0,
            memory: 1.0,
            disk: 1.0,
        }
    }
}

/// Configuration of a runner.
#[derive(Clone)]
pub struct RunnerConfig {
    /// Base of the plane's API, e.g. `http://127.0.0.1:3000/api`.
    pub api_url: String,
    /// Origin of the front that answers `/link`; none: the origin of `api_url`.
    pub front_url: Option<String>,
    /// The runner's token.
    pub token: String,
    /// The runner's name, for its component and for logs.
    pub name: String,
    /// The runner's own directory; `sandboxes/` is made in it.
    pub data_dir: PathBuf,
    /// Directory of the userland: `*.wasm` and `base/`.
    pub userland: PathBuf,
    /// Directory of compiled code.
    pub cache_dir: PathBuf,
    /// The `sandbar` binary, started as `<exe> cell ...`.
    pub exe: PathBuf,
    /// The runner component, `runner.wasm`.
    pub component: PathBuf,
    /// What of the machine is sold.
    pub ratios: Ratios,
    /// Interval of health reports.
    pub report_every: Duration,
    /// Whether cells close their jail.
    pub jail: bool,
}

impl fmt::Debug for RunnerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token stays out of logs.
        f.debug_struct("RunnerConfig")
            .field("api_url", &self.api_url)
            .field("name", &self.name)
            .field("data_dir", &self.data_dir)
            .field("ratios", &self.ratios)
            .finish_non_exhaustive()
    }
}
