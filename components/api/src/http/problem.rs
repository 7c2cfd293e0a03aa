//! What went wrong, as the caller shall see it.

use serde::Serialize;

use crate::contracts::{region, store};
use crate::times;

/// A problem with its status. The text is meant for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// 400: the request is wrong, or cannot be fulfilled as it is.
    #[error("{0}")]
    BadRequest(String),
    /// 401: no credentials, or wrong ones.
    #[error("{0}")]
    Unauthorized(String),
    /// 403: the caller is known, but may not.
    #[error("{0}")]
    Forbidden(String),
    /// 404: there is no such thing, or it is not the caller's.
    #[error("{0}")]
    NotFound(String),
    /// 405: the path exists, the method does not.
    #[error("{0}")]
    MethodNotAllowed(String),
    /// 409: the state of things is against it.
    #[error("{0}")]
    Conflict(String),
    /// 413: the body is too large.
    #[error("{0}")]
    TooLarge(String),
    /// 503: not now.
    #[error("{0}")]
    Unavailable(String),
    /// 500: a fault on our side. Its text is for the log, not for the caller.
    #[error("{0}")]
    Internal(String),
}

/// All that a caller learns of a fault on our side.
const FAULT: &str = "internal error; the server's log says more";

impl Problem {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::Unauthorized(_) => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound(_) => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::Conflict(_) => 409,
            Self::TooLarge(_) => 413,
            Self::Internal(_) => 500,
            Self::Unavailable(_) => 503,
        }
    }

    /// The name of the status.
    pub fn error(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "Bad Request",
            Self::Unauthorized(_) => "Unauthorized",
            Self::Forbidden(_) => "Forbidden",
            Self::NotFound(_) => "Not Found",
            Self::MethodNotAllowed(_) => "Method Not Allowed",
            Self::Conflict(_) => "Conflict",
            Self::TooLarge(_) => "Payload Too Large",
            Self::Internal(_) => "Internal Server Error",
            Self::Unavailable(_) => "Service Unavailable",
        }
    }

    /// The JSON body of the answer.
    pub fn body(&self, path: &str, now: u64) -> Vec<u8> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            path: &'a str,
            timestamp: String,
            status_code: u16,
            error: &'a str,
            message: &'a str,
        }
        let message = match self {
            Self::Internal(_) => FAULT.to_owned(),
            other => other.to_string(),
        };
        let body = Body {
            path,
            timestamp: times::iso(now),
            status_code: self.status(),
            error: self.error(),
            message: &message,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(text) => Self::Conflict(text),
            store::Error::NotFound(what) => Self::NotFound(format!("{what} not found")),
            store::Error::Taken(what) => Self::Conflict(format!("{what} is taken already")),
            store::Error::Unavailable(text) => Self::Unavailable(text),
            store::Error::Internal(text) => Self::Internal(text),
        }
    }
}

impl From<region::Refusal> for Problem {
    fn from(refusal: region::Refusal) -> Self {
        match refusal {
            region::Refusal::DefaultRegionRequired => {
                Self::BadRequest("the organization has no default region; set one first".to_owned())
            }
            region::Refusal::NotFound(text) => Self::NotFound(text),
            region::Refusal::InvalidName(text) | region::Refusal::OverLimit(text) => Self::BadRequest(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_documented_shape() {
        let problem = Problem::NotFound("sandbox x not found".into());
        let body: serde_json::Value = serde_json::from_slice(&problem.body("/api/sandbox/x", 0)).expect("JSON");
        let want = serde_json::json!({
            "path": "/api/sandbox/x",
            "timestamp": "1970-01-01T00:00:00.000Z",
            "statusCode": 404,
            "error": "Not Found",
            "message": "sandbox x not found",
        });
        assert_eq!(body, want);
    }

    #[test]
    fn faults_of_ours_tell_nothing_of_their_inside() {
        let problem = Problem::from(store::Error::Internal("SELECT secret".into()));
        assert_eq!(problem.status(), 500);
        let body = String::from_utf8(problem.body("/", 0)).expect("UTF-8");
        assert!(!body.contains("SELECT"), "{body}");
    }

    #[test]
    fn refusals_of_the_rules_have_the_documented_status() {
        let status = |refusal| Problem::from(refusal).status();
        assert_eq!(status(region::Refusal::DefaultRegionRequired), 400);
        assert_eq!(status(region::Refusal::NotFound(String::new())), 404);
        assert_eq!(status(region::Refusal::InvalidName(String::new())), 400);
        assert_eq!(status(region::Refusal::OverLimit(String::new())), 400);
        assert_eq!(Problem::from(store::Error::Taken("n".into())).status(), 409);
    }
}
