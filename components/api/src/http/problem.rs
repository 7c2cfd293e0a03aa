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
    /// One that programs tell from others by its code.
    #[error("{1}")]
    Coded(Code, String),
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

/// Problems that programs act upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No runner of the region takes the sandbox.
    NoRunner,
    /// A total of the organization's quota would be passed.
    OverQuota,
    /// The organization is suspended.
    Suspended,
    /// Another data directory holds the runner's token.
    RunnerConflict,
    /// A newer process of the runner has taken over.
    RunnerReplaced,
}

impl Code {
    /// As it is written on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoRunner => "NO_RUNNER_AVAILABLE",
            Self::OverQuota => "QUOTA_EXCEEDED",
            Self::Suspended => "ORGANIZATION_SUSPENDED",
            Self::RunnerConflict => "RUNNER_CONFLICT",
            Self::RunnerReplaced => "RUNNER_REPLACED",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::NoRunner | Self::OverQuota => 400,
            Self::Suspended => 403,
            Self::RunnerConflict | Self::RunnerReplaced => 409,
        }
    }
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
            Self::Coded(code, _) => code.status(),
            Self::TooLarge(_) => 413,
            Self::Internal(_) => 500,
            Self::Unavailable(_) => 503,
        }
    }

    /// The name of the status.
    pub fn error(&self) -> &'static str {
        match self.status() {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            409 => "Conflict",
            413 => "Payload Too Large",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
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
            #[serde(skip_serializing_if = "Option::is_none")]
            code: Option<&'a str>,
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
            code: match self {
                Self::Coded(code, _) => Some(code.name()),
                _ => None,
            },
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
            store::Error::OverQuota(excess) => Self::Coded(Code::OverQuota, over_quota(&excess)),
            store::Error::Unavailable(text) => Self::Unavailable(text),
            store::Error::Internal(text) => Self::Internal(text),
        }
    }
}

/// Which total is passed, and by how much.
fn over_quota(excess: &store::QuotaExcess) -> String {
    let (resource, unit) = match excess.resource {
        store::ResourceKind::Cpu => ("CPU", ""),
        store::ResourceKind::Memory => ("memory", " GiB"),
        store::ResourceKind::Disk => ("disk", " GiB"),
        store::ResourceKind::Snapshots => ("snapshot", ""),
        store::ResourceKind::Volumes => ("volume", ""),
    };
    let store::QuotaExcess { total, used, asked, .. } = excess;
    format!(
        "the organization's total {resource} quota is exceeded: maximum allowed {total}{unit}, in use {used}{unit}, \
         requested {asked}{unit}; stop or delete sandboxes, or ask for a larger quota"
    )
}

impl From<region::Refusal> for Problem {
    fn from(refusal: region::Refusal) -> Self {
        match refusal {
            region::Refusal::DefaultRegionRequired => {
                Self::BadRequest("the organization has no default region; set one first".to_owned())
            }
            region::Refusal::NotFound(text) => Self::NotFound(text),
            region::Refusal::InvalidName(text)
            | region::Refusal::OverLimit(text)
            | region::Refusal::InvalidUrl(text)
            | region::Refusal::MissingUrl(text) => Self::BadRequest(text),
            region::Refusal::NoQuota(text) | region::Refusal::NotCustom(text) => Self::Forbidden(text),
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
        assert_eq!(status(region::Refusal::NoQuota(String::new())), 403);
        assert_eq!(status(region::Refusal::NotCustom(String::new())), 403);
        assert_eq!(Problem::from(store::Error::Taken("n".into())).status(), 409);
    }

    #[test]
    fn an_exceeded_quota_names_resource_and_total_and_has_a_code() {
        let problem = Problem::from(store::Error::OverQuota(store::QuotaExcess {
            resource: store::ResourceKind::Memory,
            total: 10,
            used: 9,
            asked: 2,
        }));
        let body: serde_json::Value = serde_json::from_slice(&problem.body("/", 0)).expect("JSON");
        assert_eq!((problem.status(), &body["code"]), (400, &"QUOTA_EXCEEDED".into()));
        let text = problem.to_string();
        assert!(text.contains("memory") && text.contains("10 GiB"), "{text}");
    }
}
