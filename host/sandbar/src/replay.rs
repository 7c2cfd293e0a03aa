//! Decisions of before, taken again by another scheduler component.

pub use sandbar_plane::replay::{Facts, Outcome, Replay};

use crate::StartError;
use sandbar_engine::{CodeCache, ControlEngine};
use std::path::Path;

/// Loads a scheduler component from a file, with compiled code in `cache_dir`.
///
/// # Errors
/// If the cache cannot be used, or the file is no scheduler.
pub fn load(engine: &ControlEngine, cache_dir: &Path, file: &Path) -> Result<Replay, StartError> {
    let cache = CodeCache::open(cache_dir).map_err(|error| StartError::Option(error.to_string()))?;
    Replay::load(engine, &cache, file).map_err(|error| StartError::Option(error.to_string()))
}
