//! Browsers of other origins may call toolboxes and previews, as programs may.
//!
//! Never with cookies: `Access-Control-Allow-Credentials` is not sent, so a page can only use a credential that it holds itself.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};

use crate::{Body, body};

/// With this header an application that has rules of its own gets requests and answers untouched.
const DISABLE: &str = "x-daytona-disable-cors";
const ANY: HeaderValue = HeaderValue::from_static("*");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
/// Longest time that browsers believe a preflight, by their own limits.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whether answers to this request are opened to other origins.
pub fn applies(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) && headers.get(DISABLE).is_none_or(|value| value != "true")
}

/// The answer to a preflight, which asks before anything happens.
pub fn preflight(request: &Request<Body>) -> Option<Response<Body>> {
    let asks = request.method() == Method::OPTIONS
        && applies(request.headers())
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    asks.then(|| {
        let mut response = Response::new(body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        if let Some(wanted) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        open(headers);
        response
    })
}

/// Opens an answer, unless the application has said itself who may read it.
pub fn open(headers: &mut HeaderMap) {
    if !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANY);
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
}
