//! `POST /files/bulk-upload`: `files[i].path` and `files[i].file`, in any order that has each path before its file.

use super::events::Events;
use super::writer::Writer;
use crate::call::Call;
use crate::error::ApiError;
use crate::limits::{PATH_BYTES, UPLOAD_FILES};
use crate::multipart::Event;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use std::collections::HashMap;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Path(usize),
    File(usize),
}

/// Reads `files[<index>].path` or `files[<index>].file`.
fn part(name: &str) -> Option<Part> {
    let (index, kind) = name.strip_prefix("files[")?.split_once("].")?;
    let digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    let index = index.parse().ok().filter(|_| digits)?;
    match kind {
        "path" => Some(Part::Path(index)),
        "file" => Some(Part::File(index)),
        _ => None,
    }
}

#[derive(Serialize)]
struct Uploaded {
    path: String,
    bytes: u64,
}

#[derive(Default, Serialize)]
struct Answer {
    files: Vec<Uploaded>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
}

/// Where the bytes of the present part go.
enum Sink {
    Nowhere,
    Path(usize, Vec<u8>),
    File(String, Writer),
    /// A file that failed: the rest of its bytes is read, so that the files behind it still arrive.
    Failed,
}

/// The handler. One file's failure is told in `errors` and makes the answer 400; the others are written.
pub async fn upload(call: Call, request: Request) -> Result<Response, ApiError> {
    let (head, body) = request.into_parts();
    let mut events = Events::new(&head.headers, body)?;
    let mut paths: HashMap<usize, String> = HashMap::new();
    let mut answer = Answer::default();
    let mut sink = Sink::Nowhere;
    let mut parts = 0;
    loop {
        match events.next().await? {
            Event::Part(head) => {
                parts += 1;
                if parts > 2 * UPLOAD_FILES {
                    return Err(ApiError::bad_body(format!(
                        "more than {UPLOAD_FILES} files in one request"
                    )));
                }
                sink = match part(&head.name) {
                    Some(Part::Path(index)) => Sink::Path(index, Vec::new()),
                    Some(Part::File(index)) => begin(&call, index, &mut paths, &mut answer.errors).await?,
                    None => Sink::Nowhere,
                };
            }
            Event::Data(bytes) => match &mut sink {
                Sink::Path(_, text) if text.len() + bytes.len() > PATH_BYTES => {
                    return Err(ApiError::bad_path(format!("a path is longer than {PATH_BYTES} bytes")));
                }
                Sink::Path(_, text) => text.extend_from_slice(&bytes),
                Sink::File(path, writer) => {
                    if let Err(error) = writer.push(&bytes).await {
                        answer.errors.push(failure(path, &error));
                        sink = Sink::Failed;
                    }
                }
                Sink::Failed | Sink::Nowhere => {}
            },
            Event::PartEnd => match std::mem::replace(&mut sink, Sink::Nowhere) {
                Sink::Path(index, text) => {
                    let text = String::from_utf8(text).map_err(|_| ApiError::bad_path("a path is not UTF-8"))?;
                    paths.insert(index, text);
                }
                Sink::File(path, writer) => match writer.finish().await {
                    Ok(bytes) => answer.files.push(Uploaded { path, bytes }),
                    Err(error) => answer.errors.push(failure(&path, &error)),
                },
                Sink::Failed | Sink::Nowhere => {}
            },
            Event::End => break,
        }
    }
    // A path without its file is a client that lost something.
    let mut missing: Vec<String> = paths.into_values().collect();
    missing.sort_unstable();
    let missing = missing.iter().map(|path| format!("{path}: no file was sent"));
    answer.errors.extend(missing);
    if parts == 0 || (answer.files.is_empty() && answer.errors.is_empty()) {
        return Err(ApiError::bad_body("the body names no files"));
    }
    let status = if answer.errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    Ok((status, axum::Json(answer)).into_response())
}

async fn begin(
    call: &Call,
    index: usize,
    paths: &mut HashMap<usize, String>,
    errors: &mut Vec<String>,
) -> Result<Sink, ApiError> {
    let Some(asked) = paths.remove(&index) else {
        errors.push(format!("files[{index}]: no path was sent before its file"));
        return Ok(Sink::Failed);
    };
    // A sandbox that cannot be opened fails the whole call; a bad path only its file.
    let tree = call.open().await?.tree;
    let created = match call.path(&asked) {
        Ok(path) => Writer::create(tree, path).await,
        Err(error) => Err(error),
    };
    Ok(match created {
        Ok(writer) => Sink::File(asked, writer),
        Err(error) => {
            errors.push(failure(&asked, &error));
            Sink::Failed
        }
    })
}

/// `path: reason`; file errors already begin with a path.
fn failure(path: &str, error: &ApiError) -> String {
    let reason = error
        .message
        .strip_prefix(path)
        .map_or(error.message.as_str(), |rest| rest.trim_start_matches(": "));
    format!("{path}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_names_are_read_strictly() {
        assert_eq!(part("files[0].path"), Some(Part::Path(0)));
        assert_eq!(part("files[12].file"), Some(Part::File(12)));
        for bad in [
            "files[].path",
            "files[-1].path",
            "files[+1].path",
            "files[1]path",
            "files[1].mode",
            "file",
            "files[99999999999999999999].file",
        ] {
            assert_eq!(part(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_failure_names_its_path_once() {
        let error = ApiError::bad_path("/a: is a directory");
        assert_eq!(failure("/a", &error), "/a: is a directory");
        assert_eq!(failure("b", &error), "b: /a: is a directory");
    }
}
