//! Downloads of one file, and the reading that all downloads share.

use super::files::PathParameter;
use super::fs_error::At;
use crate::blocking::blocking;
use crate::call::{Call, Parameters};
use crate::error::ApiError;
use crate::limits::{CHUNKS_IN_FLIGHT, FILE_CHUNK_BYTES};
use crate::paths::base_name;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use sandbar_files::{File, Kind, OpenOptions, Tree};
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A file open for reading, and the size that was promised to the client.
pub struct Reader {
    file: Arc<File>,
    /// Bytes of the file when it was opened.
    pub size: u64,
    path: String,
}

impl Reader {
    /// Opens a regular file. Blocks.
    ///
    /// # Errors
    /// 400 for anything but a file, else as of the file layer.
    pub fn open(tree: &Arc<Tree>, path: String) -> Result<Self, ApiError> {
        match tree.stat(&path, true).at(&path)?.kind {
            Kind::Regular => {}
            Kind::Directory => {
                return Err(ApiError::bad_path(format!("{path} is a directory")));
            }
            _ => return Err(ApiError::bad_path(format!("{path} is not a regular file"))),
        }
        let file = tree.open_file(&path, &OpenOptions::read_only()).at(&path)?;
        let size = file.stat().at(&path)?.size;
        Ok(Self { file, size, path })
    }

    /// Sends exactly [`Reader::size`] bytes; false if the receiver has gone or the file could not be read to there,
    /// in which case the stream ends with an error.
    pub async fn send(self, to: &Chunks) -> bool {
        let mut offset = 0;
        while offset < self.size {
            let (file, path) = (Arc::clone(&self.file), self.path.clone());
            let most = usize::try_from(self.size - offset).map_or(FILE_CHUNK_BYTES, |rest| rest.min(FILE_CHUNK_BYTES));
            let read = blocking(move || {
                let mut buffer = vec![0; most];
                let count = file.read_at(&mut buffer, offset).at(&path)?;
                buffer.truncate(count);
                Ok(Bytes::from(buffer))
            })
            .await;
            let chunk = match read {
                Ok(chunk) if chunk.is_empty() => Err("the file has shrunk meanwhile".to_owned()),
                Ok(chunk) => Ok(chunk),
                Err(error) => Err(error.message),
            };
            match chunk {
                Ok(chunk) => {
                    offset += chunk.len() as u64;
                    if to.send(Ok(chunk)).await.is_err() {
                        return false;
                    }
                }
                Err(reason) => {
                    // Nobody may be left to tell.
                    let _ = to.send(Err(io::Error::other(reason))).await;
                    return false;
                }
            }
        }
        true
    }
}

/// Where the pieces of a body are sent.
pub type Chunks = mpsc::Sender<io::Result<Bytes>>;

/// A body, and where its pieces are sent. Few wait at a time, so a slow client slows the reading.
pub fn channel_body() -> (Chunks, Body) {
    let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
    let stream = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    (sender, Body::from_stream(stream))
}

/// `GET /files/download`
pub async fn download(call: Call, Parameters(parameters): Parameters<PathParameter>) -> Result<Response, ApiError> {
    let path = call.path(&parameters.path)?;
    let tree = call.open().await?.tree;
    let name = disposition("attachment", base_name(&path));
    let reader = blocking(move || Reader::open(&tree, path)).await?;
    let size = reader.size;
    let (chunks, body) = channel_body();
    tokio::spawn(async move {
        reader.send(&chunks).await;
        // The call lasts as long as its stream.
        drop(call);
    });
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_LENGTH, size.into());
    if let Ok(name) = HeaderValue::from_bytes(name.as_bytes()) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// `<kind>; filename="<name>"`, and the RFC 5987 form where the plain one is not enough.
#[must_use]
pub fn disposition(kind: &str, name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    let mut plain = true;
    for character in name.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            // A line break would end the header.
            '\r' | '\n' => {
                plain = false;
                quoted.push('_');
            }
            _ => {
                plain &= character.is_ascii() && !character.is_ascii_control();
                quoted.push(character);
            }
        }
    }
    let mut text = format!("{kind}; filename=\"{quoted}\"");
    if !plain {
        text.push_str("; filename*=utf-8''");
        for byte in name.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    text.push(char::from(byte));
                }
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn names_cannot_break_out_of_their_header() {
        assert_eq!(disposition("a", "x y.txt"), "a; filename=\"x y.txt\"");
        assert_eq!(disposition("a", "q\"\\"), "a; filename=\"q\\\"\\\\\"");
        assert_eq!(disposition("a", "ä"), "a; filename=\"ä\"; filename*=utf-8''%C3%A4");
        let hostile = disposition("a", "x\r\nSet-Cookie: y");
        assert!(!hostile.contains(['\r', '\n']), "{hostile}");
    }
}
