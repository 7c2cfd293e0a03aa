//! Snapshots: taken in the cell, kept in the platform's blob store, fetched from there by other runners.
//!
//! A snapshot is a manifest, which names layers by the digest of their archive. What moves between cell and platform lies
//! whole in a file of `transfers/` on the way, so that a try that fails can be made again; what a crash leaves there goes
//! at the next start. The cell checks what it takes in, as it does not trust whoever made it.

use crate::blobs::Blobs;
use crate::cells::{CallError, CellBody, CellError, Cells, Incarnation, TRIES};
use crate::driver::Driver;
use crate::plane::Plane;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Limited};
use hyper::body::Incoming;
use sandbar_cell::{SnapshotLayer, SnapshotState, valid_id};
use sandbar_dial::Origin;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

/// Version of the manifest.
const FORMAT: u32 = 1;
/// What the layers lie on.
const BASE: &str = "sandbar-base";
/// Before a digest, as manifests and the API write it.
const SHA256: &str = "sha256:";
/// Largest manifest: a line of some two hundred bytes for each of at most a few dozen layers.
const MANIFEST_BYTES: usize = 64 << 10;
/// How long one layer may take into or out of the cell: a hundred GiB at the pace of a slow disk.
const LAYER_TIME: Duration = Duration::from_secs(30 * 60);
/// Most of an error body that is read.
const ERROR_BYTES: usize = 64 << 10;

/// What a snapshot came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// `sha256:<hex>` of the manifest in the blob store.
    pub(crate) manifest: String,
    /// What a sandbox takes of its disk that begins as it.
    pub(crate) bytes: u64,
}

/// The manifest, in the order in which it is written: its digest is the snapshot's.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    base: String,
    /// Topmost first.
    layers: Vec<Layer>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Layer {
    digest: String,
    bytes: u64,
    inodes: u64,
    compressed: u64,
}

impl Layer {
    /// The hex part of its digest.
    fn hex(&self) -> Result<&str, SnapshotError> {
        hex(&self.digest)
    }
}

