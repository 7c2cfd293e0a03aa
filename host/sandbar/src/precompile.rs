//! Compiling ahead of time: at the first start, with progress; never when a sandbox starts.

use crate::error::StartError;
use crate::home::Home;
use sandbar_engine::{CodeCache, ControlEngine, Progress, SandboxEngine};
use std::path::{Path, PathBuf};

/// Compiles whatever of components and userland the cache does not have. Blocks for about a second per MB of new code.
///
/// # Errors
/// If a directory is missing, a component is broken, or the cache cannot be used.
pub fn compile(home: &Home, cache: &Path, progress: &dyn Fn(&str)) -> Result<(), StartError> {
    let control = ControlEngine::new().map_err(|error| StartError::Plane(error.to_string()))?;
    compile_for(&control, home, cache, progress)
}

/// [`compile`] with an engine that is there already: each reserves much address space.
pub(crate) fn compile_for(
    control: &ControlEngine,
    home: &Home,
    cache: &Path,
    progress: &dyn Fn(&str),
) -> Result<(), StartError> {
    let cache = CodeCache::open(cache).map_err(|error| StartError::Plane(error.to_string()))?;
    let sandbox = SandboxEngine::new().map_err(|error| StartError::Plane(error.to_string()))?;
    for (engine, directory) in [
        (control.wasmtime(), &home.components),
        (sandbox.wasmtime(), &home.userland),
    ] {
        // Adapters for real Spin: what they adapt is native here.
        for file in components(directory)?.into_iter().filter(|file| !is_adapter(file)) {
            let loaded = cache.load(engine, &file, &|step| say(progress, step));
            loaded.map_err(|error| StartError::Plane(error.to_string()))?;
        }
    }
    Ok(())
}

fn is_adapter(file: &Path) -> bool {
    file.file_stem()
        .and_then(|stem| stem.to_str())
        .is_some_and(|stem| stem.ends_with("_spin"))
}

/// The `.wasm` files of a directory, in order of name.
fn components(directory: &Path) -> Result<Vec<PathBuf>, StartError> {
    let entries = std::fs::read_dir(directory).map_err(|_| StartError::Missing(directory.to_path_buf()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    if files.is_empty() {
        return Err(StartError::Missing(directory.join("*.wasm")));
    }
    Ok(files)
}

fn say(progress: &dyn Fn(&str), step: Progress<'_>) {
    match step {
        Progress::Waiting { name } => progress(&format!("waiting for another process that compiles {name}")),
        Progress::Compiling { name, bytes } => progress(&format!("compiling {name} ({} KiB, once)", bytes >> 10)),
        Progress::Compiled { name, elapsed } => progress(&format!("compiled {name} in {:.1} s", elapsed.as_secs_f64())),
    }
}
