//! Why a runner cannot start.

use std::path::PathBuf;

/// Why a runner cannot start. Every text says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The API's address is not one that can be dialled.
    #[error("the API's address {0}; give one such as https://sandbar.example/api")]
    Address(#[from] sandbar_dial::OriginError),
    /// The file of certificates to trust cannot be used.
    #[error("the certificates of the platform: {0}; give a PEM file with --ca-file")]
    Trust(#[from] sandbar_dial::TrustError),
    /// A port for metrics cannot be had.
    #[error("cannot listen on {address} for metrics: {source}; choose another address")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
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

/// Why a running runner has come to its end without being asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// A newer process on the same data directory has taken over.
    #[error(
        "RUNNER_REPLACED: a newer process of this runner has taken over from this one, which ends; nothing is lost. If that was not meant, look which other process uses the same data directory"
    )]
    Replaced,
    /// Another data directory holds this runner.
    #[error(
        "RUNNER_CONFLICT: another machine or data directory already is this runner{}; register a runner of its own for this one, or delete the other", said(.0)
    )]
    Conflict(String),
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(" ({message})")
    }
}
