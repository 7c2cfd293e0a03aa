//! `HEAD|GET|PUT /blobs/sha256/<hex>`: where runners keep what snapshots and backups are made of. Only runners may.

use std::io;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use http::header::{ACCEPT_RANGES, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::{BodyDataStream, BodyExt, StreamBody};
use sandbar_blobs::{BlobError, Blobs, Digest, MAX_BLOB};
use tokio::sync::Semaphore;

use crate::fault::Fault;
use crate::limits::MAX_BLOB_CALLS;
use crate::router::Shared;
use crate::steady::Steady;
use crate::{Body, body, link};

/// The blobs of the platform, and how many calls may use them at once.
#[derive(Debug)]
pub struct Store {
    blobs: Arc<dyn Blobs>,
    calls: Arc<Semaphore>,
}

impl Store {
    /// Serves these.
    pub fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self {
            blobs,
            calls: Arc::new(Semaphore::new(MAX_BLOB_CALLS)),
        }
    }
}

/// What stands behind `/blobs/`; none if the path is none of ours.
pub fn target(path: &str) -> Option<&str> {
    path.strip_prefix("/blobs/")
}

/// Answers a runner.
///
/// # Errors
/// 401 or 403 for who is not a runner, 400 for what is no digest, 404 for a blob that is not here, 413 and 422 for bytes that
/// are too many or others than announced, 503 if too many calls are served or there is no store, 507 if it is full.
pub async fn call(shared: &Arc<Shared>, request: Request<Body>, rest: &str) -> Result<Response<Body>, Fault> {
    let digest = rest.strip_prefix("sha256/").and_then(Digest::parse).ok_or_else(|| {
        fault(
            StatusCode::BAD_REQUEST,
            "INVALID_DIGEST",
            "blobs are /blobs/sha256/<64 hex digits>",
        )
    })?;
    link::who(shared, request.headers().get(AUTHORIZATION)).await?;
    let store = shared.blobs.as_ref().ok_or_else(|| {
        fault(
            StatusCode::SERVICE_UNAVAILABLE,
            "NO_BLOB_STORE",
            "this front keeps no blobs; give the runner the address of one that does as its API",
        )
    })?;
    let permit = Arc::clone(&store.calls).try_acquire_owned().map_err(|_| {
        let text = format!("{MAX_BLOB_CALLS} blobs are being moved already");
        fault(StatusCode::SERVICE_UNAVAILABLE, "BLOBS_BUSY", text)
    })?;
    match *request.method() {
        Method::HEAD => {
            let size = store.blobs.size(&digest).await.map_err(refused)?;
            let size = size.ok_or_else(|| missing(&digest))?;
            Ok(headed(body::empty(), size))
        }
        Method::GET => {
            let found = store.blobs.read(&digest).await.map_err(refused)?;
            let (size, bytes) = found.ok_or_else(|| missing(&digest))?;
            let frames = bytes.map(move |piece| {
                // The place is taken until the last piece is sent.
                let _permit = &permit;
                piece
                    .map(Frame::data)
                    .map_err(|error| Box::new(error) as crate::BoxError)
            });
            Ok(headed(StreamBody::new(frames).boxed_unsync(), size))
        }
        Method::PUT => {
            if request.body().size_hint().lower() > MAX_BLOB {
                return Err(refused(BlobError::TooLarge { most: MAX_BLOB }));
            }
            let pieces = BodyDataStream::new(Steady::new(request.into_body())).map_err(io::Error::other);
            store.blobs.write(&digest, pieces.boxed()).await.map_err(refused)?;
            let mut response = Response::new(body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        _ => Err(fault(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "blobs take HEAD, GET and PUT",
        )),
    }
}

fn headed(body: Body, size: u64) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, size.into());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    response
}

fn fault(status: StatusCode, code: &'static str, message: impl Into<String>) -> Fault {
    Fault::new(status, code, message)
}

fn missing(digest: &Digest) -> Fault {
    let text = format!("there is no blob sha256:{digest}");
    fault(StatusCode::NOT_FOUND, "BLOB_NOT_FOUND", text)
}

fn refused(error: BlobError) -> Fault {
    let (status, code) = match &error {
        BlobError::Mismatch { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "DIGEST_MISMATCH"),
        BlobError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "BLOB_TOO_LARGE"),
        BlobError::Broken(_) => (StatusCode::BAD_REQUEST, "BLOB_BROKEN_OFF"),
        BlobError::Full => (StatusCode::INSUFFICIENT_STORAGE, "BLOB_STORE_FULL"),
        BlobError::Store(cause) => {
            tracing::error!(%cause, "the blob store failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "BLOB_STORE_FAILED")
        }
    };
    fault(status, code, error.to_string())
}
