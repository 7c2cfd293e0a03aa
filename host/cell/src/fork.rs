//! A sandbox that begins as a copy of another, or as a snapshot.

use crate::blocking::blocking;
use crate::error::ApiError;
use crate::snapshots;
use crate::spec::{SandboxSpec, valid_id};
use crate::table::{Shared, Table};
use crate::toolbox::fs_error::At;
use sandbar_files::{Error, Limits, Tree};
use std::io::ErrorKind;
use std::path::Path;

/// Makes the files that a sandbox begins with, if it begins as a copy. One that has files is left as it is, whatever became
/// of the parent or snapshot since.
///
/// # Errors
/// 404 if parent or snapshot are not here, 409 if the parent was forked too often in a row, or what the disk says.
pub async fn begin(table: &Table, spec: &SandboxSpec) -> Result<(), ApiError> {
    if (spec.parent.is_none() && spec.image.is_none()) || has_files(&spec.directory) {
        return Ok(());
    }
    match (&spec.parent, &spec.image) {
        (Some(parent), None) => {
            if parent == &spec.id {
                return Err(no_copy(parent));
            }
            let child = spec.clone();
            check(table, parent)?;
            blocking(move || directory(&child)).await?;
            copy(table, parent, &spec.directory).await
        }
        (None, Some(image)) => {
            let snapshot = snapshots::directory(table, image)?;
            let (pool, child, id) = (table.shared().frozen.clone(), spec.clone(), image.clone());
            blocking(move || {
                if !snapshot.is_dir() {
                    return Err(snapshots::none(&id));
                }
                directory(&child)?;
                match pool.begin(&snapshot, &child.directory) {
                    Ok(()) | Err(Error::Exists) => Ok(()),
                    Err(Error::NotFound) => Err(snapshots::none(&id)),
                    Err(error) => Err(error).at("/"),
                }
            })
            .await
        }
        _ => Err(ApiError::bad_request(
            "a sandbox begins as a copy of another or as a snapshot, not both",
        )),
    }
}

fn no_copy(parent: &str) -> ApiError {
    ApiError::bad_request(format!("{parent:?} cannot be the parent of a sandbox"))
}

fn check(table: &Table, parent: &str) -> Result<(), ApiError> {
    if !valid_id(parent) {
        return Err(no_copy(parent));
    }
    if table.get(parent).is_none() && !has_files(&table.shared().root.join(parent)) {
        return Err(no_parent(parent));
    }
    Ok(())
}

/// Makes the empty directory `child` a copy of a sandbox as it is now, whether it runs, is stopped, or is known by its files
/// only.
///
/// # Errors
/// As [`begin`].
pub async fn copy(table: &Table, parent: &str, child: &Path) -> Result<(), ApiError> {
    check(table, parent)?;
    let shared = table.shared();
    match table.get(parent) {
        Some(entry) => entry.fork(child.to_owned()).await,
        // After a restart a stopped sandbox is known by its files only.
        None => unknown(shared, &shared.root.join(parent), child).await,
    }
}

async fn unknown(shared: &Shared, parent: &Path, child: &Path) -> Result<(), ApiError> {
    let (frozen, base) = (shared.frozen.clone(), shared.base.clone());
    let (parent, child) = (parent.to_owned(), child.to_owned());
    blocking(move || {
        // What it may take does not matter: nothing is written.
        let tree = Tree::open_stacked(&parent, &frozen, &base, Limits::default()).at("/")?;
        of(&tree, &child)
    })
    .await
}

/// Copies a tree. Blocks.
///
/// # Errors
/// What the file layer says, but that the child is made already.
pub fn of(tree: &Tree, child: &Path) -> Result<(), ApiError> {
    match tree.fork(child) {
        Err(Error::Exists) => Ok(()),
        other => other.at("/"),
    }
}

/// Makes the directory of a sandbox, if it is not there. Blocks.
///
/// # Errors
/// 500 with what the disk says.
pub fn directory(spec: &SandboxSpec) -> Result<(), ApiError> {
    match std::fs::create_dir(&spec.directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(ApiError::internal(format_args!("sandbox {}: {error}", spec.id)))
        }
        _ => Ok(()),
    }
}

/// There is nothing to copy.
#[must_use]
pub fn no_parent(parent: &str) -> ApiError {
    ApiError::not_found(format!(
        "sandbox {parent}, of which this one was to be a copy, is not on this runner any more"
    ))
}

/// Whether a sandbox was ever opened or made. Two looks at names of the host's own, in a directory no guest can write.
fn has_files(directory: &Path) -> bool {
    directory.join("upper").is_dir() || directory.join("stack").is_file()
}
