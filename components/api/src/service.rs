//! The entry: from `wasi:http` to [`crate::handlers`] and back.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use spin_sdk::http::{FullBody, HeaderMap, HeaderValue, Request, StatusCode};
use spin_sdk::http_service;

use crate::handlers;
use crate::http::{BODY, Call, Method, Problem, Query, Reply, bearer};

/// Milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[http_service]
async fn serve(request: Request) -> (StatusCode, HeaderMap, FullBody<Bytes>) {
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let mut call = Call {
        method: Method::parse(parts.method.as_str()),
        path: parts.uri.path().to_owned(),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        bearer: header("authorization").and_then(bearer),
        front_key: header("sandbar-front-key").map(str::to_owned),
        body: Vec::new(),
        now: now(),
    };
    let read = match Limited::new(body, BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::TooLarge(format!("a body has at most {BODY} bytes")))
        }
        Err(error) => Err(Problem::BadRequest(format!("the body cannot be read: {error}"))),
    };
    let reply = match read {
        Ok(body) => {
            call.body = body;
            handlers::answer(&call).await
        }
        Err(problem) => handlers::refuse(&call, &problem),
    };
    respond(reply)
}

fn respond(reply: Reply) -> (StatusCode, HeaderMap, FullBody<Bytes>) {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = HeaderMap::new();
    if let Some(media_type) = reply.media_type {
        headers.insert("content-type", HeaderValue::from_static(media_type));
    }
    // Only so does the host know the length beforehand, and need not send it in chunks.
    headers.insert("content-length", HeaderValue::from(reply.body.len()));
    (status, headers, FullBody::new(Bytes::from(reply.body)))
}
