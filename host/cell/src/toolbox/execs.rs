//! `process/execs`: executions as resources, that outlive the call that started them.

use super::download::channel_body;
use super::environment::{self, Variables};
use super::process::{directory, refusal, timeout};
use crate::call::{Call, Json, Parameters, PathOf};
use crate::error::{ApiError, Code};
use crate::limits::{INPUT_BYTES, LOG_PIECE, LONGEST_EXECUTION};
use crate::work::execution::{Execution, Kept, Order, Stdin};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use sandbar_process::Signal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Body of `POST /process/execs`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartRequest {
    command: String,
    cwd: Option<String>,
    envs: Option<Variables>,
    timeout: Option<f64>,
    /// Standard input stays open for `POST …/input`.
    #[serde(default)]
    stdin: bool,
}

/// An execution, as the API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionInfo {
    id: String,
    command: String,
    cwd: String,
    pid: u32,
    started_at: String,
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<u8>,
    timed_out: bool,
    /// Bytes of output that are kept.
    output_bytes: usize,
}

impl ExecutionInfo {
    fn new(execution: &Execution) -> Self {
        let ended = execution.ended();
        Self {
            id: execution.id.clone(),
            command: execution.command.clone(),
            cwd: execution.directory.clone(),
            pid: execution.pid(),
            started_at: execution.started.to_string(),
            running: ended.is_none(),
            ended_at: ended.map(|ended| ended.time.to_string()),
            exit_code: ended.map(|ended| ended.code),
            signal: ended.and_then(|ended| ended.signal),
            timed_out: ended.is_some_and(|ended| ended.timed_out),
            output_bytes: execution.log.size(),
        }
    }
}

/// `POST /process/execs`
pub async fn start(call: Call, Json(request): Json<StartRequest>) -> Result<Response, ApiError> {
    if request.command.trim().is_empty() {
        return Err(ApiError::bad_request("command is blank"));
    }
    if request.command.contains('\0') {
        return Err(ApiError::bad_request("command holds a NUL byte"));
    }
    let envs = request.envs.unwrap_or_default();
    environment::check(&envs)?;
    let timeout = timeout(request.timeout)?.unwrap_or(LONGEST_EXECUTION);
    let permit = call.entry().execute()?;
    let open = call.open().await?;
    let directory = directory(&call, &open, request.cwd.as_deref()).await?;
    let work = call.entry().work();
    let order = Order {
        arguments: vec!["sh".into(), "-c".into(), request.command.clone()],
        command: request.command,
        environment: call.environment(&open, &directory, envs),
        directory,
        timeout,
        stdin: if request.stdin {
            Stdin::Open
        } else {
            Stdin::Bytes(Bytes::new())
        },
        output: Kept::Last(work.executions.log_limit()),
    };
    let execution = Execution::start(&open.sandbox, order, permit).map_err(refusal)?;
    work.executions.add(Arc::clone(&execution));
    Ok((StatusCode::CREATED, axum::Json(ExecutionInfo::new(&execution))).into_response())
}

/// `GET /process/execs`
pub async fn list(call: Call) -> axum::Json<serde_json::Value> {
    let executions = &call.entry().work().executions;
    executions.tidy();
    let all: Vec<_> = executions.list().iter().map(|one| ExecutionInfo::new(one)).collect();
    axum::Json(serde_json::json!({ "execs": all }))
}

/// `GET /process/execs/{execId}`
pub async fn get(call: Call, PathOf(id): PathOf<ExecId>) -> Result<axum::Json<ExecutionInfo>, ApiError> {
    Ok(axum::Json(ExecutionInfo::new(&*find(&call, &id)?)))
}

/// The parameters of a route below an execution. The sandbox's own id is not of interest.
#[derive(Deserialize)]
pub struct ExecId {
    exec: String,
}

fn find(call: &Call, id: &ExecId) -> Result<Arc<Execution>, ApiError> {
    call.entry().work().executions.get(&id.exec)
}

/// `?offset=&follow=`
#[derive(Deserialize)]
pub struct OutputParameters {
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    follow: bool,
}

