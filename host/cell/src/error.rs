//! Errors as the toolbox API shows them: `{statusCode, message, code, source, timestamp, path, method}`.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;
use std::panic::AssertUnwindSafe;

/// Who speaks in an error body; clients choose their exception class by it.
pub const SOURCE: &str = "DAYTONA_DAEMON";

/// Machine-readable codes of the toolbox API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// No such file or directory.
    FileNotFound,
    /// The file may not be touched so.
    FileAccessDenied,
    /// A path that cannot be one, or one of the wrong kind.
    InvalidFilePath,
    /// Reading failed half-way.
    FileReadFailed,
    /// No language server has been started for this language and project.
    LspServerNotInitialized,
    /// The command ran longer than it may.
    ProcessExecutionTimeout,
    /// The session's shell has ended.
    SessionEnded,
    /// The command has ended, and takes nothing more.
    CommandAlreadyCompleted,
    /// What is asked for has ended.
    Gone,
    /// A server does not take the credentials, or wants some.
    GitAuthFailed,
    /// No such repository.
    GitRepoNotFound,
    /// No such branch, commit or remote.
    GitBranchNotFound,
    /// There is a branch, remote or directory of that name.
    GitBranchExists,
    /// The remote has commits that are not here.
    GitPushRejected,
    /// Local changes would be lost.
    GitDirtyWorktree,
    /// Both sides changed the same places.
    GitMergeConflict,
    /// The remote cannot be reached.
    GitTransportFailed,
    /// The remote refused.
    GitRemoteRejected,
    /// The request does not make sense.
    BadRequest,
    /// The body is not the JSON or multipart that the route takes.
    InvalidRequestBody,
    /// No such route or sandbox.
    NotFound,
    /// The caller may not.
    Forbidden,
    /// Something stands in the way.
    Conflict,
    /// A limit of the sandbox is reached.
    TooManyRequests,
    /// The quota of the disk is used up.
    DiskQuotaExceeded,
    /// The sandbox cannot answer now.
    ServiceUnavailable,
    /// No server answers inside the sandbox, or not as it should.
    BadGateway,
    /// The server inside the sandbox takes too long.
    GatewayTimeout,
    /// A fault of ours; the log has more.
    InternalServerError,
}

impl Code {
    /// The code's spelling on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FileNotFound => "FILE_NOT_FOUND",
            Self::FileAccessDenied => "FILE_ACCESS_DENIED",
            Self::InvalidFilePath => "INVALID_FILE_PATH",
            Self::FileReadFailed => "FILE_READ_FAILED",
            Self::LspServerNotInitialized => "LSP_SERVER_NOT_INITIALIZED",
            Self::ProcessExecutionTimeout => "PROCESS_EXECUTION_TIMEOUT",
            Self::SessionEnded => "SESSION_ENDED",
            Self::CommandAlreadyCompleted => "COMMAND_ALREADY_COMPLETED",
            Self::Gone => "GONE",
            Self::GitAuthFailed => "GIT_AUTH_FAILED",
            Self::GitRepoNotFound => "GIT_REPO_NOT_FOUND",
            Self::GitBranchNotFound => "GIT_BRANCH_NOT_FOUND",
            Self::GitBranchExists => "GIT_BRANCH_EXISTS",
            Self::GitPushRejected => "GIT_PUSH_REJECTED",
            Self::GitDirtyWorktree => "GIT_DIRTY_WORKTREE",
            Self::GitMergeConflict => "GIT_MERGE_CONFLICT",
            Self::GitTransportFailed => "GIT_TRANSPORT_FAILED",
            Self::GitRemoteRejected => "GIT_REMOTE_REJECTED",
            Self::BadRequest => "BAD_REQUEST",
            Self::InvalidRequestBody => "INVALID_REQUEST_BODY",
            Self::NotFound => "NOT_FOUND",
            Self::Forbidden => "FORBIDDEN",
            Self::Conflict => "CONFLICT",
            Self::TooManyRequests => "TOO_MANY_REQUESTS",
            Self::DiskQuotaExceeded => "DISK_QUOTA_EXCEEDED",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::BadGateway => "BAD_GATEWAY",
            Self::GatewayTimeout => "GATEWAY_TIMEOUT",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

/// An error on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// Machine-readable code.
    pub code: Code,
    /// For a human: what, and what to do.
    pub message: String,
}

