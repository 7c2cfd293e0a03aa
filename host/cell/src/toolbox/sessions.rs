//! `process/session`: sessions and their commands.

use super::process::{directory, refusal};
use crate::call::{Call, Json, PathOf};
use crate::entrypoint;
use crate::error::{ApiError, Code};
use crate::limits::{COMMAND_BYTES, INPUT_BYTES, NAME_BYTES};
use crate::work::command::{Command, End};
use crate::work::log::split;
use crate::work::session::Session;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Parameters of a session's routes.
#[derive(Deserialize)]
pub struct SessionId {
    session: String,
}

/// Parameters of a command's routes.
#[derive(Deserialize)]
pub struct CommandId {
    session: String,
    command: String,
}

/// Body of `POST /process/session`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRequest {
    session_id: String,
}

/// A session, as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    session_id: String,
    commands: Vec<CommandInfo>,
}

/// A command, as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandInfo {
    id: String,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
}

impl CommandInfo {
    fn new(command: &Command) -> Self {
        Self {
            id: command.id.clone(),
            command: command.text.clone(),
            exit_code: command.exit_code(),
        }
    }
}

impl SessionInfo {
    fn new(session: &Session) -> Self {
        Self {
            session_id: session.id.clone(),
            commands: session
                .commands()
                .iter()
                .map(|command| CommandInfo::new(command))
                .collect(),
        }
    }
}

/// Checks a name that a client chose.
///
/// # Errors
/// 400.
pub fn check_name(name: &str, what: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() || name.len() > NAME_BYTES || name.contains(char::is_control) {
        return Err(ApiError::bad_request(format!(
            "{what} must have 1 to {NAME_BYTES} bytes and no control characters"
        )));
    }
    Ok(())
}

/// `POST /process/session`
pub async fn create(call: Call, Json(request): Json<CreateRequest>) -> Result<StatusCode, ApiError> {
    check_name(&request.session_id, "sessionId")?;
    if request.session_id == entrypoint::NAME {
        return Err(ApiError::bad_request("the session id \"entrypoint\" is reserved"));
    }
    let open = call.open().await?;
    let directory = directory(&call, &open, None).await?;
    let environment = call.environment(&open, &directory, Default::default());
    let id = request.session_id;
    call.entry().work().sessions.make(
        &id,
        |_| false,
        || Session::start(id.clone(), &open.sandbox, environment, directory).map_err(refusal),
    )?;
    Ok(StatusCode::CREATED)
}

/// `GET /process/session`
pub async fn list(call: Call) -> axum::Json<Vec<SessionInfo>> {
    let sessions = call.entry().work().sessions.list();
    let own = sessions.iter().filter(|session| session.id != entrypoint::NAME);
    axum::Json(own.map(|session| SessionInfo::new(session)).collect())
}

/// `GET /process/session/{id}`
pub async fn get(call: Call, PathOf(id): PathOf<SessionId>) -> Result<axum::Json<SessionInfo>, ApiError> {
    Ok(axum::Json(SessionInfo::new(&*find(&call, &id.session)?)))
}

fn find(call: &Call, id: &str) -> Result<Arc<Session>, ApiError> {
    let found = call.entry().work().sessions.get(id);
    found.map_err(|error| {
        if id == entrypoint::NAME {
            ApiError::not_found("the image of this sandbox names no entrypoint")
        } else {
            error
        }
    })
}

/// A session that clients may use: every one but the image's own.
fn find_own(call: &Call, id: &str) -> Result<Arc<Session>, ApiError> {
    if id == entrypoint::NAME {
        return Err(ApiError::bad_request(
            "the session \"entrypoint\" is the image's own; create another one for commands",
        ));
    }
    find(call, id)
}

/// What the image's entrypoint runs, or ran.
///
/// # Errors
/// 404 if there is none.
pub fn find_entrypoint(call: &Call) -> Result<Arc<Command>, ApiError> {
    let session = find(call, entrypoint::NAME)?;
    let command = session.commands().into_iter().next();
    command.ok_or_else(|| ApiError::not_found("the entrypoint of this sandbox has not been started"))
}

/// The command that a route names.
///
/// # Errors
/// 404.
pub fn find_command(call: &Call, id: &CommandId) -> Result<Arc<Command>, ApiError> {
    find(call, &id.session)?.command(&id.command)
}

