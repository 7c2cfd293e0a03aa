//! What the runner asks of its cell.

use crate::call::Json;
use crate::error::ApiError;
use crate::network;
use crate::spec::{CellStats, SandboxSpec};
use crate::table::Table;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use http::StatusCode;
use std::sync::Arc;

/// `/sandboxes/...` and `/stats`.
pub fn router() -> Router<Arc<Table>> {
    Router::new()
        .route("/sandboxes/{id}", put(make).delete(remove))
        .route("/sandboxes/{id}/stop", post(stop))
        .route("/sandboxes/{id}/network", put(network::change))
        .route("/stats", get(stats))
}

async fn make(
    State(table): State<Arc<Table>>,
    Path(id): Path<String>,
    Json(spec): Json<SandboxSpec>,
) -> Result<StatusCode, ApiError> {
    if spec.id != id {
        return Err(ApiError::bad_request("path and body name different sandboxes"));
    }
    table.put(spec).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stop(State(table): State<Arc<Table>>, Path(id): Path<String>) -> StatusCode {
    // Nothing runs of a sandbox that is not known.
    if let Some(entry) = table.get(&id) {
        entry.stop().await;
    }
    StatusCode::NO_CONTENT
}

async fn remove(State(table): State<Arc<Table>>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    table.remove(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stats(State(table): State<Arc<Table>>) -> axum::Json<CellStats> {
    axum::Json(table.stats())
}
