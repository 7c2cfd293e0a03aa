//! `/env`, `/system/metrics`, and what this platform does not have.

use super::environment::{self, Variables};
use crate::call::{Call, Json};
use crate::error::ApiError;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Body of `POST /env`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateEnvironment {
    set: Option<Variables>,
    unset: Option<Vec<String>>,
    /// Unsets every variable whose value starts so.
    unset_value_prefix: Option<String>,
}

/// `POST /env`: changes the environment of later processes.
pub async fn update(call: Call, Json(request): Json<UpdateEnvironment>) -> Result<axum::Json<Variables>, ApiError> {
    let set = request.set.unwrap_or_default();
    environment::check(&set)?;
    let change = |changes: &mut environment::Changes| {
        changes.apply(
            set,
            &request.unset.unwrap_or_default(),
            request
                .unset_value_prefix
                .as_deref()
                .filter(|prefix| !prefix.is_empty()),
            &call.entry().spec(),
        )
    };
    Ok(axum::Json(call.entry().change_environment(change).await?))
}

/// `GET /system/metrics`
pub async fn metrics(call: Call) -> Result<axum::Json<Value>, ApiError> {
    let open = call.open().await?;
    let limits = open.spec.limits;
    let usage = open.sandbox.usage();
    let cpus = limits.cpu_milli.div_ceil(1000).max(1);
    let disk_total = limits.disk_mib << 20;
    let disk_used = open.tree.usage().bytes.min(disk_total);
    let now = jiff::Timestamp::now();
    Ok(axum::Json(json!({
        "cpuCount": cpus,
        "cpuUsedPct": call.entry().cpu_used(usage.cpu) * 100_000.0 / limits.cpu_milli.max(1) as f64,
        "memTotal": limits.memory_mib << 20,
        "memUsed": usage.memory_bytes,
        "memCache": 0,
        "diskTotal": disk_total,
        "diskUsed": disk_used,
        "diskFree": disk_total - disk_used,
        "timestamp": now.to_string(),
        "timestampUnix": now.as_second(),
    })))
}

/// `ANY /computeruse/*`: there is no desktop.
pub async fn no_desktop() -> Response {
    let body = json!({
        "message": "computer use is not available: sandboxes of this platform have no desktop",
        "details": "a sandbox runs WebAssembly programs; X11, VNC and native applications cannot run in it",
        "solution": "use files, processes, sessions and the terminal; for a browser, call a remote one over the network",
    });
    (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response()
}
