//! `process/interpreter`: stateful Python.

use super::environment::{self, Variables};
use super::process::directory;
use super::pty::not_a_socket;
use super::session_logs::close;
use crate::call::{Call, Json, PathOf};
use crate::error::{ApiError, Code as ErrorCode};
use crate::limits::{
    INTERPRETER_EVENTS, INTERPRETER_TIMEOUT, JSON_BODY_BYTES, LONGEST_EXECUTION, REQUEST_PATIENCE, WRITE_PATIENCE,
};
use crate::table::Open;
use crate::work::interpreter::{Code, Context, Event, Outcome};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The context of calls that name none.
const DEFAULT: &str = "default";
const PYTHON: &str = "python";
/// Close code of a timeout, as clients know it.
const TIMED_OUT: u16 = 4008;

/// A context, as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextInfo {
    id: String,
    cwd: String,
    created_at: String,
    active: bool,
    language: &'static str,
}

impl ContextInfo {
    fn new(context: &Context) -> Self {
        Self {
            id: context.id.clone(),
            cwd: context.directory.clone(),
            created_at: context.created.to_string(),
            // One whose Python has not started, or has ended, starts it with the next code.
            active: true,
            language: PYTHON,
        }
    }
}

/// Body of `POST /process/interpreter/context`.
#[derive(Deserialize)]
pub struct CreateRequest {
    cwd: Option<String>,
    language: Option<String>,
}

/// `POST /process/interpreter/context`
pub async fn create(call: Call, Json(request): Json<CreateRequest>) -> Result<axum::Json<ContextInfo>, ApiError> {
    if let Some(other) = request
        .language
        .as_deref()
        .filter(|language| !matches!(*language, "" | PYTHON))
    {
        return Err(ApiError::bad_request(format!(
            "contexts are {PYTHON} only, not {other}"
        )));
    }
    let open = call.open().await?;
    let directory = directory(&call, &open, request.cwd.as_deref()).await?;
    let id = uuid::Uuid::new_v4().to_string();
    let context = make(&call, &open, id, directory)?;
    Ok(axum::Json(ContextInfo::new(&context)))
}

fn make(call: &Call, open: &Open, id: String, directory: String) -> Result<Arc<Context>, ApiError> {
    let environment = call.environment(open, &directory, Variables::new());
    let contexts = &call.entry().work().contexts;
    contexts.make(&id, |_| false, || Ok(Context::new(id.clone(), directory, environment)))
}

/// `GET /process/interpreter/context`
pub async fn list(call: Call) -> axum::Json<Value> {
    let contexts = call.entry().work().contexts.list();
    let named = contexts.iter().filter(|context| context.id != DEFAULT);
    let all: Vec<_> = named.map(|context| ContextInfo::new(context)).collect();
    axum::Json(json!({ "contexts": all }))
}

/// Parameters of a context's route.
#[derive(Deserialize)]
pub struct ContextId {
    context: String,
}

/// `DELETE /process/interpreter/context/{id}`
pub async fn remove(call: Call, PathOf(id): PathOf<ContextId>) -> Result<axum::Json<Value>, ApiError> {
    if id.context == DEFAULT {
        return Err(ApiError::bad_request("the default context cannot be deleted"));
    }
    let context = call.entry().work().contexts.remove(&id.context)?;
    context.end().await;
    Ok(axum::Json(json!({ "message": "the context has been deleted" })))
}

/// The first frame of an execution.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    code: String,
    context_id: Option<String>,
    envs: Option<Variables>,
    timeout: Option<f64>,
}

/// `GET /process/interpreter/execute`
pub async fn execute(
    call: Call,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(not_a_socket)?;
    let permit = call.entry().execute()?;
    Ok(upgrade
        .max_message_size(JSON_BODY_BYTES)
        .on_upgrade(move |mut socket| async move {
            let frame = serve(&mut socket, &call).await;
            if let Some(frame) = frame {
                close(socket, frame).await;
            }
            drop((permit, call));
        }))
}

