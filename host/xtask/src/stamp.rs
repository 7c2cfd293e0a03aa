//! Skipping a build step whose inputs have not changed, so that a second start is quick.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Digest of names, sizes and modification times of everything under `inputs`, and of `words`.
pub fn fingerprint(inputs: &[PathBuf], words: &[&str]) -> Result<String> {
    let mut digest = Sha256::new();
    for word in words {
        digest.update(word.as_bytes());
        digest.update([0]);
    }
    for input in inputs {
        add(&mut digest, input)?;
    }
    Ok(hex::encode(digest.finalize()))
}

fn add(digest: &mut Sha256, path: &Path) -> Result<()> {
    let facts = path
        .metadata()
        .with_context(|| format!("cannot look at {}", path.display()))?;
    digest.update(path.as_os_str().as_encoded_bytes());
    if facts.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)?
            .map(|e| e.map(|e| e.path()))
            .collect::<Result<_, _>>()?;
        entries.sort();
        for entry in entries.iter().filter(|e| !skipped(e)) {
            add(digest, entry)?;
        }
    } else {
        let modified = facts
            .modified()?
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        digest.update(facts.len().to_le_bytes());
        digest.update(modified.as_nanos().to_le_bytes());
    }
    Ok(())
}

/// What builds leave behind is no input.
fn skipped(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name == "target" || name == "__pycache__" || name == "node_modules")
}

/// Runs `step` unless `stamp` holds this fingerprint and every output exists; then records it.
pub fn unless_current(
    stamp: &Path,
    fingerprint: &str,
    outputs: &[PathBuf],
    step: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let recorded = std::fs::read_to_string(stamp).unwrap_or_default();
    if recorded == fingerprint && outputs.iter().all(|output| output.exists()) {
        return Ok(());
    }
    step()?;
    if let Some(parent) = stamp.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))
}
