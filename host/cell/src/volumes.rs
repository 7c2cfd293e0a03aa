//! Volumes: directories that outlive sandboxes and show in several at once. Each is one tree of the file layer, shared by
//! all sandboxes of the cell that mount it, so that what they do in it happens in one order.

use crate::blocking::blocking;
use crate::call::PathOf;
use crate::error::{ApiError, Code};
use crate::limits::VOLUMES;
use crate::spec::{VolumeSpec, valid_id};
use crate::table::Table;
use crate::toolbox::fs_error::At;
use axum::Router;
use axum::extract::State;
use axum::routing::delete;
use http::StatusCode;
use sandbar_files::{Limits, Tree};
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Directory of volumes, beside the sandboxes. No sandbox has such a name.
const DIRECTORY: &str = ".volumes";

/// The volumes of a cell that sandboxes use now.
#[derive(Debug)]
pub struct Volumes {
    root: PathBuf,
    open: Mutex<HashMap<String, Weak<Tree>>>,
}

impl Volumes {
    /// The volumes beside these sandboxes.
    pub fn new(sandboxes: &std::path::Path) -> Self {
        Self {
            root: sandboxes.join(DIRECTORY),
            open: Mutex::default(),
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Weak<Tree>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the volumes of a spec in a sandbox's tree. Blocks.
    ///
    /// # Errors
    /// What the file layer says, of the first that cannot be mounted.
    pub fn mount(&self, tree: &Arc<Tree>, volumes: &[VolumeSpec]) -> Result<(), ApiError> {
        for volume in volumes {
            let shared = self.tree(volume)?;
            let subpath = volume.subpath.as_deref().unwrap_or_default();
            tree.mount(&volume.mount_path, &shared, subpath, volume.read_only)
                .at(&volume.mount_path)?;
        }
        Ok(())
    }

    /// The one tree of a volume, made at its first use. The others wait meanwhile, as two must never open the same.
    fn tree(&self, volume: &VolumeSpec) -> Result<Arc<Tree>, ApiError> {
        let mut open = self.open();
        if let Some(tree) = open.get(&volume.id).and_then(Weak::upgrade) {
            return Ok(tree);
        }
        let limits = Limits {
            bytes: volume.quota_mib << 20,
            ..Limits::default()
        };
        let upper = self.root.join(&volume.id).join("upper");
        let tree = Tree::open_volume(&upper, limits).at(&volume.mount_path)?;
        open.retain(|_, tree| tree.strong_count() > 0);
        open.insert(volume.id.clone(), Arc::downgrade(&tree));
        Ok(tree)
    }

    /// Removes a volume and all that is in it. Succeeds if there is none. Blocks.
    fn remove(&self, id: &str) -> Result<(), ApiError> {
        let open = self.open();
        if open.get(id).is_some_and(|tree| tree.strong_count() > 0) {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                Code::Conflict,
                format!("volume {id} is mounted; stop or delete the sandboxes that use it, then try again"),
            ));
        }
        // Out of sight first: a crash in the middle leaves no half volume under its name.
        let trash = self.root.join(format!(".trash-{id}"));
        let _ = std::fs::remove_dir_all(&trash);
        match std::fs::rename(self.root.join(id), &trash) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ApiError::internal(format_args!("volume {id}: {error}"))),
            Ok(()) => {}
        }
        drop(open);
        std::fs::remove_dir_all(&trash).map_err(|error| ApiError::internal(format_args!("volume {id}: {error}")))
    }
}

/// What can be said of a spec's volumes before any is opened.
///
/// # Errors
/// 400 with the first thing that is wrong.
pub fn check(volumes: &[VolumeSpec]) -> Result<(), ApiError> {
    if volumes.len() > VOLUMES {
        return Err(ApiError::bad_request(format!(
            "a sandbox mounts at most {VOLUMES} volumes"
        )));
    }
    let mut points = HashSet::new();
    for volume in volumes {
        let point = volume.mount_path.trim_end_matches('/');
        let up = |path: &str| path.split('/').any(|part| part == "..");
        if !valid_id(&volume.id) {
            return Err(ApiError::bad_request(format!(
                "{:?} cannot be the id of a volume",
                volume.id
            )));
        }
        if !point.starts_with('/') || up(point) || point.contains('\0') {
            return Err(ApiError::bad_request(format!(
                "{:?} is no place for a volume: give an absolute path without `..`, not the root",
                volume.mount_path
            )));
        }
        if volume.subpath.as_deref().is_some_and(up) {
            return Err(ApiError::bad_request(format!(
                "the subpath of volume {} has `..`; it names a directory within the volume",
                volume.id
            )));
        }
        if !points.insert(point) {
            return Err(ApiError::bad_request(format!("two volumes are to be at {point}")));
        }
    }
    Ok(())
}

/// `/volumes/...`
pub fn router() -> Router<Arc<Table>> {
    Router::new().route("/volumes/{id}", delete(remove))
}

async fn remove(State(table): State<Arc<Table>>, PathOf(id): PathOf<String>) -> Result<StatusCode, ApiError> {
    if !valid_id(&id) {
        return Err(ApiError::bad_request(format!("{id:?} cannot be the id of a volume")));
    }
    blocking(move || table.shared().volumes.remove(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