/// The frame to close with; none if the client has gone.
async fn serve(socket: &mut WebSocket, call: &Call) -> Option<CloseFrame> {
    let request = match read(socket).await? {
        Ok(request) => request,
        Err(reason) => return Some(policy(&reason)),
    };
    let (context, open, code) = match prepare(call, request).await {
        Ok(ready) => ready,
        Err(error) => return Some(policy(&error.message)),
    };
    let (sender, mut events) = mpsc::channel(INTERPRETER_EVENTS);
    // A task of its own: the code goes on when its client has gone.
    let run = tokio::spawn(async move { context.run(&open.sandbox, &code, &sender).await });
    while let Some(event) = events.recv().await {
        send(socket, &frame_of(event)).await?;
    }
    match run.await {
        Ok(Ok(Outcome::Completed)) => {
            send(socket, &json!({ "type": "control", "text": "completed" })).await?;
            Some(frame(close_code::NORMAL, ""))
        }
        Ok(Ok(Outcome::Interrupted)) => {
            send(socket, &json!({ "type": "control", "text": "interrupted" })).await?;
            Some(frame(close_code::NORMAL, ""))
        }
        Ok(Ok(Outcome::TimedOut)) => Some(frame(TIMED_OUT, "execution timed out")),
        Ok(Err(error)) => Some(frame(close_code::ERROR, &error.message)),
        Err(_) => Some(frame(close_code::ERROR, "an internal error")),
    }
}

/// The request, or why it is none.
async fn read(socket: &mut WebSocket) -> Option<Result<Request, String>> {
    let first = async {
        loop {
            match socket.recv().await?.ok()? {
                Message::Text(text) => return Some(text),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    };
    match tokio::time::timeout(REQUEST_PATIENCE, first).await {
        Ok(text) => Some(serde_json::from_str(text?.as_str()).map_err(|error| format!("bad request: {error}"))),
        Err(_) => Some(Err("no request came".to_owned())),
    }
}

async fn prepare(call: &Call, request: Request) -> Result<(Arc<Context>, Open, Code), ApiError> {
    if request.code.trim().is_empty() {
        return Err(ApiError::bad_request("code is blank"));
    }
    let variables = request.envs.unwrap_or_default();
    environment::check(&variables)?;
    let timeout = match super::process::timeout(request.timeout)? {
        Some(timeout) => timeout,
        None if request.timeout.is_some() => LONGEST_EXECUTION,
        None => INTERPRETER_TIMEOUT,
    };
    let open = call.open().await?;
    let contexts = &call.entry().work().contexts;
    let id = request
        .context_id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| DEFAULT.to_owned());
    let context = match contexts.get(&id) {
        Ok(context) => context,
        Err(_) if id == DEFAULT => match make(call, &open, id.clone(), directory(call, &open, None).await?) {
            // Another call was quicker.
            Err(error) if error.code == ErrorCode::Conflict && error.status == StatusCode::CONFLICT => {
                contexts.get(&id)?
            }
            made => made?,
        },
        Err(error) => return Err(error),
    };
    let code = Code {
        text: request.code,
        variables,
        timeout: timeout.max(Duration::from_millis(1)),
    };
    Ok((context, open, code))
}

fn frame_of(event: Event) -> Value {
    match event {
        Event::Out(text) => json!({ "type": "stdout", "text": text }),
        Event::Err(text) => json!({ "type": "stderr", "text": text }),
        Event::Error { name, value, traceback } => {
            json!({ "type": "error", "name": name, "value": value, "traceback": traceback })
        }
        Event::Done(_) => Value::Null,
    }
}

async fn send(socket: &mut WebSocket, value: &Value) -> Option<()> {
    let message = Message::Text(Utf8Bytes::from(value.to_string()));
    match tokio::time::timeout(WRITE_PATIENCE, socket.send(message)).await {
        Ok(Ok(())) => Some(()),
        _ => None,
    }
}

fn policy(reason: &str) -> CloseFrame {
    frame(close_code::POLICY, reason)
}

/// A close frame; its reason is cut to what such a frame holds.
fn frame(code: u16, reason: &str) -> CloseFrame {
    const MOST: usize = 123;
    let mut end = reason.len().min(MOST);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame {
        code,
        reason: reason[..end].into(),
    }
}
