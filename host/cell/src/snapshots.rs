//! Snapshots: taken from sandboxes, put together from layers that come from elsewhere, and given out layer by layer. The
//! runner decides which; here is how.

use crate::blocking::blocking;
use crate::call::{Json, Parameters, PathOf};
use crate::error::{ApiError, Code};
use crate::fork;
use crate::spec::{SnapshotLayer, SnapshotState, valid_id};
use crate::streams;
use crate::table::Table;
use crate::toolbox::fs_error::{At, file_error};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use sandbar_files::{Blob, Error, LayerError, Pool, SNAPSHOTS};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Snapshots that are being changed: one change at a time for each.
#[derive(Debug, Default, Clone)]
pub struct Changing(Arc<Mutex<HashSet<String>>>);

/// Held while a snapshot is changed.
struct Change {
    id: String,
    all: Changing,
}

impl Changing {
    fn enter(&self, id: &str) -> Result<Change, ApiError> {
        let fresh = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned());
        if !fresh {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                Code::Conflict,
                format!("snapshot {id} is being changed; try again when that has ended"),
            ));
        }
        Ok(Change {
            id: id.to_owned(),
            all: self.clone(),
        })
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.id);
    }
}

/// `/snapshots/...`
pub fn router() -> Router<Arc<Table>> {
    Router::new()
        .route("/snapshots/{id}", get(show).put(make).delete(remove))
        .route("/snapshots/{id}/layers/{layer}", get(export).put(import).post(reuse))
}

/// Where a snapshot is.
///
/// # Errors
/// 400 for an id that cannot be one.
pub fn directory(table: &Table, id: &str) -> Result<PathBuf, ApiError> {
    if !valid_id(id) {
        return Err(ApiError::bad_request(format!("{id:?} cannot be the id of a snapshot")));
    }
    Ok(table.shared().root.join(SNAPSHOTS).join(id))
}

