//! A sandbox that begins as a copy of another.

use crate::blocking::blocking;
use crate::error::ApiError;
use crate::spec::{SandboxSpec, valid_id};
use crate::table::{Shared, Table};
use crate::toolbox::fs_error::At;
use sandbar_files::{Error, Limits, Tree};
use std::io::ErrorKind;
use std::path::Path;

/// Makes the files of a sandbox as those of its parent are now. A sandbox that has files is left as it is, whatever became
/// of the parent since.
///
/// # Errors
/// 404 if the parent is not here, 409 if it was forked too often in a row, or what the disk says.
pub async fn make(table: &Table, parent: &str, spec: &SandboxSpec) -> Result<(), ApiError> {
    if has_files(&spec.directory) {
        return Ok(());
    }
    if !valid_id(parent) || parent == spec.id {
        return Err(ApiError::bad_request(format!(
            "{parent:?} cannot be the parent of a sandbox"
        )));
    }
    let known = table.get(parent);
    let shared = table.shared();
    let home = shared.root.join(parent);
    if known.is_none() && !has_files(&home) {
        return Err(no_parent(parent));
    }
    let child = spec.clone();
    blocking(move || directory(&child)).await?;
    match known {
        Some(entry) => entry.fork(spec.directory.clone()).await,
        // After a restart a stopped sandbox is known by its files only.
        None => unknown(shared, &home, &spec.directory).await,
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
