//! The entry: from `wasi:http` to [`crate::handlers`] and back.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt as _;
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
        organization: header("x-daytona-organization-id").map(str::to_owned),
        process: header("sandbar-runner-process").map(str::to_owned),
        preview_token: header("sandbar-preview-token").map(str::to_owned),
        body: Vec::new(),
        now: now(),
    };
    let read = read(body).await;
    let reply = match read {
        Ok(body) => {
            call.body = body;
            handlers::answer(&call).await
        }
        Err(problem) => handlers::refuse(&call, &problem),
    };
    respond(reply)
}

/// The whole body, if it is not too large. One that is too large is still read to its end, which the host bounds: a client
/// that is still sending would see a broken pipe instead of the answer.
async fn read<B: Body<Data = Bytes> + Unpin>(mut body: B) -> Result<Vec<u8>, Problem>
where
    B::Error: std::fmt::Display,
{
    let (mut whole, mut fits) = (Vec::new(), true);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::BadRequest(format!("the body cannot be read: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        fits &= whole.len() + data.len() <= BODY;
        if fits {
            whole.extend_from_slice(&data);
        }
    }
    if fits {
        Ok(whole)
    } else {
        Err(Problem::TooLarge(format!("a body has at most {BODY} bytes")))
    }
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
