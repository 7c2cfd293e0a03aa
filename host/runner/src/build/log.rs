//! The log of a build on its way to the platform, and uploads on their way from there. A log that cannot be told is no reason for a
//! build to fail.

use crate::backoff::Backoff;
use crate::plane::{Plane, chain};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sandbar_dial::{Connector, Origin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Pieces that wait to be sent: then whoever writes waits too.
const WAITING: usize = 64;
/// Bytes of one call, well below what the platform takes.
const BATCH: usize = 64 << 10;
/// How long lines are gathered before they are sent.
const GATHER: Duration = Duration::from_millis(200);
/// A build that says nothing says so: the platform believes in it for ten minutes.
const ALIVE: Duration = Duration::from_secs(60);
/// How long one call may take.
const CALL_TIME: Duration = Duration::from_secs(15);
/// Tries of one call.
const TRIES: u32 = 4;
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(2);
/// Idle connections are closed before the usual proxies (60 s) do it under us.
const IDLE: Duration = Duration::from_secs(50);
/// Length of a context's name: an MD5 in hex.
const HASH: usize = 32;

/// The platform's uploads and logs. Cheap to clone.
#[derive(Clone)]
pub(super) struct Platform {
    client: Client<Connector, Full<Bytes>>,
    /// Without the API's path.
    origin: Arc<Origin>,
    token: HeaderValue,
}

impl Platform {
    pub(super) fn new(plane: &Plane, api: &Origin) -> Self {
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
        }
    }

    /// An upload of an organization.
    ///
    /// # Errors
    /// Why it is not there, for a user.
    pub(super) async fn context(&self, organization: &str, hash: &str) -> Result<Incoming, String> {
        let plain =
            |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if hash.len() != HASH || !plain(hash) || !plain(organization) {
            return Err(format!("{hash:?} is not the hash of an upload"));
        }
        let route = format!("/contexts/{organization}/{hash}");
        let answer = self.retried(Method::GET, &route, &Bytes::new()).await?;
        if answer.status().is_success() {
            Ok(answer.into_body())
        } else {
            Err(format!(
                "the files uploaded as {hash} are not there any more; start the build again"
            ))
        }
    }

    async fn retried(&self, method: Method, route: &str, body: &Bytes) -> Result<Response<Incoming>, String> {
        let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
        let mut error = String::new();
        for _ in 0..TRIES {
            let request = Request::builder()
                .method(&method)
                .uri(self.origin.route(route))
                .header(AUTHORIZATION, self.token.clone())
                .body(Full::from(body.clone()))
                .map_err(|error| error.to_string())?;
            match tokio::time::timeout(CALL_TIME, self.client.request(request)).await {
                Ok(Ok(answer)) if !answer.status().is_server_error() => return Ok(answer),
                Ok(Ok(answer)) => error = format!("the platform answered {}", answer.status()),
                Ok(Err(failed)) => error = chain(&failed),
                Err(_) => error = "the platform did not answer in time".to_owned(),
            }
            tokio::time::sleep(backoff.next()).await;
        }
        Err(error)
    }
}

/// The log of one build. Dropped without [`Log::end`], what was written is still sent.
pub(super) struct Log {
    pieces: mpsc::Sender<Vec<u8>>,
    sending: JoinHandle<()>,
}

impl Log {
    /// A log that begins anew.
    pub(super) fn begin(platform: &Platform, snapshot: &str) -> Self {
        let (pieces, waiting) = mpsc::channel(WAITING);
        let route = format!("/build-logs/{snapshot}");
        Self {
            pieces,
            sending: tokio::spawn(send(platform.clone(), route, waiting)),
        }
    }

    /// A line of our own.
    pub(super) async fn say(&self, line: String) {
        self.write(line.into_bytes()).await;
    }

    /// Output.
    pub(super) async fn write(&self, piece: Vec<u8>) {
        if !piece.is_empty() {
            // The sender has ended only if it panicked.
            let _ = self.pieces.send(piece).await;
        }
    }

    /// Waits until the platform has it all.
    pub(super) async fn end(self) {
        drop(self.pieces);
        let _ = self.sending.await;
    }
}

async fn send(platform: Platform, route: String, mut waiting: mpsc::Receiver<Vec<u8>>) {
    let mut query = "?begin=true";
    loop {
        let (batch, ended) = gather(&mut waiting).await;
        let query = match (std::mem::take(&mut query), ended) {
            ("", false) => "",
            ("", true) => "?end=true",
            (begin, false) => begin,
            (_, true) => "?begin=true&end=true",
        };
        let body = Bytes::from(batch);
        match platform.retried(Method::POST, &format!("{route}{query}"), &body).await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => {
                tracing::warn!(status = %answer.status(), route, "the platform does not take the log of a build")
            }
            Err(error) => tracing::warn!(error, route, "a piece of a build's log is lost"),
        }
        if ended {
            return;
        }
    }
}

/// What has been written lately, and whether that was the last.
async fn gather(waiting: &mut mpsc::Receiver<Vec<u8>>) -> (Vec<u8>, bool) {
    let mut batch = match tokio::time::timeout(ALIVE, waiting.recv()).await {
        Ok(Some(first)) => first,
        Ok(None) => return (Vec::new(), true),
        Err(_) => return (Vec::new(), false),
    };
    let until = tokio::time::Instant::now() + GATHER;
    while batch.len() < BATCH {
        match tokio::time::timeout_at(until, waiting.recv()).await {
            Ok(Some(more)) => batch.extend_from_slice(&more),
            Ok(None) => return (batch, true),
            Err(_) => break,
        }
    }
    (batch, false)
}
