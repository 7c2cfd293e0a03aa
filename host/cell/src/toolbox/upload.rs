//! Uploads of one file.

use super::events::Events;
use super::files::PathParameter;
use super::writer::{Meter, Writer};
use crate::call::{Call, Parameters};
use crate::error::ApiError;
use crate::multipart::Event;
use crate::paths::base_name;
use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use futures::StreamExt;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

/// Name of the part that holds the file.
const FILE_PART: &str = "file";

/// `POST /files/upload`: multipart; the answer has no body.
pub async fn legacy(
    call: Call,
    Parameters(parameters): Parameters<PathParameter>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let path = call.path(&parameters.path)?;
    multipart(&call, path, request).await?;
    Ok(StatusCode::OK)
}

/// `POST /files/upload-v2`: multipart, or the bytes themselves.
pub async fn upload(
    call: Call,
    Parameters(parameters): Parameters<PathParameter>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let path = call.path(&parameters.path)?;
    let is_multipart = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("multipart/"));
    if is_multipart {
        multipart(&call, path.clone(), request).await?;
    } else {
        raw(&call, path.clone(), request.into_body()).await?;
    }
    Ok(Json(json!({ "name": base_name(&path), "path": path, "type": "file" })))
}

async fn raw(call: &Call, path: String, body: Body) -> Result<(), ApiError> {
    let mut writer = Writer::create(call.open().await?.tree, path).await?;
    let mut meter = Meter::default();
    let mut body = body.into_data_stream();
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| ApiError::bad_body(format!("the body broke off: {error}")))?;
        meter.count(bytes.len())?;
        writer.push(&bytes).await?;
    }
    writer.finish().await.map(drop)
}

async fn multipart(call: &Call, path: String, request: Request) -> Result<(), ApiError> {
    let (head, body) = request.into_parts();
    let mut events = Events::new(&head.headers, body)?;
    let mut writer = None;
    let mut written = false;
    loop {
        match events.next().await? {
            Event::Part(part) if part.name == FILE_PART && !written => {
                writer = Some(Writer::create(call.open().await?.tree, path.clone()).await?);
            }
            // Other fields mean nothing here.
            Event::Part(_) => {}
            Event::Data(bytes) => {
                if let Some(writer) = &mut writer {
                    writer.push(&bytes).await?;
                }
            }
            Event::PartEnd => {
                if let Some(writer) = writer.take() {
                    writer.finish().await?;
                    written = true;
                }
            }
            Event::End if written => return Ok(()),
            Event::End => {
                return Err(ApiError::bad_body(format!("the body has no part named {FILE_PART:?}")));
            }
        }
    }
}
