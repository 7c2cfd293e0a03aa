//! The metrics contract under real Spin: recorded in memory, added to a table of spin:sqlite in batches.
//!
//! An instance lives for seconds, so what it recorded is written shortly after a request, by a task that outlives
//! the answer. Sums are added by the database itself, so instances do not overwrite each other's.

pub mod buffer;
pub mod text;

#[cfg(target_family = "wasm")]
mod provider;