/// `GET /process/execs/{execId}/output`: the marked bytes from `offset` on, as far as they are there; with `follow` also
/// what comes until the execution ends. `X-Output-Offset` is the offset of the first byte: greater than the one asked for
/// if what was there is gone.
pub async fn output(
    call: Call,
    PathOf(id): PathOf<ExecId>,
    Parameters(parameters): Parameters<OutputParameters>,
) -> Result<Response, ApiError> {
    let log = Arc::clone(&find(&call, &id)?.log);
    let first = log.read(parameters.offset, LOG_PIECE);
    let begin = first.next - first.bytes.len() as u64;
    let (sender, body) = channel_body();
    tokio::spawn(async move {
        let _call = call;
        let mut piece = first;
        loop {
            let (mut next, finished, empty) = (piece.next, piece.finished, piece.bytes.is_empty());
            if !empty && sender.send(Ok(piece.bytes)).await.is_err() {
                return;
            }
            if finished || (empty && !parameters.follow) {
                return;
            }
            if empty {
                tokio::select! {
                    () = log.beyond(next) => {}
                    () = sender.closed() => return,
                }
            }
            piece = log.read(next, LOG_PIECE);
            if piece.lost > 0 {
                // The reader was too slow: it is told, and can ask for what is left by offset.
                next += piece.lost;
                tracing::debug!(lost = piece.lost, next, "a follower lost output");
                let notice = piece.with_notice();
                let _ = sender.send(Ok(notice)).await;
                return;
            }
        }
    });
    Ok(marked(body, begin))
}

fn marked(body: Body, begin: u64) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert("x-output-offset", HeaderValue::from(begin));
    response
}

/// Body of `POST /process/execs/{execId}/signal`: a name (`TERM`, `SIGTERM`) or a number.
#[derive(Deserialize)]
pub struct SignalRequest {
    signal: SignalName,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SignalName {
    Number(u32),
    Name(String),
}

/// `POST /process/execs/{execId}/signal`
pub async fn signal(
    call: Call,
    PathOf(id): PathOf<ExecId>,
    Json(request): Json<SignalRequest>,
) -> Result<StatusCode, ApiError> {
    let execution = find(&call, &id)?;
    let signal = match &request.signal {
        SignalName::Number(number) => Signal::sendable(*number),
        SignalName::Name(name) => Signal::named(name),
    };
    let signal = signal.ok_or_else(|| {
        ApiError::bad_request(
            "no such signal; there are HUP, INT, QUIT, ABRT, KILL, USR1, USR2, PIPE, ALRM, TERM, CHLD, CONT, STOP, TSTP and WINCH",
        )
    })?;
    execution
        .signal(signal)
        .map_err(|_| ApiError::gone("the execution has ended"))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Body of `POST /process/execs/{execId}/input`.
#[derive(Deserialize)]
pub struct InputRequest {
    #[serde(default)]
    data: String,
    /// No more will come: the command finds the end of its input.
    #[serde(default)]
    close: bool,
}

/// `POST /process/execs/{execId}/input`
pub async fn input(
    call: Call,
    PathOf(id): PathOf<ExecId>,
    Json(request): Json<InputRequest>,
) -> Result<StatusCode, ApiError> {
    if request.data.len() > INPUT_BYTES {
        return Err(ApiError::bad_request(format!(
            "more than {INPUT_BYTES} bytes of input; send it in pieces"
        )));
    }
    let execution = find(&call, &id)?;
    if execution.ended().is_some() {
        return Err(ApiError::gone("the execution has ended"));
    }
    execution
        .input(request.data.as_bytes(), request.close)
        .await
        .map_err(|_| {
            ApiError::new(
                StatusCode::CONFLICT,
                Code::Conflict,
                "the execution takes no input (more): start it with \"stdin\": true",
            )
        })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /process/execs/{execId}`: ends it and all it started, and forgets it.
pub async fn remove(call: Call, PathOf(id): PathOf<ExecId>) -> Result<StatusCode, ApiError> {
    let execution = find(&call, &id)?;
    execution.kill().await;
    call.entry().work().executions.remove(&id.exec);
    Ok(StatusCode::NO_CONTENT)
}
