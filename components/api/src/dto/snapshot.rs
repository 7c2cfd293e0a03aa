//! Snapshots and volumes on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::contracts::store::{Region, Sandbox, Snapshot, Volume};
use crate::dto::{CREATE_DEFAULTS, SNAPSHOT};
use crate::http::Problem;
use crate::rules::dockerfile::ImageConfig;
use crate::rules::{snapshots, text};
use crate::times::iso;

/// Context hashes of one build; a Dockerfile has at most so many steps.
const CONTEXTS: usize = 256;
/// Bytes in a GiB.
const GIB: f64 = 1_073_741_824.0;

/// What an image is built from, as it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BuildBody {
    /// The text.
    pub dockerfile_content: Option<String>,
    /// Names of uploaded contexts.
    pub context_hashes: Vec<String>,
}

impl BuildBody {
    /// The text; 400 without one, or for context hashes that are none.
    pub fn check(&self) -> Result<&str, Problem> {
        let hash = |hash: &String| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.context_hashes.len() > CONTEXTS || !self.context_hashes.iter().all(hash) {
            return Err(Problem::BadRequest(format!(
                "buildInfo: contextHashes are at most {CONTEXTS} MD5 sums in hex"
            )));
        }
        match self.dockerfile_content.as_deref() {
            Some(content) if !content.trim().is_empty() => Ok(content),
            _ => Err(Problem::BadRequest("buildInfo: dockerfileContent is empty".to_owned())),
        }
    }
}

/// What was built, as it is shown and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildInfo {
    /// The text.
    pub dockerfile_content: String,
    /// Names of uploaded contexts.
    pub context_hashes: Vec<String>,
    /// When it was asked for.
    pub created_at: String,
    /// The same.
    pub updated_at: String,
    /// What it is called.
    pub snapshot_ref: String,
}

/// The body of a new snapshot.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateSnapshot {
    /// Its name.
    pub name: String,
    /// An image, or
    pub image_name: Option<String>,
    /// what to build.
    pub build_info: Option<BuildBody>,
    /// In place of the image's.
    pub entrypoint: Option<Vec<String>>,
    cpu: Option<i64>,
    gpu: Option<i64>,
    memory: Option<i64>,
    disk: Option<i64>,
    /// Where; none: the default region.
    pub region_id: Option<String>,
}

impl CreateSnapshot {
    /// What is to be built, as text and contexts, and whole CPUs, GiB, GiB.
    pub fn check(&self) -> Result<(BuildBody, (u32, u32, u32)), Problem> {
        let bad = |text: &str| Err(Problem::BadRequest(text.to_owned()));
        snapshots::name("name", &self.name)?;
        if self.name == SNAPSHOT {
            return Err(Problem::Conflict(format!(
                "snapshot {SNAPSHOT} is the platform's own; choose another name"
            )));
        }
        if self.gpu.is_some_and(|gpu| gpu != 0) {
            return bad("gpu: not supported by this server");
        }
        let image = self.image_name.as_deref().filter(|name| !name.is_empty());
        let build = match (image, &self.build_info) {
            (Some(image), None) => {
                snapshots::image(image)?;
                BuildBody {
                    dockerfile_content: Some(format!("FROM {image}\n")),
                    context_hashes: Vec::new(),
                }
            }
            (None, Some(build)) => {
                build.check()?;
                build.clone()
            }
            _ => return bad("a snapshot is made of exactly one of imageName and buildInfo"),
        };
        let size = (
            super::create::size("cpu", self.cpu, CREATE_DEFAULTS.cpu)?,
            super::create::size("memory", self.memory, CREATE_DEFAULTS.memory_gib)?,
            super::create::size("disk", self.disk, CREATE_DEFAULTS.disk_gib)?,
        );
        Ok((build, size))
    }
}

/// The body of a snapshot of a sandbox.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SandboxSnapshot {
    /// Its name.
    pub name: String,
    include_memory: Option<bool>,
}

impl SandboxSnapshot {
    /// 400 for a bad name, or if memory is wanted too.
    pub fn check(&self) -> Result<(), Problem> {
        if self.include_memory == Some(true) {
            return Err(Problem::BadRequest(
                "includeMemory: a snapshot has the files of a sandbox; processes start anew".to_owned(),
            ));
        }
        if self.name == SNAPSHOT {
            return Err(Problem::Conflict(format!(
                "snapshot {SNAPSHOT} is the platform's own; choose another name"
            )));
        }
        snapshots::name("name", &self.name)
    }
}

/// A snapshot.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<String>,
    general: bool,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_name: Option<String>,
    state: String,
    /// GiB; null until known.
    size: Option<f64>,
    entrypoint: Option<Vec<String>>,
    cpu: u32,
    gpu: u32,
    mem: u32,
    disk: u32,
    error_reason: Option<String>,
    created_at: String,
    updated_at: String,
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_info: Option<Value>,
    region_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_runner_id: Option<String>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    source_sandbox_id: Option<String>,
    sandbox_class: &'static str,
}

