//! `process/pty`: terminal sessions.

use super::environment::{self, Variables};
use super::process::{directory, refusal};
use super::pty_socket::{Offer, serve};
use super::sessions::check_name;
use crate::call::{Call, Json, Parameters, PathOf};
use crate::error::ApiError;
use crate::table::Open;
use crate::work::pty::{Pty, Setup};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use sandbar_process::{MAX_WINDOW, Window};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

const COLUMNS: u16 = 80;
const ROWS: u16 = 24;

/// Body of `POST /process/pty`, and query of `create-connect`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRequest {
    id: Option<String>,
    cwd: Option<String>,
    envs: Option<Variables>,
    cols: Option<u32>,
    rows: Option<u32>,
    #[serde(default)]
    lazy_start: bool,
}

/// Query of `create-connect`.
#[derive(Deserialize)]
pub struct ConnectParameters {
    id: Option<String>,
    cwd: Option<String>,
    cols: Option<u32>,
    rows: Option<u32>,
}

/// Body of `resize`.
#[derive(Deserialize)]
pub struct ResizeRequest {
    cols: u32,
    rows: u32,
}

/// Parameters of a terminal's routes.
#[derive(Deserialize)]
pub struct PtyId {
    pty: String,
}

/// A terminal session, as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PtyInfo {
    id: String,
    cwd: String,
    envs: Variables,
    cols: u16,
    rows: u16,
    created_at: String,
    active: bool,
    lazy_start: bool,
}

impl PtyInfo {
    fn new(pty: &Pty) -> Self {
        let window = pty.window();
        Self {
            id: pty.setup.id.clone(),
            cwd: pty.setup.directory.clone(),
            envs: pty.setup.variables.clone(),
            cols: window.columns,
            rows: window.rows,
            created_at: pty.created.to_string(),
            active: pty.is_active(),
            lazy_start: pty.setup.lazy,
        }
    }
}

fn window(columns: u32, rows: u32) -> Result<Window, ApiError> {
    u16::try_from(columns)
        .ok()
        .zip(u16::try_from(rows).ok())
        .and_then(|(columns, rows)| Window::new(columns, rows).ok())
        .ok_or_else(|| ApiError::bad_request(format!("cols and rows must be 1 to {MAX_WINDOW}")))
}

async fn make(call: &Call, request: CreateRequest) -> Result<(Arc<Pty>, Open), ApiError> {
    let id = request
        .id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    check_name(&id, "id")?;
    let variables = request.envs.unwrap_or_default();
    environment::check(&variables)?;
    // 0 means the default, as clients send it.
    let size = |wanted: Option<u32>, default: u16| wanted.filter(|size| *size != 0).unwrap_or(default.into());
    let window = window(size(request.cols, COLUMNS), size(request.rows, ROWS))?;
    let open = call.open().await?;
    let directory = directory(call, &open, request.cwd.as_deref()).await?;
    let mut all = variables.clone();
    all.entry("TERM".to_owned())
        .or_insert_with(|| "xterm-256color".to_owned());
    let environment = call.environment(&open, &directory, all);
    let setup = Setup {
        id: id.clone(),
        directory,
        variables,
        environment,
        window,
        lazy: request.lazy_start,
    };
    let pty = call.entry().work().ptys.make(
        &id,
        |pty| !pty.is_active(),
        || Pty::start(setup, &open.sandbox).map_err(refusal),
    )?;
    Ok((pty, open))
}

/// `POST /process/pty`
pub async fn create(call: Call, Json(request): Json<CreateRequest>) -> Result<Response, ApiError> {
    let (pty, _) = make(&call, request).await?;
    let body = json!({ "sessionId": pty.setup.id });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// `GET /process/pty`
pub async fn list(call: Call) -> axum::Json<serde_json::Value> {
    let all: Vec<_> = call
        .entry()
        .work()
        .ptys
        .list()
        .iter()
        .map(|pty| PtyInfo::new(pty))
        .collect();
    axum::Json(json!({ "sessions": all }))
}

fn find(call: &Call, id: &PtyId) -> Result<Arc<Pty>, ApiError> {
    call.entry().work().ptys.get(&id.pty)
}

/// `GET /process/pty/{id}`
pub async fn get(call: Call, PathOf(id): PathOf<PtyId>) -> Result<axum::Json<PtyInfo>, ApiError> {
    Ok(axum::Json(PtyInfo::new(&*find(&call, &id)?)))
}

/// `POST /process/pty/{id}/resize`
pub async fn resize(
    call: Call,
    PathOf(id): PathOf<PtyId>,
    Json(request): Json<ResizeRequest>,
) -> Result<axum::Json<PtyInfo>, ApiError> {
    let pty = find(&call, &id)?;
    let window = window(request.cols, request.rows)?;
    if !pty.is_active() {
        return Err(ApiError::gone("the terminal session has ended"));
    }
    pty.resize(window);
    Ok(axum::Json(PtyInfo::new(&pty)))
}

/// `DELETE /process/pty/{id}`
pub async fn remove(call: Call, PathOf(id): PathOf<PtyId>) -> Result<axum::Json<serde_json::Value>, ApiError> {
    let pty = call.entry().work().ptys.remove(&id.pty)?;
    pty.kill().await;
    Ok(axum::Json(
        json!({ "message": "the terminal session has been deleted" }),
    ))
}

/// `GET /process/pty/{id}/connect`
pub async fn connect(
    call: Call,
    PathOf(id): PathOf<PtyId>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(not_a_socket)?;
    let offer = Offer::of(&headers)?;
    let pty = find(&call, &id)?;
    if pty.setup.lazy && pty.is_active() {
        let open = call.open().await?;
        pty.wake(&open.sandbox).map_err(refusal)?;
    }
    Ok(offer.accept(upgrade, move |socket, exit_control| {
        serve(socket, pty, exit_control, call)
    }))
}

/// `GET /process/pty/create-connect`
pub async fn create_connect(
    call: Call,
    Parameters(parameters): Parameters<ConnectParameters>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(not_a_socket)?;
    let offer = Offer::of(&headers)?;
    let request = CreateRequest {
        id: parameters.id,
        cwd: parameters.cwd,
        envs: Some(offer.variables.clone()),
        cols: parameters.cols,
        rows: parameters.rows,
        lazy_start: false,
    };
    let (pty, _) = make(&call, request).await?;
    Ok(offer.accept(upgrade, move |socket, exit_control| {
        serve(socket, pty, exit_control, call)
    }))
}

/// 400 for a request that should have been a WebSocket's.
#[must_use]
pub fn not_a_socket(rejection: WebSocketUpgradeRejection) -> ApiError {
    ApiError::bad_request(format!("this route takes WebSockets only: {}", rejection.body_text()))
}