impl ApiError {
    /// An error of this status, code and text.
    pub fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// 400, a request that makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::BadRequest, message)
    }

    /// 400, a body that cannot be read.
    pub fn bad_body(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidRequestBody, message)
    }

    /// 400, a path that cannot be one or is of the wrong kind.
    pub fn bad_path(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidFilePath, message)
    }

    /// 404, a file.
    pub fn no_file(path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Code::FileNotFound,
            format!("no such file or directory: {path}"),
        )
    }

    /// 404, anything but a file.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, message)
    }

    /// 410, something that was and has ended.
    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, Code::Gone, message)
    }

    /// 429, a limit of the sandbox.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, Code::TooManyRequests, message)
    }

    /// 500; `detail` goes to the log only.
    pub fn internal(detail: impl std::fmt::Display) -> Self {
        tracing::error!(%detail, "a toolbox call failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::InternalServerError,
            "an internal error; the runner's log has more",
        )
    }

    /// The body for this error in answer to `method` on `path`.
    #[must_use]
    pub fn body(&self, method: &str, path: &str) -> serde_json::Value {
        json!({
            "statusCode": self.status.as_u16(),
            "message": self.message,
            "code": self.code.as_str(),
            "source": SOURCE,
            "timestamp": jiff::Timestamp::now().to_string(),
            "path": path,
            "method": method,
        })
    }
}

impl IntoResponse for ApiError {
    /// The body is written by [`finish`], which knows method and path.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: writes the body of an error, and turns a panic into one, so that it ends one call and not the cell.
pub async fn finish(request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            ApiError::internal(format_args!("panic: {text}")).into_response()
        }
    };
    let Some(error) = response.extensions_mut().remove::<ApiError>() else {
        return response;
    };
    let body = error.body(&method, toolbox_path(&path)).to_string();
    *response.body_mut() = Body::from(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The path as the client of the toolbox knows it: without `/toolbox/<sandbox>`.
fn toolbox_path(path: &str) -> &str {
    path.strip_prefix("/toolbox/")
        .and_then(|rest| rest.find('/').map(|slash| &rest[slash..]))
        .unwrap_or(path)
}

/// What is answered where there is no route.
pub async fn no_route(request: Request) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        Code::NotFound,
        format!(
            "the toolbox of this version has no {} {}",
            request.method(),
            toolbox_path(request.uri().path())
        ),
    )
}

/// What is answered where the path is known, but not with this method.
pub async fn wrong_method(request: Request) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        Code::BadRequest,
        format!(
            "{} is not allowed on {}",
            request.method(),
            toolbox_path(request.uri().path())
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn answer(router: Router, path: &str) -> (StatusCode, serde_json::Value) {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("an answer");
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("a body");
        (status, serde_json::from_slice(&bytes.to_bytes()).expect("JSON"))
    }

    fn router() -> Router {
        async fn missing() -> ApiError {
            ApiError::no_file("/x")
        }
        async fn panics() -> ApiError {
            assert_eq!(1, std::hint::black_box(2), "on purpose");
            ApiError::no_file("never")
        }
        Router::new()
            .route("/toolbox/{id}/files/info", get(missing))
            .route("/toolbox/{id}/panic", get(panics))
            .fallback(no_route)
            .layer(axum::middleware::from_fn(finish))
    }

    #[tokio::test]
    async fn errors_have_the_documented_shape() {
        let (status, body) = answer(router(), "/toolbox/s1/files/info").await;
        assert_eq!(status, 404);
        assert_eq!(body["statusCode"], 404);
        assert_eq!(body["code"], "FILE_NOT_FOUND");
        assert_eq!(body["source"], "DAYTONA_DAEMON");
        assert_eq!(body["path"], "/files/info");
        assert_eq!(body["method"], "GET");
        assert!(body["message"].as_str().is_some_and(|m| m.contains("/x")));
        let when = body["timestamp"].as_str().expect("a time");
        assert!(when.parse::<jiff::Timestamp>().is_ok());
    }

    #[tokio::test]
    async fn a_panic_is_a_500_without_its_text() {
        let (status, body) = answer(router(), "/toolbox/s1/panic").await;
        assert_eq!(status, 500);
        assert_eq!(body["code"], "INTERNAL_SERVER_ERROR");
        assert!(!body.to_string().contains("on purpose"));
    }

    #[tokio::test]
    async fn an_unknown_route_is_404() {
        let (status, body) = answer(router(), "/toolbox/s1/nothing/here").await;
        assert_eq!(status, 404);
        assert_eq!(body["code"], "NOT_FOUND");
        assert_eq!(body["path"], "/nothing/here");
    }
}