/// `DELETE /process/session/{id}`
pub async fn remove(call: Call, PathOf(id): PathOf<SessionId>) -> Result<StatusCode, ApiError> {
    find_own(&call, &id.session)?;
    let session = call.entry().work().sessions.remove(&id.session)?;
    // Goes on even if the client does not wait for the grace.
    let ending = tokio::spawn(async move { session.end().await });
    ending.await.map_err(ApiError::internal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Body of `POST /process/session/{id}/exec`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecuteRequest {
    command: String,
    #[serde(default)]
    run_async: Option<bool>,
    /// Its old name.
    #[serde(default, rename = "async")]
    old_async: Option<bool>,
    #[serde(default)]
    suppress_input_echo: Option<bool>,
}

/// `POST /process/session/{id}/exec`
pub async fn execute(
    call: Call,
    PathOf(id): PathOf<SessionId>,
    Json(request): Json<ExecuteRequest>,
) -> Result<Response, ApiError> {
    let session = find_own(&call, &id.session)?;
    if request.command.trim().is_empty() {
        return Err(ApiError::bad_request("command is blank"));
    }
    if request.command.contains('\0') || request.command.len() > COMMAND_BYTES {
        return Err(ApiError::bad_request(format!(
            "command holds a NUL byte or more than {COMMAND_BYTES} bytes; write the script to a file and run that"
        )));
    }
    let run_async = request.run_async.or(request.old_async).unwrap_or(false);
    let open = call.open().await?;
    let command = Command::new(
        request.command,
        call.entry().work().executions.log_limit(),
        run_async,
        request.suppress_input_echo.unwrap_or(false),
        &open.sandbox,
    )
    .map_err(refusal)?;
    session.run(Arc::clone(&command))?;
    if run_async {
        let started = json!({ "cmdId": command.id });
        return Ok((StatusCode::ACCEPTED, axum::Json(started)).into_response());
    }
    let End::Code(code) = command.wait().await else {
        return Err(ApiError::new(
            StatusCode::GONE,
            Code::SessionEnded,
            "the session has ended, and the command with it",
        ));
    };
    let mut reply = logs_of(&command);
    reply["cmdId"] = command.id.clone().into();
    reply["exitCode"] = code.into();
    Ok(axum::Json(reply).into_response())
}

/// `{output, stdout, stderr}` as far as they are there.
#[must_use]
pub fn logs_of(command: &Command) -> Value {
    let all = command.log.all();
    let (stdout, stderr) = split(&all);
    json!({ "output": String::from_utf8_lossy(&all), "stdout": stdout, "stderr": stderr })
}

/// `GET /process/session/{id}/command/{cmdId}`
pub async fn command(call: Call, PathOf(id): PathOf<CommandId>) -> Result<axum::Json<CommandInfo>, ApiError> {
    Ok(axum::Json(CommandInfo::new(&*find_command(&call, &id)?)))
}

/// Body of `POST …/input`.
#[derive(Deserialize)]
pub struct InputRequest {
    data: String,
}

/// `POST /process/session/{id}/command/{cmdId}/input`
pub async fn input(
    call: Call,
    PathOf(id): PathOf<CommandId>,
    Json(request): Json<InputRequest>,
) -> Result<StatusCode, ApiError> {
    let command = find_command(&call, &id)?;
    if request.data.len() > INPUT_BYTES {
        return Err(ApiError::bad_request(format!(
            "more than {INPUT_BYTES} bytes of input; send it in pieces"
        )));
    }
    if command.end() != End::NotYet {
        return Err(completed());
    }
    let mut line = request.data;
    if !line.ends_with('\n') {
        line.push('\n');
    }
    tokio::select! {
        written = command.input(&line) => written.map_err(|_| {
            if command.end() == End::NotYet {
                ApiError::bad_request("the command takes no input: run it with runAsync")
            } else {
                completed()
            }
        })?,
        _ = command.wait() => return Err(completed()),
    }
    Ok(StatusCode::NO_CONTENT)
}

fn completed() -> ApiError {
    ApiError::new(
        StatusCode::GONE,
        Code::CommandAlreadyCompleted,
        "the command has ended already",
    )
}
