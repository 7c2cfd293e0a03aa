//! What can go wrong when an application is started.

use std::path::PathBuf;

/// Why the control plane cannot start. Each text says what is wrong and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaneError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The manifest is not one that Spin (or this host's subset of it) accepts.
    #[error("{path}: {reason}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Key, place and rule.
        reason: String,
    },
    /// A variable is missing, unknown or too long.
    #[error("variable `{name}`: {reason}")]
    Variable {
        /// Name of the variable.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A component cannot be compiled, linked or used for what the manifest wants.
    #[error("component `{component}`: {reason}")]
    Component {
        /// The component's id, or the interface it stands in for.
        component: String,
        /// What is wrong with it, the missing import for example.
        reason: String,
    },
    /// The engine or its cache of compiled code cannot be made.
    #[error("engine: {0}")]
    Engine(String),
    /// The database cannot be opened.
    #[error("store: {0}")]
    Store(String),
}
