//! Object storage for what images are built from: the subset of S3 that the SDKs' uploads use.
//!
//! ```text
//! GET /api/object-storage/push-access ── credentials: temporary, made of organization and expiry; nothing is stored
//! /object-storage/sandbar/<organization>/<key> ── signature (SigV4) ── s3 ── store: files under objects/<organization>/
//! GET /contexts/<organization>/<md5> ── for runners, by their token
//! ```

mod chunked;
mod credentials;
mod reading;
mod s3;
mod signature;
mod store;
mod usage;
mod xml;

use std::path::PathBuf;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::limits::API_TIME;
use crate::router::Shared;
use crate::{Body, body};

pub use credentials::Issuer;
pub use store::{Store, plain};

/// Where clients find it.
const PREFIX: &str = "/object-storage/";
/// Where runners find contexts.
const CONTEXTS: &str = "/contexts/";
/// Where clients ask for credentials.
const PUSH_ACCESS: &str = "/api/object-storage/push-access";
/// The one bucket.
const BUCKET: &str = "sandbar";
/// What clients sign for; any other region is accepted as well, as it means nothing here.
const REGION: &str = "us-east-1";

/// Object storage of one front.
pub struct Objects {
    issuer: Issuer,
    store: Store,
}

impl Objects {
    /// Keeps objects below `directory`, with credentials of its own that `key` signs.
    pub fn new(directory: PathBuf, key: &str) -> Self {
        Self {
            issuer: Issuer::new(key),
            store: Store::new(directory),
        }
    }
}

/// Whether a request is for us.
pub fn is_ours(method: &Method, path: &str) -> bool {
    path.starts_with(PREFIX) || path.starts_with(CONTEXTS) || (path == PUSH_ACCESS && method == Method::GET)
}

/// Answers it.
///
/// # Errors
/// What [`s3`] does not answer in S3's own form: refusals of credentials, contexts and a front without storage.
pub async fn call(shared: &Arc<Shared>, request: Request<Body>) -> Result<Response<Body>, Fault> {
    let Some(objects) = &shared.objects else {
        return Err(Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "NO_OBJECT_STORAGE",
            "this front keeps no uploads; ask the platform's own front",
        ));
    };
    let path = request.uri().path().to_owned();
    if path == PUSH_ACCESS {
        let (parts, _) = request.into_parts();
        return push_access(shared, objects, &parts.headers).await;
    }
    if let Some(rest) = path.strip_prefix(CONTEXTS) {
        let (parts, _) = request.into_parts();
        return context(shared, objects, &parts, rest).await;
    }
    let _place = Arc::clone(&shared.calls).try_acquire_owned().map_err(|_| {
        let text = "too many calls at once; try again";
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", text)
    })?;
    Ok(s3::answer(objects, request).await)
}

/// Temporary credentials for the caller's organization.
async fn push_access(shared: &Shared, objects: &Objects, headers: &HeaderMap) -> Result<Response<Body>, Fault> {
    let identity = identity(shared, headers.get(AUTHORIZATION), headers).await?;
    let organization = identity["organizationId"].as_str().unwrap_or_default();
    let user = matches!(identity["principal"].as_str(), Some("user" | "operator"));
    if !user || !plain(organization) {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "uploads belong to an organization: ask with one of its API keys",
        ));
    }
    let granted = objects.issuer.issue(organization, std::time::SystemTime::now());
    let answer = json!({
        "accessKey": granted.access_key,
        "secret": granted.secret,
        "sessionToken": granted.session_token,
        "storageUrl": format!("{}{}", origin(shared, headers).await, PREFIX.trim_end_matches('/')),
        "organizationId": organization,
        "bucket": BUCKET,
        "region": REGION,
    });
    let mut response = Response::new(body::full(answer.to_string()));
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Who a credential stands for, as the API says.
///
/// # Errors
/// The API's refusal, or 504.
pub(crate) async fn identity(
    shared: &Shared,
    authorization: Option<&HeaderValue>,
    headers: &HeaderMap,
) -> Result<Value, Fault> {
    if authorization.is_none() {
        let text = "the Authorization header is missing";
        return Err(Fault::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", text));
    }
    let organization = http::HeaderName::from_static("x-daytona-organization-id");
    let more = headers.get(&organization).map(|value| (organization, value.clone()));
    let asked = shared
        .api
        .ask_json_with("/api/internal/identity".to_owned(), authorization.cloned(), more);
    tokio::time::timeout(API_TIME, asked)
        .await
        .map_err(|_| {
            let text = "the control plane did not answer in time";
            Fault::new(StatusCode::GATEWAY_TIMEOUT, "API_TIMEOUT", text)
        })?
        .map_err(|(status, body)| Fault::Api(status, body))
}

/// Where clients reach this front: where the API says that toolboxes are; else where this request came.
async fn origin(shared: &Shared, headers: &HeaderMap) -> String {
    let asked = shared.api.ask_json("/api/config".to_owned(), None);
    let told = match tokio::time::timeout(API_TIME, asked).await {
        Ok(Ok(config)) => config["proxyToolboxUrl"]
            .as_str()
            .and_then(|url| url.parse::<http::Uri>().ok())
            .and_then(|url| Some(format!("{}://{}", url.scheme_str()?, url.authority()?))),
        _ => None,
    };
    told.unwrap_or_else(|| {
        let host = headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        format!("http://{host}")
    })
}

/// `GET /contexts/<organization>/<md5>`: a runner of the platform, or of that organization, fetches what was uploaded.
async fn context(
    shared: &Arc<Shared>,
    objects: &Objects,
    request: &http::request::Parts,
    rest: &str,
) -> Result<Response<Body>, Fault> {
    let identity = identity(shared, request.headers.get(AUTHORIZATION), &HeaderMap::new()).await?;
    let missing = || {
        Fault::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "there is no such upload; upload it again",
        )
    };
    let (organization, hash) = rest.split_once('/').ok_or_else(missing)?;
    let own = identity["organizationId"].as_str().unwrap_or_default();
    if identity["principal"] != "runner" || !(own.is_empty() || own == organization) {
        return Err(missing());
    }
    if request.method != Method::GET || !plain(hash) || !plain(organization) {
        return Err(missing());
    }
    let found = objects.store.read(organization, &format!("{hash}/context.tar")).await;
    let (size, file) = found.map_err(|_| missing())?;
    let mut response = Response::new(reading::body(file));
    response
        .headers_mut()
        .insert(http::header::CONTENT_LENGTH, HeaderValue::from(size));
    Ok(response)
}
