//! What can go wrong while an engine is made or compiled code is loaded.

use std::path::PathBuf;

/// An engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refused the configuration; on a machine with a small address space, for instance.
    #[error("cannot configure the WebAssembly engine: {0:#}")]
    Configure(#[source] wasmtime::Error),
    /// The thread that advances epochs could not be started.
    #[error("cannot start the epoch thread: {0}")]
    Ticker(#[source] std::io::Error),
}

/// Compiled code could not be made or loaded.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// A file operation failed.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried, in words.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Something in the cache may have been written by another user, so its code must not be run.
    #[error("{path} is not safe to load code from: {reason}; remove it and start again")]
    Unsafe {
        /// The offending file or directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The WebAssembly file is larger than [`crate::cache::MAX_WASM_BYTES`].
    #[error("{path} has {bytes} bytes; at most {limit} are compiled")]
    TooLarge {
        /// The WebAssembly file.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is not a component that this engine accepts.
    #[error("cannot compile {path}: {source:#}")]
    Compile {
        /// The WebAssembly file.
        path: PathBuf,
        /// What the compiler said.
        #[source]
        source: wasmtime::Error,
    },
    /// Freshly made code was refused by the engine that made it.
    #[error("cannot load compiled code of {path}: {source:#}")]
    Load {
        /// The WebAssembly file.
        path: PathBuf,
        /// What the engine said.
        #[source]
        source: wasmtime::Error,
    },
}

impl CacheError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.into(),
            source,
        }
    }
}
