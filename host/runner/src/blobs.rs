//! The platform's blob store, from a runner's side: `/blobs/sha256/<hex>` at the origin of its API.

use crate::backoff::Backoff;
use crate::plane::Plane;
use bytes::{Bytes, BytesMut};
use futures::stream;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sandbar_dial::{Connector, Origin};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Tries of one transfer, the first included.
const TRIES: u32 = 5;
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);
/// How long the store may take to answer once it has the whole request; it syncs its disk meanwhile.
const ANSWER_TIME: Duration = Duration::from_secs(120);
/// How long one try may take: the largest blob at a hundred megabits.
const TRY_TIME: Duration = Duration::from_secs(30 * 60);
/// How long a download may bring nothing.
const SILENCE: Duration = Duration::from_secs(30);
/// Piece in which files are sent.
const PIECE: usize = 256 << 10;
/// Most of an error body that is read.
const ERROR_BYTES: usize = 64 << 10;
/// Bytes of it that are quoted.
const QUOTED: usize = 300;
/// Idle connections are closed before the usual proxies (60 s) do it under us.
const IDLE: Duration = Duration::from_secs(50);

/// A body made of a file.
pub(crate) type FileBody = UnsyncBoxBody<Bytes, io::Error>;

/// Why a blob was not moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlobError {
    #[error("the blob store cannot be reached: {0}")]
    Unreachable(String),
    #[error("the blob store answered {0}: {1}")]
    Status(StatusCode, String),
    #[error("blob {0} is not in the blob store; what it belongs to is lost")]
    Missing(String),
    #[error("the blob store did not answer in time")]
    Late,
    #[error("the blob store gave other bytes than those of blob {0}")]
    Wrong(String),
    #[error("the runner's disk: {0}")]
    Disk(#[from] io::Error),
}

impl BlobError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Late | Self::Wrong(_) => true,
            Self::Status(status, _) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT
                    )
            }
            Self::Missing(_) | Self::Disk(_) => false,
        }
    }
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Blobs {
    client: Client<Connector, FileBody>,
    /// The origin, without the API's path.
    origin: Arc<Origin>,
    token: HeaderValue,
    transfers: PathBuf,
}

