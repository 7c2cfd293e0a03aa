//! Logs of builds: a runner writes while it builds, users read, also while it goes on.
//!
//! `POST /build-logs/<snapshot>?begin=true|end=true` with a runner's token appends the body;
//! `GET /snapshots/<id>/build-logs?follow=true` and `GET /sandboxes/<id>/build-logs` read, if the API shows the caller the
//! snapshot or sandbox.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream::try_unfold;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::watch;

use crate::fault::Fault;
use crate::limits::API_TIME;
use crate::objects::identity;
use crate::router::Shared;
use crate::{Body, BoxError};

/// Bytes of one log: a build that writes more has its end cut, and the log says so.
const MAX_LOG: u64 = 4 << 20;
/// Bytes of one call that appends.
const MAX_PIECE: usize = 256 << 10;
/// Logs kept; the oldest go.
const MAX_LOGS: usize = 1_000;
/// Silence after which nobody believes in a build any more: its runner speaks at least each minute.
const SILENCE: Duration = Duration::from_secs(10 * 60);
/// How long a reader that follows waits for a build to begin.
const BEGINNING: Duration = Duration::from_secs(60);
/// Bytes read at a time.
const PIECE: usize = 64 << 10;
/// What is written once a log is full.
const CUT: &[u8] = b"\n[the log is cut here: it has more than 4 MiB]\n";

/// The logs of one front.
pub struct BuildLogs {
    directory: PathBuf,
    live: Mutex<HashMap<String, Live>>,
}

