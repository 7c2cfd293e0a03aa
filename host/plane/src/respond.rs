//! Answers that the host itself gives, in the API's error shape.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};

use crate::Body;

/// A whole body in memory.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// The API's error body: `path`, `timestamp`, `statusCode`, `error`, `message`, `source`.
pub fn error(status: StatusCode, path: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({
        "path": path,
        "timestamp": timestamp(),
        "statusCode": status.as_u16(),
        "error": status.canonical_reason().unwrap_or("Error"),
        "message": message,
        "source": "DAYTONA_API",
    });
    let mut response = Response::new(full(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        // A second: what fails this way (a trap, a full house) is over or being worked off by then.
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn timestamp() -> String {
    let now = jiff::Timestamp::now();
    format!("{:.3}", now)
}
