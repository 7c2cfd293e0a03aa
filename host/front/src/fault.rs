//! Error answers of the front, in the documented shape with source `DAYTONA_PROXY`.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::{Body, body};

/// What goes wrong, before it is an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An answer of our own.
    Own {
        /// Its status.
        status: StatusCode,
        /// For programs.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The API's own error answer, handed on as it is.
    Api(StatusCode, Vec<u8>),
}

impl Fault {
    /// An answer of our own.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::Own {
            status,
            code,
            message: message.into(),
        }
    }

    /// The answer to a request of this method and path.
    pub fn response(self, method: &str, path: &str) -> Response<Body> {
        let (status, bytes) = match self {
            Self::Api(status, bytes) if !bytes.is_empty() => (status, bytes),
            Self::Api(status, _) => (
                status,
                shape(status, "API_ERROR", "the control plane gave no answer", method, path),
            ),
            Self::Own { status, code, message } => (status, shape(status, code, &message, method, path)),
        };
        let mut response = Response::new(body::full(bytes));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            // A runner that lost its link dials again within seconds.
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

fn shape(status: StatusCode, code: &str, message: &str, method: &str, path: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "statusCode": status.as_u16(),
        "error": status.canonical_reason().unwrap_or("Error"),
        "message": message,
        "code": code,
        "timestamp": format!("{:.3}", jiff::Timestamp::now()),
        "path": path,
        "method": method,
        "source": "DAYTONA_PROXY",
    });
    body.to_string().into_bytes()
}