/// There is none of this id.
pub fn none(id: &str) -> ApiError {
    ApiError::not_found(format!("snapshot {id} is not on this runner"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Making {
    /// The sandbox that it is taken from; none: it is declared whole as it was put together.
    #[serde(default)]
    from: Option<String>,
}

async fn make(
    State(table): State<Arc<Table>>,
    PathOf(id): PathOf<String>,
    Json(making): Json<Making>,
) -> Result<axum::Json<SnapshotState>, ApiError> {
    let directory = directory(&table, &id)?;
    let _change = table.shared().changing.enter(&id)?;
    let pool = table.shared().frozen.clone();
    if let Some(from) = making.from {
        let (at, layers) = (directory.clone(), pool.clone());
        let there = blocking(move || {
            if layers.snapshot(&at).at("/")?.is_some_and(|snapshot| snapshot.whole) {
                return Ok(true);
            }
            // A half one is of no use.
            discard(&layers, &at)?;
            std::fs::create_dir_all(&at).map_err(ApiError::internal)?;
            Ok(false)
        })
        .await?;
        if !there && let Err(error) = fork::copy(&table, &from, &directory).await {
            let _ = blocking(move || discard(&pool, &directory)).await;
            return Err(error);
        }
    } else {
        let at = directory.clone();
        let layers = pool.clone();
        blocking(move || layers.complete(&at).at("/")).await?;
    }
    state(&table, &id).await.map(axum::Json)
}

async fn show(
    State(table): State<Arc<Table>>,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<SnapshotState>, ApiError> {
    state(&table, &id).await.map(axum::Json)
}

async fn state(table: &Table, id: &str) -> Result<SnapshotState, ApiError> {
    let (at, pool) = (directory(table, id)?, table.shared().frozen.clone());
    let snapshot = blocking(move || pool.snapshot(&at).at("/"))
        .await?
        .ok_or_else(|| none(id))?;
    Ok(SnapshotState {
        whole: snapshot.whole,
        bytes: snapshot.bytes,
        inodes: snapshot.inodes,
        layers: snapshot
            .layers
            .into_iter()
            .map(|layer| SnapshotLayer {
                id: layer.id,
                digest: layer.blob.as_ref().map(|blob| blob.digest.clone()),
                compressed: layer.blob.as_ref().map(|blob| blob.compressed),
                bytes: layer.blob.as_ref().map(|blob| blob.bytes),
                names: layer.blob.as_ref().map(|blob| blob.names),
            })
            .collect(),
    })
}

async fn remove(State(table): State<Arc<Table>>, PathOf(id): PathOf<String>) -> Result<StatusCode, ApiError> {
    let directory = directory(&table, &id)?;
    let _change = table.shared().changing.enter(&id)?;
    let pool = table.shared().frozen.clone();
    blocking(move || discard(&pool, &directory)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a snapshot, whole or not. Blocks.
fn discard(pool: &Pool, directory: &std::path::Path) -> Result<(), ApiError> {
    pool.remove(directory).at("/")?;
    match std::fs::remove_dir(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ApiError::internal(error)),
        _ => Ok(()),
    }
}

async fn export(
    State(table): State<Arc<Table>>,
    PathOf((id, layer)): PathOf<(String, String)>,
) -> Result<Response, ApiError> {
    let known = state(&table, &id).await?;
    if !known.layers.iter().any(|known| known.id == layer) {
        return Err(ApiError::not_found(format!("snapshot {id} has no layer {layer}")));
    }
    let pool = table.shared().frozen.clone();
    let (mut writer, body) = streams::writer();
    // It ends with the body's reader.
    tokio::task::spawn_blocking(move || {
        if let Err(error) = pool.export(&layer, &mut writer) {
            tracing::warn!(%error, layer, "a layer was not exported");
            writer.fail(&error.to_string());
        }
    });
    Ok(Response::new(body))
}

/// What an archive is said to hold.
#[derive(Deserialize)]
struct Claim {
    compressed: u64,
    bytes: u64,
    names: u64,
}

async fn import(
    State(table): State<Arc<Table>>,
    PathOf((id, digest)): PathOf<(String, String)>,
    Parameters(claim): Parameters<Claim>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let directory = directory(&table, &id)?;
    let change = table.shared().changing.enter(&id)?;
    let pool = table.shared().frozen.clone();
    let claim = Blob {
        digest,
        compressed: claim.compressed,
        bytes: claim.bytes,
        names: claim.names,
    };
    let (reader, pump) = streams::reader(body);
    let unpacked = blocking(move || {
        // Until it has really ended, even if nobody waits for it any more.
        let _change = change;
        pool.import(&directory, &claim, reader).map_err(|error| refusal(&error))
    });
    let (result, ()) = tokio::join!(unpacked, pump);
    result?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Reused {
    reused: bool,
}

async fn reuse(
    State(table): State<Arc<Table>>,
    PathOf((id, digest)): PathOf<(String, String)>,
) -> Result<axum::Json<Reused>, ApiError> {
    let directory = directory(&table, &id)?;
    let _change = table.shared().changing.enter(&id)?;
    let pool = table.shared().frozen.clone();
    let reused = blocking(move || pool.reuse(&directory, &digest).at("/")).await?;
    Ok(axum::Json(Reused { reused }))
}

fn refusal(error: &LayerError) -> ApiError {
    match error {
        LayerError::Files(Error::Exists) => ApiError::new(
            StatusCode::CONFLICT,
            Code::Conflict,
            "the snapshot is whole; it takes no more layers",
        ),
        LayerError::Files(error) => file_error(error, "/"),
        LayerError::Read(_) => ApiError::bad_request(error.to_string()),
        LayerError::Damaged(_) | LayerError::Hostile(_) | LayerError::TooMuch { .. } | LayerError::Mismatch { .. } => {
            ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                Code::InvalidRequestBody,
                error.to_string(),
            )
        }
    }
}
