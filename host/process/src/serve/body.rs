//! Bodies on their way in and out.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::Response;
use hyper::body::Incoming;
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::body::{HyperIncomingBody, HyperOutgoingBody};

use crate::limits::MAX_SERVED_BODY;

/// A request's body, which breaks off past its limit.
pub(crate) fn incoming(body: Incoming) -> HyperIncomingBody {
    Limited::new(body, MAX_SERVED_BODY)
        .map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => Error::Hyper(*error),
            Err(error) if error.is::<LengthLimitError>() => Error::HttpRequestBodySize(Some(MAX_SERVED_BODY as u64)),
            Err(error) => Error::InternalError(Some(error.to_string())),
        })
        .boxed_unsync()
}

/// The host's own answer, when the program gives none.
pub(crate) fn plain(status: u16, text: &str) -> Response<HyperOutgoingBody> {
    let body = Full::new(Bytes::from(format!("{text}\n"))).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let text = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, text);
    response
}
