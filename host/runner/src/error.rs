//! Why a runner cannot start.

use std::path::PathBuf;

/// Why a runner cannot start. Every text says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The API's address is not one that this version can dial.
    #[error("the API's address {url:?} cannot be used: {reason}; give one such as http://127.0.0.1:3000/api")]
    Address {
        /// As configured.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token holds characters that no HTTP header may.
    #[error("the runner's token holds characters that cannot be sent; give the token as it was printed")]
    Token,
    /// The runner component could not be compiled or mapped.
    #[error("cannot load the runner component: {0}; build it with `cargo xtask up`")]
    Component(#[from] sandbar_engine::error::CacheError),
    /// The runner component was loaded but does not fit, or it trapped.
    #[error("the runner component does not work with this host: {0:#}; build both from the same source")]
    Agent(#[source] wasmtime::Error),
    /// A directory or file of the runner cannot be made or read.
    #[error("{path}: {source}; check that the data directory exists and is writable")]
    Data {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What the machine has could not be found out.
    #[error("cannot detect the machine's capacity: {0}")]
    Machine(#[source] std::io::Error),
    /// The cell process could not be started at all.
    #[error("cannot start the cell {exe}: {source}")]
    Cell {
        /// The binary.
        exe: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A ratio is not a number from 0.01 to 100.
    #[error("the {resource} ratio {value} is not between 0.0001 and 10000")]
    Ratio {
        /// `cpu`, `memory` or `disk`.
        resource: &'static str,
        /// As configured.
        value: f64,
    },
}
