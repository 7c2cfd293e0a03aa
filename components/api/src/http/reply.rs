//! An answer.

use serde::Serialize;

use crate::http::Problem;

/// Status, media type and body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Value of `Content-Type`; none for an empty body.
    pub media_type: Option<&'static str>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// JSON with this status.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Result<Self, Problem> {
        let body = serde_json::to_vec(value).map_err(|error| Problem::Internal(error.to_string()))?;
        Ok(Self {
            status,
            media_type: Some("application/json"),
            body,
        })
    }

    /// JSON with status 200.
    pub fn ok<T: Serialize>(value: &T) -> Result<Self, Problem> {
        Self::json(200, value)
    }

    /// Text of the given media type with status 200.
    pub fn text(media_type: &'static str, text: String) -> Self {
        Self {
            status: 200,
            media_type: Some(media_type),
            body: text.into_bytes(),
        }
    }

    /// No body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            media_type: None,
            body: Vec::new(),
        }
    }
}