/// What a snapshot says about sandboxes made of it.
pub struct SnapshotConfig;

impl SnapshotConfig {
    /// As the store keeps it: it was made by this program.
    pub fn of(it: &Snapshot) -> ImageConfig {
        serde_json::from_str(&it.config).unwrap_or_default()
    }
}

/// How a sandbox of an image begins, as the store and its runner have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Launch {
    /// Where its commands start; none: the user's home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_dir: Option<String>,
    /// What runs from each start on, as the session `entrypoint`; empty: nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

impl Launch {
    /// As the store keeps it: it was made by this program.
    pub fn of(it: &Sandbox) -> Self {
        serde_json::from_str(&it.launch).unwrap_or_default()
    }

    /// Whether there is nothing to say.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

impl ImageConfig {
    /// How a sandbox of it begins: as with Docker, `ENTRYPOINT` takes `CMD` as its arguments.
    pub fn launch(&self) -> Launch {
        Launch {
            work_dir: self.workdir.clone(),
            command: self.entrypoint.iter().chain(&self.cmd).cloned().collect(),
        }
    }
}

impl SnapshotView {
    /// A snapshot of an organization.
    pub fn new(it: &Snapshot) -> Self {
        let entrypoint = SnapshotConfig::of(it).launch().command;
        Self {
            id: it.id.clone(),
            organization_id: Some(it.organization.clone()),
            general: false,
            name: it.name.clone(),
            image_name: it.image_name.clone(),
            state: it.state.clone(),
            size: it.size_bytes.map(|bytes| bytes as f64 / GIB),
            entrypoint: Some(entrypoint).filter(|words| !words.is_empty()),
            cpu: it.cpu,
            gpu: 0,
            mem: it.memory_gib,
            disk: it.disk_gib,
            error_reason: it.error_reason.clone(),
            created_at: iso(it.created),
            updated_at: iso(it.updated),
            last_used_at: it.last_used.map(iso),
            build_info: it
                .build_info
                .as_deref()
                .and_then(|json| serde_json::from_str(json).ok()),
            region_ids: vec![it.region.clone()],
            initial_runner_id: it.runner.clone(),
            reference: it.manifest.clone(),
            source_sandbox_id: it.source_sandbox.clone(),
            sandbox_class: "wasm",
        }
    }

    /// The platform's own, which is part of every runner of these regions.
    pub fn general(regions: &[&Region]) -> Self {
        let since = regions.iter().map(|region| region.created).min().unwrap_or_default();
        Self {
            id: SNAPSHOT.to_owned(),
            organization_id: None,
            general: true,
            name: SNAPSHOT.to_owned(),
            image_name: Some(SNAPSHOT.to_owned()),
            state: "active".to_owned(),
            size: None,
            entrypoint: None,
            cpu: CREATE_DEFAULTS.cpu,
            gpu: 0,
            mem: CREATE_DEFAULTS.memory_gib,
            disk: CREATE_DEFAULTS.disk_gib,
            error_reason: None,
            created_at: iso(since),
            updated_at: iso(since),
            last_used_at: None,
            build_info: None,
            region_ids: regions.iter().map(|region| region.id.clone()).collect(),
            initial_runner_id: None,
            reference: None,
            source_sandbox_id: None,
            sandbox_class: "wasm",
        }
    }
}

/// Puts snapshots into the order that is asked for, last used first if none is.
pub fn sort_snapshots(rows: &mut [Snapshot], field: Option<&str>, order: Option<&str>) -> Result<(), Problem> {
    let descending = match order {
        None | Some("desc") => true,
        Some("asc") => false,
        Some(other) => return Err(Problem::BadRequest(format!("order: {other:?} is neither asc nor desc"))),
    };
    match field {
        None | Some("lastUsedAt") => rows.sort_by_key(|it| (it.last_used.unwrap_or(0), it.created)),
        Some("createdAt") => rows.sort_by_key(|it| it.created),
        Some("name") => rows.sort_by(|a, b| a.name.cmp(&b.name)),
        Some("state") => rows.sort_by(|a, b| (&a.state, &a.name).cmp(&(&b.state, &b.name))),
        Some(other) => {
            return Err(Problem::BadRequest(format!(
                "sort: {other:?} is none of lastUsedAt, createdAt, name, state"
            )));
        }
    }
    if descending {
        rows.reverse();
    }
    Ok(())
}

/// The image of a sandbox, as its row and its payload have it.
pub fn image(id: &str, manifest: &str) -> String {
    json!({"id": id, "manifest": manifest}).to_string()
}

/// The body of a new volume.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreateVolume {
    /// None: its id.
    pub name: Option<String>,
}

