//! What handlers of the toolbox get: the sandbox they are for, parameters, bodies; each failure has its error.

use crate::error::{ApiError, Code};
use crate::limits::JSON_BODY_BYTES;
use crate::table::{Entry, Open, Table};
use crate::toolbox::environment::{self, Variables};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// One toolbox call in progress. Streams that outlive their handler keep it.
#[derive(Clone)]
pub struct Call(Arc<Inner>);

struct Inner {
    entry: Arc<Entry>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.entry.touch();
    }
}

impl Call {
    /// The sandbox.
    #[must_use]
    pub fn entry(&self) -> &Arc<Entry> {
        &self.0.entry
    }

    /// The sandbox's files and processes, opened if they are not.
    ///
    /// # Errors
    /// 409 if it is stopped or removed, or what the disk says.
    pub async fn open(&self) -> Result<Open, ApiError> {
        self.0.entry.open().await
    }

    /// Where relative paths start.
    #[must_use]
    pub fn work_dir(&self) -> String {
        self.0.entry.work_dir()
    }

    /// The environment of a process that is started now; see [`environment::of`].
    #[must_use]
    pub fn environment(&self, open: &Open, directory: &str, call: Variables) -> Vec<(String, String)> {
        environment::of(&open.spec, &self.0.entry.environment_changes(), directory, call)
    }

    /// [`crate::paths::absolute`] for this sandbox.
    ///
    /// # Errors
    /// 400 for a path that cannot be one.
    pub fn path(&self, path: &str) -> Result<String, ApiError> {
        crate::paths::absolute(path, &self.work_dir())
    }
}

/// Middleware of `/toolbox/{id}`: finds the sandbox and counts the call.
pub async fn admit(
    State(table): State<Arc<Table>>,
    parameters: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let id = parameters
        .iter()
        .find(|(name, _)| *name == "id")
        .map_or("", |(_, value)| value);
    match enter(&table, id) {
        Ok(call) => {
            request.extensions_mut().insert(call);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

fn enter(table: &Table, id: &str) -> Result<Call, ApiError> {
    let entry = table.get(id).ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            Code::NotFound,
            format!("sandbox {id} is not here"),
        )
    })?;
    let permit = entry.enter()?;
    entry.touch();
    Ok(Call(Arc::new(Inner { entry, _permit: permit })))
}

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| ApiError::internal("a route without its sandbox"))
    }
}

/// The parameters of a path.
pub struct PathOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|error| ApiError::bad_request(format!("path: {}", error.body_text())))
    }
}

/// The query of a request.
pub struct Parameters<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(value)| Self(value))
            .map_err(|error| ApiError::bad_request(format!("query: {}", error.body_text())))
    }
}

/// A JSON body, of whatever Content-Type.
pub struct Json<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = collect(request, JSON_BODY_BYTES).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| ApiError::bad_body(format!("the body is not as documented: {error}")))
    }
}

/// The whole body, if it is not larger than `most`.
///
/// # Errors
/// 413 if it is; 400 if the connection breaks.
pub async fn collect(request: Request, most: usize) -> Result<Bytes, ApiError> {
    match Limited::new(request.into_body(), most).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::InvalidRequestBody,
            format!("the body is larger than {most} bytes"),
        )),
        Err(error) => Err(ApiError::bad_body(format!("the body broke off: {error}"))),
    }
}
