//! Whether this runner's own services work: the cell, the data directory, the userland.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::agent::Event;
use crate::driver::Driver;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// A cell that does not answer for this long is unwell.
const CELL_DEADLINE: Duration = Duration::from_secs(5);
/// Free bytes of the data directory's file system below which no new sandbox is made: what runs needs room to end well, the
/// journal too.
pub(crate) const DISK_RESERVE: u64 = 256 << 20;
/// Written and removed to see whether the directory can be written.
const PROBE: &str = ".probe";

/// Looks again and again, until it is dropped.
pub(crate) async fn run(driver: Arc<Driver>, data_dir: PathBuf, userland: PathBuf) {
    loop {
        let (data, programs) = (data_dir.clone(), userland.clone());
        let looked = tokio::task::spawn_blocking(move || (disk(&data), self::userland(&programs))).await;
        if let Ok((disk, userland)) = looked {
            for (name, result) in [("disk", disk), ("userland", userland), ("cell", cell(&driver).await)] {
                driver.event(Event::Service((name.to_owned(), result)));
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn cell(driver: &Driver) -> Result<(), String> {
    let cells = driver.cells().map_err(|error| error.to_string())?;
    match tokio::time::timeout(CELL_DEADLINE, cells.stats()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it did not answer within {} s", CELL_DEADLINE.as_secs())),
    }
}

fn disk(data_dir: &Path) -> Result<(), String> {
    let probe = data_dir.join(PROBE);
    let written = fs::write(&probe, b"x").and_then(|()| fs::remove_file(&probe));
    written.map_err(|error| format!("the data directory cannot be written: {error}"))?;
    match free(data_dir) {
        Ok(free) if free < DISK_RESERVE => Err(format!(
            "the data directory's file system has {} MiB left, less than the reserve of {} MiB",
            free >> 20,
            DISK_RESERVE >> 20
        )),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the data directory's file system cannot be asked: {error}")),
    }
}

fn userland(directory: &Path) -> Result<(), String> {
    for needed in ["base", "shell.wasm", "tools.wasm"] {
        if !directory.join(needed).exists() {
            return Err(format!("{} is missing", directory.join(needed).display()));
        }
    }
    Ok(())
}

/// Bytes that are left to us on the file system of `directory`. Blocks.
pub(crate) fn free(directory: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(directory)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let home = tempfile::tempdir().expect("a directory");
        disk(home.path()).expect("it can be written");
        assert!(!home.path().join(PROBE).exists());
        let error = userland(home.path()).expect_err("nothing is there");
        assert!(error.contains("base"), "{error}");
        assert!(disk(&home.path().join("missing")).is_err());
    }
}
