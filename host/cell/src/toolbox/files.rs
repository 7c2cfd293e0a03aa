//! Files one at a time: list, info, folder, delete, move, permissions.

use super::fileinfo::{FileInfo, OWNER};
use super::fs_error::{At, file_error};
use crate::blocking::{Cancel, blocking, walking};
use crate::call::{Call, Parameters};
use crate::error::{ApiError, Code};
use crate::limits::{DEPTH, LISTED_ENTRIES};
use crate::paths::{base_name, join, parent};
use axum::Json;
use http::StatusCode;
use sandbar_files::{Error, Kind, Tree};
use serde::Deserialize;

/// Permission bits of folders that a client does not name bits for.
const FOLDER_MODE: u32 = 0o755;

/// `?path=`
#[derive(Deserialize)]
pub struct PathParameter {
    /// The file or directory.
    pub path: String,
}

/// `?path=&depth=`
#[derive(Deserialize)]
pub struct ListParameters {
    path: Option<String>,
    depth: Option<usize>,
}

/// `GET /files`
pub async fn list(
    call: Call,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Json<Vec<FileInfo>>, ApiError> {
    let path = match parameters.path.as_deref() {
        None | Some("") => call.work_dir(),
        Some(path) => call.path(path)?,
    };
    let depth = parameters.depth.unwrap_or(1).clamp(1, DEPTH);
    let tree = call.open().await?.tree;
    walking(move |cancel| {
        let mut found = Vec::new();
        walk(&tree, &path, depth, cancel, &mut |name, path, status| {
            found.push(FileInfo::new(name, path, status));
            Ok(())
        })?;
        Ok(Json(found))
    })
    .await
}

/// Visits what is below `path`, directories before what is in them, `depth` levels deep, at most
/// [`LISTED_ENTRIES`] of them. Links are not followed. What disappears meanwhile is left out.
pub(super) fn walk(
    tree: &Tree,
    path: &str,
    depth: usize,
    cancel: &Cancel,
    visit: &mut dyn FnMut(&str, &str, &sandbar_files::Status) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let mut seen = 0;
    let entries = tree.read_dir(path).at(path)?;
    let mut stack = vec![(path.to_owned(), entries.into_iter())];
    while let Some((directory, entries)) = stack.last_mut() {
        let Some(entry) = entries.next() else {
            stack.pop();
            continue;
        };
        cancel.check()?;
        seen += 1;
        if seen > LISTED_ENTRIES {
            return Err(ApiError::bad_request(format!(
                "{path} holds more than {LISTED_ENTRIES} files; name a smaller part of it"
            )));
        }
        let path = join(directory, &entry.name);
        let status = match tree.stat(&path, false) {
            Ok(status) => status,
            Err(Error::NotFound) => continue,
            Err(error) => return Err(file_error(&error, &path)),
        };
        visit(&entry.name, &path, &status)?;
        if status.kind == Kind::Directory && stack.len() < depth {
            match tree.read_dir(&path) {
                Ok(below) => stack.push((path, below.into_iter())),
                Err(Error::NotFound) => {}
                Err(error) => return Err(file_error(&error, &path)),
            }
        }
    }
    Ok(())
}

/// `GET /files/info`
pub async fn info(call: Call, Parameters(parameters): Parameters<PathParameter>) -> Result<Json<FileInfo>, ApiError> {
    let path = call.path(&parameters.path)?;
    let tree = call.open().await?.tree;
    blocking(move || {
        let status = match tree.stat(&path, true) {
            // A link that leads nowhere is still something.
            Err(Error::NotFound | Error::Loop) => tree.stat(&path, false),
            result => result,
        }
        .at(&path)?;
        Ok(Json(FileInfo::new(base_name(&path), &path, &status)))
    })
    .await
}

/// `?path=&mode=`
#[derive(Deserialize)]
pub struct FolderParameters {
    path: String,
    mode: Option<String>,
}

/// `POST /files/folder`
pub async fn create_folder(
    call: Call,
    Parameters(parameters): Parameters<FolderParameters>,
) -> Result<StatusCode, ApiError> {
    let path = call.path(&parameters.path)?;
    let mode = match parameters.mode.as_deref() {
        None | Some("") => FOLDER_MODE,
        Some(mode) => parse_mode(mode)?,
    };
    let tree = call.open().await?.tree;
    blocking(move || tree.create_dir_all(&path, mode).at(&path)).await?;
    Ok(StatusCode::CREATED)
}

/// Permission bits in octal, `755` or `0755`.
fn parse_mode(text: &str) -> Result<u32, ApiError> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    u32::from_str_radix(digits, 8)
        .ok()
        .filter(|mode| *mode <= 0o777 && !digits.starts_with('+'))
        .ok_or_else(|| ApiError::bad_request(format!("mode {text:?} is not octal from 0 to 777")))
}

