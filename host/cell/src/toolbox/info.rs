//! What the toolbox says of itself and of the sandbox's places.

use crate::call::Call;
use axum::Json;
use serde_json::{Value, json};

/// `GET /version`
pub async fn version() -> Json<Value> {
    Json(json!({ "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /user-home-dir`
pub async fn home_dir(call: Call) -> Json<Value> {
    Json(json!({ "dir": call.entry().home() }))
}

/// `GET /work-dir` and, for old clients, `GET /project-dir`
pub async fn work_dir(call: Call) -> Json<Value> {
    Json(json!({ "dir": call.work_dir() }))
}
