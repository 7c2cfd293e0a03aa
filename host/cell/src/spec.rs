//! What the runner tells a cell of a sandbox, and what the cell tells of itself.

use crate::network::NetworkSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Longest id of a sandbox. Ids are names of directories and parts of URLs.
pub const MOST_ID_BYTES: usize = 64;

/// Body of `PUT /sandboxes/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxSpec {
    /// See [`valid_id`].
    pub id: String,
    /// Generation of the plane's intent; a sandbox is replaced only by one that is not older.
    pub generation: u64,
    /// The sandbox's own directory, below the cell's `sandboxes`; holds `upper/`.
    pub directory: PathBuf,
    /// Read-only lower layers, uppermost first. Empty: the userland's base.
    #[serde(default)]
    pub layers: Vec<PathBuf>,
    /// The sandbox's own environment, of every process.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Name of the user; its home is `/home/<user>`.
    pub user: String,
    /// Where its commands start, absolute. Absent, or no directory: the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_dir: Option<String>,
    /// What runs from each start on, program and arguments. Empty: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Organization, region and snapshot: told to processes in their environment.
    #[serde(default)]
    pub organization: String,
    /// Region of the runner.
    #[serde(default)]
    pub region: String,
    /// Snapshot that the sandbox was made of.
    #[serde(default)]
    pub snapshot: String,
    /// What it may use.
    pub limits: SandboxLimits,
    /// What it may reach outside. Absent: all that is public.
    #[serde(default)]
    pub network: NetworkSpec,
    /// The sandbox whose files it starts with, if it has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The snapshot on this runner that it begins as, if it has no files yet. Not together with `parent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What shows in it beside its own files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeSpec>,
}

/// A volume in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeSpec {
    /// Which one; made empty at its first use. See [`valid_id`].
    pub id: String,
    /// Where it shows: an absolute path, made if it is not there.
    pub mount_path: String,
    /// What of it shows; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subpath: Option<String>,
    /// Whether the sandbox only reads it.
    #[serde(default)]
    pub read_only: bool,
    /// MiB that all sandboxes together may keep in it.
    pub quota_mib: u64,
}

/// What one sandbox may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxLimits {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// MiB, summed over all processes.
    pub memory_mib: u64,
    /// MiB of the sandbox's own layer.
    pub disk_mib: u64,
}

/// A snapshot as the cell has it: body of the answer to `GET` and `PUT /snapshots/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotState {
    /// Whether sandboxes can begin as it; else layers are still to come.
    pub whole: bool,
    /// What a sandbox takes of its disk that has nothing else.
    pub bytes: u64,
    /// Likewise, in files, directories and links.
    pub inodes: u64,
    /// Topmost first.
    pub layers: Vec<SnapshotLayer>,
}

/// One layer of a snapshot. All but its id is known once its archive was made or taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotLayer {
    /// Its name in this cell, for `GET /snapshots/<id>/layers/<layer>`.
    pub id: String,
    /// SHA-256 of its archive, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Bytes of the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compressed: Option<u64>,
    /// Bytes of its files, in blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Names in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<u64>,
}

/// Body of the answer to `GET /stats`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CellStats {
    /// Sandboxes known.
    pub sandboxes: usize,
    /// Of these, with an open file tree.
    pub open: usize,
    /// Processes alive.
    pub processes: usize,
    /// Bytes of memory of these processes.
    pub memory_bytes: u64,
    /// Toolbox calls being served.
    pub calls: usize,
}

/// Whether `id` may name a sandbox: 1 to 64 letters, digits, `-`, `_` or `.`, the first no dot.
#[must_use]
pub fn valid_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= MOST_ID_BYTES
        && !id.starts_with('.')
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_be_paths() {
        assert!(valid_id("0b6f0d5e-6d0e-4f0c-9a5c-2f2f6c1f8a11"));
        for bad in ["", ".", "..", "../x", "a/b", "a\0", "ä", &"x".repeat(65)] {
            assert!(!valid_id(bad), "{bad:?}");
        }
    }
}
