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

/// What is sold, where it is not to be detected and scaled: each that is given holds as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Thousandths of a CPU.
    pub cpu_milli: Option<u64>,
    /// MiB of memory.
    pub memory_mib: Option<u64>,
    /// MiB of disk.
    pub disk_mib: Option<u64>,
}

/// Configuration of a runner.
#[derive(Clone)]
pub struct RunnerConfig {
    /// Base of the plane's API, e.g. `https://sandbar.example/api`.
    pub api_url: String,
    /// Origin of the front that answers `/link`; none: what the plane says when the runner attaches, else the origin of
    /// `api_url`.
    pub front_url: Option<String>,
    /// Certificates to trust beside the usual ones, in PEM.
    pub ca_file: Option<PathBuf>,
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
    /// What of it is sold, said outright.
    pub capacity: Capacity,
    /// Where `/metrics` is shown beside the link; none: nowhere.
    pub metrics_listen: Option<std::net::SocketAddr>,
    /// Interval of health reports.
    pub report_every: Duration,
    /// What sandboxes may reach although it is not public, beside their own policies.
    pub egress_allow: Vec<std::net::SocketAddr>,
    /// Whether sandboxes reach nothing outside at all.
    pub egress_none: bool,
    /// Certificates (PEM) that programs in sandboxes trust beside the public ones.
    pub guest_ca_file: Option<PathBuf>,
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