/// A build that goes on.
struct Live {
    /// The runner that writes.
    writer: String,
    heard: Instant,
    /// Bytes so far.
    length: watch::Sender<u64>,
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask<'a> {
    /// A runner appends.
    Append(&'a str),
    /// A user reads the log of a snapshot.
    Snapshot(&'a str),
    /// A user reads the log of what a sandbox is made from.
    Sandbox(&'a str),
}

/// What is asked, if path and method are ours.
pub fn target<'a>(method: &Method, path: &'a str) -> Option<Ask<'a>> {
    let plain = |id: &str| !id.is_empty() && id.len() <= 512 && !id.contains('/') && !id.contains('?');
    if let Some(id) = path.strip_prefix("/build-logs/") {
        (*method == Method::POST && crate::objects::plain(id)).then_some(Ask::Append(id))
    } else {
        let inner = path.strip_prefix("/api").unwrap_or(path);
        let of = |kind: &str| {
            inner
                .strip_prefix(kind)?
                .strip_suffix("/build-logs")
                .filter(|id| plain(id))
        };
        let snapshot = of("/snapshots/").map(Ask::Snapshot);
        // The API calls it sandbox, the proxy sandboxes.
        let sandbox = || of("/sandboxes/").or_else(|| of("/sandbox/")).map(Ask::Sandbox);
        snapshot.or_else(sandbox).filter(|_| *method == Method::GET)
    }
}

/// Does what is asked.
///
/// # Errors
/// Refusals in the front's own form, or the API's.
pub async fn call(shared: &Arc<Shared>, request: Request<Body>, ask: Ask<'_>) -> Result<Response<Body>, Fault> {
    let Some(logs) = &shared.build_logs else {
        return Err(Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "NO_BUILD_LOGS",
            "this front keeps no logs of builds; ask the platform's own front",
        ));
    };
    let query = request.uri().query().unwrap_or("").to_owned();
    let says = |name: &str| {
        query
            .split('&')
            .any(|pair| pair == name || pair == format!("{name}=true"))
    };
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    match ask {
        Ask::Append(snapshot) => {
            let identity = identity(shared, headers.get(AUTHORIZATION), &HeaderMap::new()).await?;
            let (Some("runner"), Some(writer)) = (identity["principal"].as_str(), identity["subject"].as_str()) else {
                return Err(Fault::new(
                    StatusCode::FORBIDDEN,
                    "FORBIDDEN",
                    "only runners write logs of builds",
                ));
            };
            let piece = crate::body::whole(body, MAX_PIECE).await.ok_or_else(|| {
                let text = format!("a piece of a log has at most {MAX_PIECE} bytes");
                Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", text)
            })?;
            logs.append(snapshot, writer, &piece, says("begin"), says("end"))
                .await?;
            let mut response = Response::new(crate::body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        Ask::Snapshot(name) => {
            let snapshot = shown(shared, format!("/api/snapshots/{name}"), headers).await?;
            read(shared, snapshot["id"].as_str().unwrap_or_default(), says("follow"))
        }
        Ask::Sandbox(name) => {
            let sandbox = shown(shared, format!("/api/sandbox/{name}"), headers).await?;
            let Some(built) = sandbox["buildInfo"]["snapshotRef"]
                .as_str()
                .filter(|name| !name.is_empty())
            else {
                let text = "this sandbox was not made from a Dockerfile, so it has no build log";
                return Err(Fault::new(StatusCode::BAD_REQUEST, "NO_BUILD", text));
            };
            let snapshot = shown(shared, format!("/api/snapshots/{built}"), headers).await?;
            read(shared, snapshot["id"].as_str().unwrap_or_default(), says("follow"))
        }
    }
}

/// What the API shows the caller.
async fn shown(shared: &Shared, path: String, headers: &HeaderMap) -> Result<Value, Fault> {
    let authorization = headers.get(AUTHORIZATION).cloned();
    if authorization.is_none() {
        let text = "the Authorization header is missing";
        return Err(Fault::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", text));
    }
    let organization = http::HeaderName::from_static("x-daytona-organization-id");
    let more = headers.get(&organization).map(|value| (organization, value.clone()));
    let asked = shared.api.ask_json_with(path, authorization, more);
    tokio::time::timeout(API_TIME, asked)
        .await
        .map_err(|_| {
            let text = "the control plane did not answer in time";
            Fault::new(StatusCode::GATEWAY_TIMEOUT, "API_TIMEOUT", text)
        })?
        .map_err(|(status, body)| Fault::Api(status, body))
}

impl BuildLogs {
    /// Keeps logs in `directory`, which is made when it is needed.
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            live: Mutex::default(),
        }
    }

    fn path(&self, snapshot: &str) -> PathBuf {
        self.directory.join(format!("{snapshot}.log"))
    }

    fn live(&self) -> std::sync::MutexGuard<'_, HashMap<String, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn append(&self, snapshot: &str, writer: &str, piece: &[u8], begin: bool, end: bool) -> Result<(), Fault> {
        let length = {
            let mut live = self.live();
            live.retain(|_, live| live.heard.elapsed() < SILENCE);
            let another = live.get(snapshot).is_some_and(|live| live.writer != writer);
            if another || (!begin && !live.contains_key(snapshot)) {
                let text = "this build is not this runner's, or it has ended; begin it with ?begin=true";
                return Err(Fault::new(StatusCode::CONFLICT, "NOT_YOUR_BUILD", text));
            }
            let entry = live.entry(snapshot.to_owned()).or_insert_with(|| Live {
                writer: writer.to_owned(),
                heard: Instant::now(),
                length: watch::Sender::new(0),
            });
            entry.heard = Instant::now();
            if begin {
                entry.length.send_replace(0);
            }
            *entry.length.borrow()
        };
        let (path, directory) = (self.path(snapshot), self.directory.clone());
        let room = MAX_LOG.saturating_sub(length);
        let fits = piece.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let mut data = piece[..fits].to_vec();
        if fits < piece.len() && room > 0 {
            data.extend_from_slice(CUT);
        }
        let added = data.len() as u64;
        let written = tokio::task::spawn_blocking(move || write(&directory, &path, &data, begin)).await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map_err(|error| {
            tracing::error!(%error, "logs of builds");
            let text = "the log cannot be written now";
            Fault::new(StatusCode::SERVICE_UNAVAILABLE, "LOG_UNAVAILABLE", text)
        })?;
        let mut live = self.live();
        if let Some(entry) = live.get(snapshot) {
            entry.length.send_modify(|length| *length += added);
        }
        if end {
            live.remove(snapshot);
        }
        Ok(())
    }

    /// Tells of new bytes of a build that goes on; none if it does not.
    fn watch(&self, snapshot: &str) -> Option<watch::Receiver<u64>> {
        let live = self.live();
        let entry = live.get(snapshot)?;
        (entry.heard.elapsed() < SILENCE).then(|| entry.length.subscribe())
    }
}

