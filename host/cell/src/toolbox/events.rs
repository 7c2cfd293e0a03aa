//! A multipart body as a stream of events.

use super::writer::Meter;
use crate::error::ApiError;
use crate::multipart::{Event, MultipartError, Parser};
use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Reads the events of a multipart body.
pub struct Events {
    parser: Parser,
    body: BodyDataStream,
    meter: Meter,
}

impl Events {
    /// # Errors
    /// 400 unless the headers say that the body is multipart.
    pub fn new(headers: &HeaderMap, body: Body) -> Result<Self, ApiError> {
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Ok(Self {
            parser: Parser::for_content_type(content_type).map_err(refuse)?,
            body: body.into_data_stream(),
            meter: Meter::default(),
        })
    }

    /// The next event. After [`Event::End`] the rest of the body is not read.
    ///
    /// # Errors
    /// 400 for a body that is not multipart or breaks off, 413 for one that is too long.
    pub async fn next(&mut self) -> Result<Event, ApiError> {
        loop {
            if let Some(event) = self.parser.next().map_err(refuse)? {
                return Ok(event);
            }
            match self.body.next().await {
                Some(Ok(bytes)) => {
                    self.meter.count(bytes.len())?;
                    self.parser.feed(&bytes);
                }
                Some(Err(error)) => {
                    return Err(ApiError::bad_body(format!("the body broke off: {error}")));
                }
                None => self.parser.finish(),
            }
        }
    }
}

fn refuse(error: MultipartError) -> ApiError {
    ApiError::bad_body(error.to_string())
}
