//! Looking for text and names, and replacing text.

use super::files::walk;
use super::fs_error::At;
use crate::blocking::{Cancel, walking};
use crate::call::{Call, Json, Parameters};
use crate::error::ApiError;
use crate::glob;
use crate::limits::{DEPTH, DOWNLOAD_PATHS, LISTED_ENTRIES, TEXT_FILE_BYTES};
use memchr::memmem;
use sandbar_files::{Error, Kind, Tree};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Bytes at the beginning of a file in which a NUL marks it as binary.
const BINARY_PROBE: usize = 8 << 10;

/// `?path=&pattern=`
#[derive(Deserialize)]
pub struct SearchParameters {
    path: String,
    pattern: String,
}

/// One line that holds the pattern.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    file: String,
    line: usize,
    content: String,
}

/// `GET /files/find`
pub async fn find_text(
    call: Call,
    Parameters(parameters): Parameters<SearchParameters>,
) -> Result<axum::Json<Vec<Match>>, ApiError> {
    let path = call.path(&parameters.path)?;
    if parameters.pattern.is_empty() {
        return Err(ApiError::bad_request("pattern is empty"));
    }
    let tree = call.open().await?.tree;
    walking(move |cancel| {
        let mut found = Vec::new();
        let pattern = &parameters.pattern;
        each_file(&tree, &path, cancel, &mut |path| {
            // What cannot be read (it went away, it is too large) is passed over, as binary files are.
            let Ok(bytes) = tree.read_file(path, TEXT_FILE_BYTES as usize) else {
                return Ok(());
            };
            find_in(path, &bytes, pattern, &mut found)
        })?;
        Ok(axum::Json(found))
    })
    .await
}

fn find_in(path: &str, bytes: &[u8], pattern: &str, found: &mut Vec<Match>) -> Result<(), ApiError> {
    if bytes[..bytes.len().min(BINARY_PROBE)].contains(&0) {
        return Ok(());
    }
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if memmem::find(line, pattern.as_bytes()).is_none() {
            continue;
        }
        if found.len() >= LISTED_ENTRIES {
            return Err(ApiError::bad_request(format!(
                "more than {LISTED_ENTRIES} lines hold the pattern; name a longer one"
            )));
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        found.push(Match {
            file: path.to_owned(),
            line: number + 1,
            content: String::from_utf8_lossy(line).into_owned(),
        });
    }
    Ok(())
}

/// Visits `path` if it is a file, else every regular file below it.
fn each_file(
    tree: &Arc<Tree>,
    path: &str,
    cancel: &Cancel,
    visit: &mut dyn FnMut(&str) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    if tree.stat(path, true).at(path)?.kind != Kind::Directory {
        return visit(path);
    }
    walk(tree, path, DEPTH, cancel, &mut |_, path, status| {
        if status.kind == Kind::Regular {
            visit(path)?;
        }
        Ok(())
    })
}

/// `GET /files/search`
pub async fn find_names(
    call: Call,
    Parameters(parameters): Parameters<SearchParameters>,
) -> Result<axum::Json<Value>, ApiError> {
    let path = call.path(&parameters.path)?;
    let tree = call.open().await?.tree;
    walking(move |cancel| {
        let mut files = Vec::new();
        walk(&tree, &path, DEPTH, cancel, &mut |name, path, _| {
            if glob::matches(&parameters.pattern, name) {
                files.push(path.to_owned());
            }
            Ok(())
        })?;
        Ok(axum::Json(json!({ "files": files })))
    })
    .await
}

/// Body of `replace`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplaceRequest {
    files: Vec<String>,
    pattern: String,
    new_value: String,
}

/// What became of one file.
#[derive(Debug, Serialize)]
pub struct Replaced {
    file: String,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// `POST /files/replace`
pub async fn replace(call: Call, Json(request): Json<ReplaceRequest>) -> Result<axum::Json<Vec<Replaced>>, ApiError> {
    if request.pattern.is_empty() {
        return Err(ApiError::bad_request("pattern is empty"));
    }
    if request.files.len() > DOWNLOAD_PATHS {
        return Err(ApiError::bad_request(format!(
            "more than {DOWNLOAD_PATHS} files in one request"
        )));
    }
    let tree = call.open().await?.tree;
    walking(move |cancel| {
        let mut results = Vec::new();
        for file in &request.files {
            cancel.check()?;
            let result = call
                .path(file)
                .and_then(|path| replace_in(&tree, &path, &request.pattern, &request.new_value));
            results.push(Replaced {
                file: file.clone(),
                success: result.is_ok(),
                error: result.err().map(|error| error.message),
            });
        }
        Ok(axum::Json(results))
    })
    .await
}

fn replace_in(tree: &Arc<Tree>, path: &str, pattern: &str, new: &str) -> Result<(), ApiError> {
    let status = tree.stat(path, true).at(path)?;
    match status.kind {
        Kind::Regular => {}
        Kind::Directory => return Err(Error::IsDirectory).at(path),
        _ => return Err(Error::Invalid).at(path),
    }
    let most = TEXT_FILE_BYTES as usize;
    let old = tree.read_file(path, most).at(path)?;
    let changed = replace_all(&old, pattern.as_bytes(), new.as_bytes(), most)
        .ok_or(Error::TooLarge)
        .at(path)?;
    if changed == old {
        return Ok(());
    }
    tree.write_file(path, &changed, status.mode).at(path)
}

/// None if the result were longer than `most`.
fn replace_all(text: &[u8], pattern: &[u8], new: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = 0;
    for at in memmem::find_iter(text, pattern) {
        result.extend_from_slice(&text[rest..at]);
        result.extend_from_slice(new);
        rest = at + pattern.len();
        if result.len() > most {
            return None;
        }
    }
    result.extend_from_slice(&text[rest..]);
    (result.len() <= most).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_by_line() {
        let mut found = Vec::new();
        find_in("/f", b"one\r\ntwo one\nthree", "one", &mut found).expect("few matches");
        let lines: Vec<(usize, &str)> = found.iter().map(|found| (found.line, found.content.as_str())).collect();
        assert_eq!(lines, [(1, "one"), (2, "two one")]);
        find_in("/b", b"one\0", "one", &mut found).expect("binary");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn replacing_is_literal_and_bounded() {
        let replaced = |text: &[u8], new: &[u8]| replace_all(text, b"a.", new, 100);
        assert_eq!(replaced(b"a.xa.ab", b"Z").as_deref(), Some(&b"ZxZab"[..]));
        assert_eq!(replaced(b"nothing", b"Z").as_deref(), Some(&b"nothing"[..]));
        assert_eq!(replaced(&b"a.".repeat(50), &[b'Z'; 50]), None);
    }
}