/// `?path=&recursive=`
#[derive(Deserialize)]
pub struct RemoveParameters {
    path: String,
    recursive: Option<bool>,
}

/// `DELETE /files`
pub async fn remove(call: Call, Parameters(parameters): Parameters<RemoveParameters>) -> Result<StatusCode, ApiError> {
    let path = call.path(&parameters.path)?;
    let recursive = parameters.recursive.unwrap_or(false);
    let tree = call.open().await?.tree;
    blocking(move || {
        let status = tree.stat(&path, false).at(&path)?;
        if status.kind != Kind::Directory {
            return tree.remove_file(&path).at(&path);
        }
        if !recursive {
            return Err(ApiError::bad_path(format!(
                "{path} is a directory; delete it with recursive=true"
            )));
        }
        tree.remove_all(&path).at(&path)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `?source=&destination=`
#[derive(Deserialize)]
pub struct MoveParameters {
    source: String,
    destination: String,
}

/// `POST /files/move`
pub async fn rename(call: Call, Parameters(parameters): Parameters<MoveParameters>) -> Result<StatusCode, ApiError> {
    let from = call.path(&parameters.source)?;
    let to = call.path(&parameters.destination)?;
    let tree = call.open().await?.tree;
    blocking(move || {
        tree.stat(&from, false).at(&from)?;
        if tree.stat(&to, false).is_ok() {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                Code::Conflict,
                format!("destination {to} exists"),
            ));
        }
        if let Some(directory) = parent(&to) {
            tree.stat(directory, true).at(directory)?;
        }
        tree.rename(&from, &to).at(&from)
    })
    .await?;
    Ok(StatusCode::OK)
}

/// `?path=&owner=&group=&mode=`
#[derive(Deserialize)]
pub struct PermissionParameters {
    path: String,
    owner: Option<String>,
    group: Option<String>,
    mode: Option<String>,
}

/// `POST /files/permissions`
pub async fn set_permissions(
    call: Call,
    Parameters(parameters): Parameters<PermissionParameters>,
) -> Result<StatusCode, ApiError> {
    let path = call.path(&parameters.path)?;
    let user = call.entry().spec().user.clone();
    for wanted in [&parameters.owner, &parameters.group].into_iter().flatten() {
        if !wanted.is_empty() && *wanted != user && wanted != OWNER {
            return Err(ApiError::bad_request(format!(
                "{wanted:?} cannot own files: a sandbox has one user, {user} ({OWNER})"
            )));
        }
    }
    let mode = match parameters.mode.as_deref() {
        None | Some("") => None,
        Some(mode) => Some(parse_mode(mode)?),
    };
    let tree = call.open().await?.tree;
    blocking(move || match mode {
        Some(mode) => tree.chmod(&path, mode).at(&path),
        None => tree.stat(&path, true).at(&path).map(drop),
    })
    .await?;
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::parse_mode;

    #[test]
    fn modes_are_octal() {
        assert_eq!(parse_mode("755").ok(), Some(0o755));
        assert_eq!(parse_mode("0644").ok(), Some(0o644));
        assert_eq!(parse_mode("0").ok(), Some(0));
        for bad in ["", "8", "1777", "4755", "+7", "-1", "rwx", "99999999999999"] {
            assert!(parse_mode(bad).is_err(), "{bad:?}");
        }
    }
}