impl Blobs {
    /// The store at the origin of `api`. Files on their way lie in the directory `transfers`.
    pub(crate) fn new(plane: &Plane, api: &Origin, transfers: PathBuf) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(Connector::new(plane.trust().clone()));
        Self {
            client,
            origin: Arc::new(Origin {
                path: String::new(),
                ..api.clone()
            }),
            token: plane.token().clone(),
            transfers,
        }
    }

    /// Whether the store has it.
    pub(crate) async fn has(&self, digest: &str) -> Result<bool, BlobError> {
        retried(|| async {
            let response = self.send(Method::HEAD, digest, 0, Full::default().map_err(never).boxed_unsync());
            match response.await {
                Ok(_) => Ok(true),
                Err(BlobError::Missing(_)) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Stores a few bytes, unless it has them.
    pub(crate) async fn put_bytes(&self, digest: &str, bytes: Bytes) -> Result<(), BlobError> {
        if self.has(digest).await? {
            return Ok(());
        }
        retried(|| async {
            let body = Full::new(bytes.clone()).map_err(never).boxed_unsync();
            self.send(Method::PUT, digest, bytes.len() as u64, body).await?;
            Ok(())
        })
        .await
    }

    /// Stores a file, unless it has it.
    pub(crate) async fn put(&self, transfer: &Transfer) -> Result<(), BlobError> {
        if self.has(&transfer.digest).await? {
            return Ok(());
        }
        retried(|| async {
            self.send(Method::PUT, &transfer.digest, transfer.bytes, transfer.body()?)
                .await?;
            Ok(())
        })
        .await
    }

    /// Fetches a few bytes.
    pub(crate) async fn get_bytes(&self, digest: &str, most: usize) -> Result<Bytes, BlobError> {
        retried(|| async {
            let body = Full::default().map_err(never).boxed_unsync();
            let response = self.send(Method::GET, digest, 0, body).await?;
            let read = Limited::new(response.into_body(), most).collect();
            let bytes = tokio::time::timeout(SILENCE, read)
                .await
                .map_err(|_| BlobError::Late)?
                .map_err(|error| BlobError::Unreachable(error.to_string()))?
                .to_bytes();
            if to_hex(Sha256::digest(&bytes)) != digest {
                return Err(BlobError::Wrong(digest.to_owned()));
            }
            Ok(bytes)
        })
        .await
    }

    /// Fetches a blob of so many bytes into a file.
    pub(crate) async fn get(&self, digest: &str, bytes: u64) -> Result<Transfer, BlobError> {
        retried(|| async {
            let body = Full::default().map_err(never).boxed_unsync();
            let mut body = self.send(Method::GET, digest, 0, body).await?.into_body();
            let mut incoming = self.transfer()?;
            loop {
                let frame = tokio::time::timeout(SILENCE, body.frame())
                    .await
                    .map_err(|_| BlobError::Late)?;
                let Some(frame) = frame else { break };
                let frame = frame.map_err(|error| BlobError::Unreachable(error.to_string()))?;
                if let Ok(data) = frame.into_data() {
                    if incoming.bytes + data.len() as u64 > bytes {
                        return Err(BlobError::Wrong(digest.to_owned()));
                    }
                    incoming.write(data).await?;
                }
            }
            let transfer = incoming.finish().await?;
            if transfer.digest != digest || transfer.bytes != bytes {
                return Err(BlobError::Wrong(digest.to_owned()));
            }
            Ok(transfer)
        })
        .await
    }

    /// An empty file for something on its way.
    pub(crate) fn transfer(&self) -> Result<Incomplete, BlobError> {
        let path = Passing(self.transfers.join(uuid::Uuid::new_v4().to_string()));
        let file = std::fs::File::create_new(&path.0)?;
        Ok(Incomplete {
            path,
            file: File::from_std(file),
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    async fn send(
        &self,
        method: Method,
        digest: &str,
        length: u64,
        body: FileBody,
    ) -> Result<Response<Incoming>, BlobError> {
        let limit = if method == Method::PUT { TRY_TIME } else { ANSWER_TIME };
        let request = Request::builder()
            .method(&method)
            .uri(self.origin.route(&format!("/blobs/sha256/{digest}")))
            .header(AUTHORIZATION, self.token.clone())
            .header(CONTENT_LENGTH, length)
            .body(body)
            .map_err(|error| BlobError::Unreachable(error.to_string()))?;
        let response = tokio::time::timeout(limit, self.client.request(request))
            .await
            .map_err(|_| BlobError::Late)?
            .map_err(|error| BlobError::Unreachable(crate::plane::chain(&error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let read = Limited::new(response.into_body(), ERROR_BYTES).collect();
        let text = match tokio::time::timeout(SILENCE, read).await {
            Ok(Ok(text)) => text.to_bytes(),
            _ => Bytes::new(),
        };
        let text: String = String::from_utf8_lossy(&text).chars().take(QUOTED).collect();
        // Only the store's own word counts: a proxy, or a plane of an older version, says 404 as well.
        if status == StatusCode::NOT_FOUND && (method == Method::HEAD || text.contains("BLOB_NOT_FOUND")) {
            return Err(BlobError::Missing(digest.to_owned()));
        }
        Err(BlobError::Status(status, text))
    }
}

fn never(never: std::convert::Infallible) -> io::Error {
    match never {}
}

async fn retried<T, F: Future<Output = Result<T, BlobError>>>(attempt: impl Fn() -> F) -> Result<T, BlobError> {
    let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(error) if error.may_pass() && tries < TRIES => {
                let wait = backoff.next();
                tracing::debug!(%error, ?wait, "a blob is tried again");
                tokio::time::sleep(wait).await;
                tries += 1;
            }
            result => return result,
        }
    }
}

/// A file of `transfers/`, gone when this is dropped.
#[derive(Debug)]
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        // What stays goes at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A file that is still written.
#[derive(Debug)]
pub(crate) struct Incomplete {
    path: Passing,
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Incomplete {
    pub(crate) async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.hash.update(&bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(&bytes).await
    }

    pub(crate) async fn finish(mut self) -> io::Result<Transfer> {
        self.file.flush().await?;
        Ok(Transfer {
            path: self.path,
            digest: to_hex(self.hash.finalize()),
            bytes: self.bytes,
        })
    }
}

/// A whole file on its way.
#[derive(Debug)]
pub(crate) struct Transfer {
    path: Passing,
    /// SHA-256 in hex.
    pub(crate) digest: String,
    pub(crate) bytes: u64,
}

impl Transfer {
    /// Its bytes, from the beginning.
    pub(crate) fn body(&self) -> io::Result<FileBody> {
        file_body(&self.path.0)
    }
}

fn file_body(path: &Path) -> io::Result<FileBody> {
    let file = File::from_std(std::fs::File::open(path)?);
    let pieces = stream::try_unfold(file, |mut file| async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        Ok::<_, io::Error>((read > 0).then(|| (Frame::data(piece.freeze()), file)))
    });
    Ok(BodyExt::boxed_unsync(StreamBody::new(pieces)))
}

fn to_hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
