//! Commands and files of a build's sandbox, through the cell's toolbox: as a user would do it.

use super::log::Log;
use crate::cells::{CallError, CellBody, CellError, Cells, TRIES, message};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long one command may take.
const COMMAND_TIME: Duration = Duration::from_secs(30 * 60);
/// Largest answer but output.
const ANSWER: usize = 1 << 20;
/// What lines of output begin with: whether they were written to standard output or error.
const MARKS: [[u8; 3]; 2] = [[1; 3], [2; 3]];

/// Why a call to the toolbox has failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ToolboxError {
    #[error(transparent)]
    Cell(#[from] CellError),
    #[error("the sandbox of the build gave no usable answer: {0}")]
    Answer(String),
}

/// How a command has ended.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ran {
    #[serde(rename = "exitCode")]
    pub(super) code: Option<i32>,
    #[serde(default)]
    pub(super) timed_out: bool,
}

#[derive(Deserialize)]
struct Started {
    id: String,
}

/// The toolbox of one sandbox.
pub(super) struct Toolbox<'a> {
    cells: &'a Cells,
    sandbox: String,
}

impl<'a> Toolbox<'a> {
    pub(super) fn new(cells: &'a Cells, sandbox: &str) -> Self {
        Self {
            cells,
            sandbox: sandbox.to_owned(),
        }
    }

    pub(super) fn sandbox(&self) -> &str {
        &self.sandbox
    }

    /// Runs a command to its end; its output goes to the log.
    pub(super) async fn run(
        &self,
        command: &str,
        directory: &str,
        envs: &BTreeMap<String, String>,
        log: &Log,
    ) -> Result<Ran, ToolboxError> {
        let order = json!({
            "command": command,
            "cwd": directory,
            "envs": envs,
            "timeout": COMMAND_TIME.as_secs(),
        });
        let body = Bytes::from(order.to_string());
        let started: Started = self.json(Method::POST, "/process/execs", body).await?;
        let path = format!("/process/execs/{}", started.id);
        let mut output = self
            .bytes(Method::GET, &format!("{path}/output?follow=true"), Bytes::new())
            .await?;
        let mut unmarked = Unmarked::default();
        while let Some(frame) = output.body_mut().frame().await {
            let frame = frame.map_err(|error| ToolboxError::Cell(CellError::Broken(error)))?;
            if let Ok(data) = frame.into_data() {
                log.write(unmarked.push(&data)).await;
            }
        }
        log.write(unmarked.rest()).await;
        self.json(Method::GET, &path, Bytes::new()).await
    }

    /// Writes a small file.
    pub(super) async fn upload(&self, path: &str, content: Bytes) -> Result<(), ToolboxError> {
        let answer = self.bytes(Method::POST, &upload(path), content).await?;
        read(answer).await.map(drop)
    }

    /// Writes a file from a stream.
    pub(super) async fn stream(&self, path: &str, content: Incoming) -> Result<(), ToolboxError> {
        let life = self.cells.current().await?;
        let request = self.request(Method::POST, &upload(path), Either::Left(content))?;
        // A stream cannot be sent twice: a restart of the cell in this very moment fails the build.
        let answer = Cells::call(&life, request).await.map_err(|error| match error {
            CallError::Unsent(_) => CellError::Down,
            CallError::Failed(error) => error,
        })?;
        read(checked(answer).await?).await.map(drop)
    }

    async fn json<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, ToolboxError> {
        let answer = read(self.bytes(method, path, body).await?).await?;
        serde_json::from_slice(&answer).map_err(|error| ToolboxError::Answer(error.to_string()))
    }

    async fn bytes(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, ToolboxError> {
        for _ in 0..TRIES {
            let life = self.cells.current().await?;
            let body = Either::Right(Either::Left(Full::from(body.clone())));
            match Cells::call(&life, self.request(method.clone(), path, body)?).await {
                Ok(answer) => return checked(answer).await,
                Err(CallError::Unsent(_)) => {}
                Err(CallError::Failed(error)) => return Err(error.into()),
            }
        }
        Err(CellError::Down.into())
    }

    fn request(&self, method: Method, path: &str, body: CellBody) -> Result<Request<CellBody>, ToolboxError> {
        let kind = if path.starts_with("/files") {
            "application/octet-stream"
        } else {
            "application/json"
        };
        Request::builder()
            .method(method)
            .uri(format!("http://cell/toolbox/{}{path}", self.sandbox))
            .header(CONTENT_TYPE, kind)
            .body(body)
            .map_err(|error| ToolboxError::Answer(error.to_string()))
    }
}

/// Paths here are our own, of plain characters.
fn upload(path: &str) -> String {
    format!("/files/upload-v2?path={path}")
}

async fn checked(answer: Response<Incoming>) -> Result<Response<Incoming>, ToolboxError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = read(answer).await.unwrap_or_default();
    Err(CellError::Refused(status, message(&text)).into())
}

async fn read(answer: Response<Incoming>) -> Result<Bytes, ToolboxError> {
    let body = Limited::new(answer.into_body(), ANSWER).collect().await;
    Ok(body
        .map_err(|error| ToolboxError::Answer(error.to_string()))?
        .to_bytes())
}

/// Takes the marks away that lines begin with, however the stream is cut.
#[derive(Default)]
struct Unmarked {
    /// The beginning of what may be a mark.
    held: Vec<u8>,
}

impl Unmarked {
    fn push(&mut self, data: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(data.len());
        for &byte in data {
            if self.held.first().is_some_and(|&first| first != byte) {
                text.append(&mut self.held);
            }
            if MARKS.iter().any(|mark| mark[0] == byte) {
                self.held.push(byte);
                if self.held.len() == MARKS[0].len() {
                    self.held.clear();
                }
            } else {
                text.push(byte);
            }
        }
        text
    }

    fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_everything_else_stays() {
        let marked = b"\x01\x01\x01out\n\x02\x02\x02err \x01 \x01\x02 x\n\x01\x01";
        for size in 1..=marked.len() {
            let mut unmarked = Unmarked::default();
            let mut text: Vec<u8> = marked.chunks(size).flat_map(|piece| unmarked.push(piece)).collect();
            text.extend(unmarked.rest());
            assert_eq!(text, b"out\nerr \x01 \x01\x02 x\n\x01\x01", "pieces of {size}");
        }
    }
}