fn write(directory: &std::path::Path, path: &std::path::Path, data: &[u8], begin: bool) -> io::Result<()> {
    use io::Write;
    if begin {
        std::fs::create_dir_all(directory)?;
        let mut logs = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            logs.push((entry.metadata()?.modified()?, entry.path()));
        }
        logs.sort();
        for (_, old) in logs.iter().take((logs.len() + 1).saturating_sub(MAX_LOGS)) {
            std::fs::remove_file(old)?;
        }
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true);
    let options = if begin {
        options.write(true).truncate(true)
    } else {
        options.append(true)
    };
    options.open(path)?.write_all(data)
}

/// A reader on its way.
struct Reading {
    shared: Arc<Shared>,
    snapshot: String,
    offset: u64,
    follow: bool,
    /// Until when a build may begin.
    beginning: Instant,
    live: Option<watch::Receiver<u64>>,
}

fn read(shared: &Arc<Shared>, snapshot: &str, follow: bool) -> Result<Response<Body>, Fault> {
    if !crate::objects::plain(snapshot) {
        let text = "this snapshot has no build log";
        return Err(Fault::new(StatusCode::NOT_FOUND, "NOT_FOUND", text));
    }
    let reading = Reading {
        shared: Arc::clone(shared),
        snapshot: snapshot.to_owned(),
        offset: 0,
        follow,
        beginning: Instant::now() + BEGINNING,
        live: None,
    };
    let pieces = try_unfold(reading, |mut reading| async move {
        let piece = reading.next().await.map_err(|error| Box::new(error) as BoxError)?;
        Ok::<_, BoxError>(piece.map(|piece| (Frame::data(piece), reading)))
    });
    let mut response = Response::new(StreamBody::new(pieces).boxed_unsync());
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    Ok(response)
}

impl Reading {
    /// More of the log, or none at its end.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let logs = Arc::clone(&self.shared);
        let Some(logs) = &logs.build_logs else {
            return Ok(None);
        };
        loop {
            // Asked before reading: what is written in between is then read in the next round.
            if self.live.is_none() {
                self.live = logs.watch(&self.snapshot);
            }
            let ended = self.live.as_ref().is_none_or(|live| live.has_changed().is_err());
            if let Some(live) = &mut self.live {
                live.mark_unchanged();
            }
            let piece = self.piece(&logs.path(&self.snapshot)).await?;
            if !piece.is_empty() {
                self.offset += piece.len() as u64;
                return Ok(Some(piece));
            }
            let begun = self.offset > 0 || self.live.is_some();
            match &mut self.live {
                _ if !self.follow => return Ok(None),
                _ if begun && ended => return Ok(None),
                // Either way the file is looked at again: an end says what it is the next time.
                Some(live) => match tokio::time::timeout(SILENCE, live.changed()).await {
                    Ok(_) => {}
                    Err(_) => return Ok(None),
                },
                None if Instant::now() > self.beginning => return Ok(None),
                None => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    async fn piece(&self, path: &std::path::Path) -> io::Result<Bytes> {
        let mut file = match tokio::fs::File::open(path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Bytes::new()),
            file => file?,
        };
        file.seek(io::SeekFrom::Start(self.offset)).await?;
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok(piece.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_are_ours() {
        for (method, path, expected) in [
            (Method::POST, "/build-logs/s-1", Some(Ask::Append("s-1"))),
            (Method::GET, "/snapshots/s/build-logs", Some(Ask::Snapshot("s"))),
            (Method::GET, "/api/snapshots/s/build-logs", Some(Ask::Snapshot("s"))),
            (Method::GET, "/sandboxes/s/build-logs", Some(Ask::Sandbox("s"))),
            (Method::GET, "/api/sandbox/s/build-logs", Some(Ask::Sandbox("s"))),
            (Method::GET, "/build-logs/s", None),
            (Method::POST, "/build-logs/../s", None),
            (Method::POST, "/snapshots/s/build-logs", None),
            (Method::GET, "/snapshots/a/b/build-logs", None),
            (Method::GET, "/snapshots//build-logs", None),
            (Method::GET, "/api/snapshots/s/build-logs-url", None),
        ] {
            assert_eq!(target(&method, path), expected, "{method} {path}");
        }
    }
}