/// Why a snapshot could not be taken, fetched or removed. Users read the text.
#[derive(Debug, thiserror::Error)]
enum SnapshotError {
    #[error("{0:?} cannot be the id of a snapshot")]
    Id(String),
    #[error("{0:?} is no digest")]
    Digest(String),
    #[error("the snapshot's manifest cannot be read: {0}")]
    Manifest(String),
    #[error("the runner is being stopped")]
    Gone,
    #[error(transparent)]
    Cell(#[from] CellError),
    #[error("the cell's answer is not what was expected: {0}")]
    Answer(String),
    #[error("a layer took longer than {} minutes", LAYER_TIME.as_secs() / 60)]
    Late,
    #[error(transparent)]
    Blob(#[from] crate::blobs::BlobError),
    #[error("the runner's disk: {0}")]
    Disk(#[from] io::Error),
}

/// The snapshots of one runner. What is asked of one at the same time happens one after the other.
pub(crate) struct Snapshots {
    driver: OnceLock<Weak<Driver>>,
    blobs: Blobs,
    turns: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Snapshots {
    /// The snapshots of a runner. `api` is the address of the plane's API, at whose origin blobs are
    /// kept; `data` is the runner's data directory, in which `transfers/` is made and emptied. Blocks for a moment.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn new(plane: &Plane, api: &Origin, data: &std::path::Path) -> io::Result<Self> {
        let transfers: PathBuf = data.join("transfers");
        match std::fs::remove_dir_all(&transfers) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => std::fs::create_dir(&transfers)?,
        }
        Ok(Self {
            driver: OnceLock::new(),
            blobs: Blobs::new(plane, api, transfers),
            turns: Mutex::default(),
        })
    }

    /// Gives it the driver, whose cell does the work.
    pub(crate) fn attach(&self, driver: Weak<Driver>) {
        // A second driver would be a fault of ours; the first stays.
        let _ = self.driver.set(driver);
    }

    /// Freezes a sandbox (running or stopped) into snapshot `id`, and uploads what the blob store lacks. A snapshot that is
    /// here is not taken again. Leaves nothing behind on failure.
    ///
    /// # Errors
    /// The reason, for a user.
    pub(crate) async fn take(&self, sandbox: &str, id: &str) -> Result<Taken, String> {
        let _turn = self.turn(id).await;
        let taken = self.try_take(sandbox, id).await;
        self.settled(id, taken).await
    }

    /// Makes the snapshot of this manifest (`sha256:<hex>`) present here as `id`, fetching what is missing. One that is
    /// here is left as it is.
    ///
    /// # Errors
    /// The reason, for a user. Nothing is left behind then.
    pub(crate) async fn ensure(&self, id: &str, manifest: &str) -> Result<(), String> {
        let _turn = self.turn(id).await;
        let ensured = self.try_ensure(id, manifest).await;
        self.settled(id, ensured).await
    }

    /// Removes it here; its layers go with their last user. Succeeds if there is none.
    ///
    /// # Errors
    /// The reason, for a user.
    pub(crate) async fn discard(&self, id: &str) -> Result<(), String> {
        let _turn = self.turn(id).await;
        self.try_discard(id).await.map_err(|error| error.to_string())
    }

    async fn settled<T>(&self, id: &str, result: Result<T, SnapshotError>) -> Result<T, String> {
        let error = match result {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        tracing::warn!(snapshot = id, %error, "a snapshot failed");
        if !matches!(error, SnapshotError::Id(_))
            && let Err(left) = self.try_discard(id).await
        {
            tracing::warn!(snapshot = id, error = %left, "what is left of it goes when the cell starts again");
        }
        Err(error.to_string())
    }

    /// Waits until nobody else changes what is called so.
    async fn turn(&self, name: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let known = turns.get(name).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::new(tokio::sync::Mutex::new(()));
                turns.insert(name.to_owned(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }

    fn driver(&self) -> Result<Arc<Driver>, SnapshotError> {
        self.driver.get().and_then(Weak::upgrade).ok_or(SnapshotError::Gone)
    }

    // ---- taking

    async fn try_take(&self, sandbox: &str, id: &str) -> Result<Taken, SnapshotError> {
        let path = path(id)?;
        let driver = self.driver()?;
        let cells = driver.cells()?;
        let from = json!({ "from": sandbox }).to_string().into_bytes();
        let (_, body) = cells.control(Method::PUT, &path, from).await?;
        let state: SnapshotState = parsed(&body)?;
        for layer in &state.layers {
            self.upload(cells, id, layer).await?;
        }
        // By now every layer's archive was made once, here or where it came from.
        let state = self.state(cells, id).await?.ok_or(SnapshotError::Gone)?;
        let layers = state.layers.iter().map(described).collect::<Result<_, _>>()?;
        let manifest = Manifest {
            format: FORMAT,
            base: BASE.to_owned(),
            layers,
        };
        let text = serde_json::to_vec(&manifest).map_err(|error| SnapshotError::Manifest(error.to_string()))?;
        let digest = digest(&text);
        self.blobs.put_bytes(&digest, Bytes::from(text)).await?;
        Ok(Taken {
            manifest: format!("{SHA256}{digest}"),
            bytes: state.bytes,
        })
    }

    /// Sees to it that a layer's archive is in the blob store.
    async fn upload(&self, cells: &Cells, id: &str, layer: &SnapshotLayer) -> Result<(), SnapshotError> {
        let _turn = self.turn(&format!("layer {}", layer.id)).await;
        if let Some(digest) = &layer.digest
            && self.blobs.has(digest).await?
        {
            return Ok(());
        }
        let mut transfer = self.blobs.transfer()?;
        let route = format!("{}/layers/{}", path(id)?, layer.id);
        let exchange = async {
            let response = send(cells, Method::GET, &route, || {
                Ok(Either::Right(Either::Left(Bytes::new().into())))
            })
            .await?;
            let mut body = response.into_body();
            while let Some(frame) = body.frame().await {
                if let Ok(bytes) = frame.map_err(CellError::Broken)?.into_data() {
                    transfer.write(bytes).await?;
                }
            }
            Ok::<_, SnapshotError>(())
        };
        tokio::time::timeout(LAYER_TIME, exchange)
            .await
            .map_err(|_| SnapshotError::Late)??;
        let transfer = transfer.finish().await?;
        self.blobs.put(&transfer).await?;
        Ok(())
    }

    // ---- fetching

    async fn try_ensure(&self, id: &str, manifest: &str) -> Result<(), SnapshotError> {
        let path = path(id)?;
        let digest = hex(manifest)?;
        let driver = self.driver()?;
        let cells = driver.cells()?;
        match self.state(cells, id).await? {
            Some(state) if state.whole => return Ok(()),
            // What a try before has left.
            Some(_) => self.try_discard(id).await?,
            None => {}
        }
        let text = self.blobs.get_bytes(digest, MANIFEST_BYTES).await?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| SnapshotError::Manifest(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(SnapshotError::Manifest(format!(
                "it is of version {}; this runner knows {FORMAT}, so a newer one is needed",
                manifest.format
            )));
        }
        for layer in manifest.layers.iter().rev() {
            self.download(cells, id, layer).await?;
        }
        cells.control(Method::PUT, &path, b"{}".to_vec()).await?;
        Ok(())
    }

    /// Puts one more layer on top of the snapshot, from what is here or from the blob store.
    async fn download(&self, cells: &Cells, id: &str, layer: &Layer) -> Result<(), SnapshotError> {
        let digest = layer.hex()?;
        // Whoever asks second finds it here.
        let _turn = self.turn(&format!("blob {digest}")).await;
        let route = format!("{}/layers/{digest}", path(id)?);
        let (_, body) = cells.control(Method::POST, &route, Vec::new()).await?;
        if parsed::<Value>(&body)?["reused"] == true {
            return Ok(());
        }
        let transfer = self.blobs.get(digest, layer.compressed).await?;
        let route = format!(
            "{route}?compressed={}&bytes={}&names={}",
            layer.compressed, layer.bytes, layer.inodes
        );
        let exchange = send(cells, Method::PUT, &route, || {
            Ok(Either::Right(Either::Right(transfer.body()?)))
        });
        tokio::time::timeout(LAYER_TIME, exchange)
            .await
            .map_err(|_| SnapshotError::Late)??;
        Ok(())
    }

    // ---- both

    async fn state(&self, cells: &Cells, id: &str) -> Result<Option<SnapshotState>, SnapshotError> {
        match cells.control(Method::GET, &path(id)?, Vec::new()).await {
            Ok((_, body)) => parsed(&body).map(Some),
            Err(CellError::Refused(StatusCode::NOT_FOUND, _)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn try_discard(&self, id: &str) -> Result<(), SnapshotError> {
        let path = path(id)?;
        self.driver()?
            .cells()?
            .control(Method::DELETE, &path, Vec::new())
            .await?;
        Ok(())
    }
}

fn path(id: &str) -> Result<String, SnapshotError> {
    if !valid_id(id) {
        return Err(SnapshotError::Id(id.to_owned()));
    }
    Ok(format!("/snapshots/{id}"))
}

/// The hex part of `sha256:<hex>`.
fn hex(text: &str) -> Result<&str, SnapshotError> {
    text.strip_prefix(SHA256)
        .filter(|hex| sandbar_blobs::Digest::parse(hex).is_some())
        .ok_or_else(|| SnapshotError::Digest(text.to_owned()))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn described(layer: &SnapshotLayer) -> Result<Layer, SnapshotError> {
    match (&layer.digest, layer.compressed, layer.bytes, layer.names) {
        (Some(digest), Some(compressed), Some(bytes), Some(inodes)) => Ok(Layer {
            digest: format!("{SHA256}{digest}"),
            bytes,
            inodes,
            compressed,
        }),
        _ => Err(SnapshotError::Answer(format!("layer {} has no digest", layer.id))),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, SnapshotError> {
    serde_json::from_slice(body).map_err(|error| SnapshotError::Answer(error.to_string()))
}

/// A call of the cell with a body that can be made again, for a cell that never saw the first.
async fn send(
    cells: &Cells,
    method: Method,
    path: &str,
    body: impl Fn() -> io::Result<CellBody>,
) -> Result<Response<Incoming>, SnapshotError> {
    for _ in 0..TRIES {
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("http://cell{path}"))
            .body(body()?)
            .map_err(|error| SnapshotError::Answer(error.to_string()))?;
        let life: Arc<Incarnation> = cells.current().await?;
        let response = match Cells::call(&life, request).await {
            Ok(response) => response,
            Err(CallError::Unsent(_)) => continue,
            Err(CallError::Failed(error)) => return Err(error.into()),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = Limited::new(response.into_body(), ERROR_BYTES)
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        return Err(CellError::Refused(status, crate::cells::message(&text)).into());
    }
    Err(CellError::Down.into())
}