impl CreateVolume {
    /// The name, if there is one; 400 for a bad one.
    pub fn check(self) -> Result<Option<String>, Problem> {
        let name = self.name.filter(|name| !name.is_empty());
        name.as_deref().map_or(Ok(()), text::sandbox_name)?;
        Ok(name)
    }
}

/// A volume.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeView {
    id: String,
    name: String,
    organization_id: String,
    state: String,
    created_at: String,
    updated_at: String,
    last_used_at: Option<String>,
    error_reason: Option<String>,
    /// Beyond the documented fields: where its files are, once it was mounted.
    runner_id: Option<String>,
}

impl From<&Volume> for VolumeView {
    fn from(it: &Volume) -> Self {
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            organization_id: it.organization.clone(),
            state: it.state.clone(),
            created_at: iso(it.created),
            updated_at: iso(it.updated),
            last_used_at: it.last_used.map(iso),
            error_reason: it.error_reason.clone(),
            runner_id: it.runner.clone(),
        }
    }
}

/// A volume in a sandbox, as it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MountBody {
    /// Id or name.
    pub volume_id: String,
    /// Where.
    pub mount_path: String,
    /// A directory within.
    pub subpath: Option<String>,
    /// Whether the sandbox may only read it.
    pub read_only: bool,
}

impl MountBody {
    /// 400 for a place that cannot be.
    pub fn check(&self) -> Result<(), Problem> {
        if self.volume_id.is_empty() {
            return Err(Problem::BadRequest("volumes: volumeId is missing".to_owned()));
        }
        snapshots::mount_path(&self.mount_path)?;
        match self.subpath.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => snapshots::subpath(path),
            None => Ok(()),
        }
    }
}

/// A volume in a sandbox, as rows and payloads have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// Id of the volume.
    pub id: String,
    /// Where.
    pub mount_path: String,
    /// A directory within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subpath: Option<String>,
    /// Whether the sandbox may only read it.
    #[serde(default)]
    pub read_only: bool,
    /// GiB of the whole volume.
    pub quota_gib: u32,
}

/// What a sandbox mounts.
pub fn mounts(it: &Sandbox) -> Vec<Mount> {
    serde_json::from_str(&it.volumes).unwrap_or_default()
}

/// The same, as sandboxes show it.
pub fn shown_mounts(it: &Sandbox) -> Vec<Value> {
    let each = |mount: &Mount| {
        let mut shown = json!({"volumeId": mount.id, "mountPath": mount.mount_path});
        if let Some(subpath) = &mount.subpath {
            shown["subpath"] = subpath.as_str().into();
        }
        shown
    };
    mounts(it).iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: Value) -> Result<(BuildBody, (u32, u32, u32)), u16> {
        let body: CreateSnapshot = serde_json::from_value(body).expect("it fits");
        body.check().map_err(|problem| problem.status())
    }

    #[test]
    fn a_snapshot_has_exactly_one_source() {
        let (build, size) = check(json!({"name": "a", "imageName": "python:3.12"})).expect("fine");
        assert_eq!(build.dockerfile_content.as_deref(), Some("FROM python:3.12\n"));
        assert_eq!(size, (1, 1, 3));
        let text = json!({"dockerfileContent": "FROM x", "contextHashes": ["0".repeat(32)]});
        assert!(check(json!({"name": "a", "buildInfo": text, "cpu": 2})).is_ok_and(|(_, size)| size.0 == 2));
        for (body, status) in [
            (json!({"name": "a"}), 400),
            (
                json!({"name": "a", "imageName": "python:3", "buildInfo": {"dockerfileContent": "FROM x"}}),
                400,
            ),
            (json!({"name": "a b", "imageName": "python:3"}), 400),
            (json!({"name": "a", "imageName": "python"}), 400),
            (json!({"name": "a", "imageName": "python:3", "gpu": 1}), 400),
            (json!({"name": "a", "imageName": "python:3", "cpu": 0}), 400),
            (json!({"name": "a", "buildInfo": {"dockerfileContent": " "}}), 400),
            (
                json!({"name": "a", "buildInfo": {"dockerfileContent": "FROM x", "contextHashes": ["../x"]}}),
                400,
            ),
            (json!({"name": SNAPSHOT, "imageName": "python:3"}), 409),
        ] {
            assert_eq!(check(body.clone()).err(), Some(status), "{body}");
        }
    }

    #[test]
    fn memory_is_not_part_of_a_snapshot() {
        let read = |body: Value| {
            serde_json::from_value::<SandboxSnapshot>(body)
                .expect("it fits")
                .check()
        };
        assert!(read(json!({"name": "a"})).is_ok());
        assert!(read(json!({"name": "a", "includeMemory": false})).is_ok());
        assert!(read(json!({"name": "a", "includeMemory": true})).is_err());
        assert!(read(json!({})).is_err());
    }
}
