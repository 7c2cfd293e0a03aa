//! `POST /files/bulk-download`: the files as one multipart body, an error part for each that cannot be read.

use super::download::{Chunks, Reader, channel_body, disposition};
use crate::blocking::blocking;
use crate::call::{Call, Json};
use crate::error::ApiError;
use crate::limits::DOWNLOAD_PATHS;
use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use sandbar_files::Tree;
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// The body of the request.
#[derive(Deserialize)]
pub struct Wanted {
    paths: Vec<String>,
}

/// The handler.
pub async fn download(call: Call, Json(wanted): Json<Wanted>) -> Result<Response, ApiError> {
    if wanted.paths.is_empty() {
        return Err(ApiError::bad_request("paths is empty"));
    }
    if wanted.paths.len() > DOWNLOAD_PATHS {
        return Err(ApiError::bad_request(format!(
            "more than {DOWNLOAD_PATHS} paths in one request"
        )));
    }
    let tree = call.open().await?.tree;
    // Random, so that no file can hold it.
    let boundary = format!("DAYTONA-FILE-BOUNDARY-{}", Uuid::new_v4().simple());
    let content_type =
        HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}")).map_err(ApiError::internal)?;
    let (chunks, body) = channel_body();
    tokio::spawn(async move { send(&call, &tree, &wanted.paths, &boundary, &chunks).await });
    let mut response: Response<Body> = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    Ok(response)
}

/// Sends part after part; ends early if the client has gone. A file that breaks half-way breaks the body: its length was
/// promised already.
async fn send(call: &Call, tree: &Arc<Tree>, paths: &[String], boundary: &str, to: &Chunks) {
    for asked in paths {
        let opened = match call.path(asked) {
            Ok(path) => {
                let tree = Arc::clone(tree);
                blocking(move || Reader::open(&tree, path)).await
            }
            Err(error) => Err(error),
        };
        let sent = match opened {
            Ok(reader) => {
                let head = file_head(boundary, asked, reader.size);
                to.send(Ok(head.into())).await.is_ok()
                    && reader.send(to).await
                    && to.send(Ok("\r\n".into())).await.is_ok()
            }
            Err(error) => {
                let part = error_part(boundary, asked, &error);
                to.send(Ok(part.into())).await.is_ok()
            }
        };
        if !sent {
            return;
        }
    }
    // Nobody may be left to read it.
    let _ = to.send(Ok(format!("--{boundary}--\r\n").into())).await;
}

fn file_head(boundary: &str, asked: &str, size: u64) -> String {
    format!(
        "--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Disposition: {}\r\n\
         Content-Length: {size}\r\n\r\n",
        disposition("form-data; name=\"file\"", asked)
    )
}

fn error_part(boundary: &str, asked: &str, error: &ApiError) -> String {
    let body = error.body("POST", "/files/bulk-download").to_string();
    format!(
        "--{boundary}\r\nContent-Type: application/json\r\nContent-Disposition: {}\r\n\
         Content-Length: {}\r\n\r\n{body}\r\n",
        disposition("form-data; name=\"error\"", asked),
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_look_as_documented() {
        assert_eq!(
            file_head("B", "a/b.txt", 5),
            "--B\r\nContent-Type: application/octet-stream\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a/b.txt\"\r\nContent-Length: 5\r\n\r\n"
        );
        let part = error_part("B", "x", &ApiError::no_file("x"));
        let (head, body) = part.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("name=\"error\"; filename=\"x\""));
        let body: serde_json::Value = serde_json::from_str(body.trim_end()).expect("JSON");
        assert_eq!(body["code"], "FILE_NOT_FOUND");
        assert_eq!(body["statusCode"], 404);
    }
}
