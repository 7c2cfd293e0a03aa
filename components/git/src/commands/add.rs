//! `git add`

use crate::args::Args;
use crate::commands::status;
use crate::context;
use crate::failure::{Failure, Kind};
use git2::{IndexAddOption, Repository};

/// Puts what paths (from the top of the work tree; empty for all) hold into the index: new, changed and gone files.
///
/// # Errors
/// A path names nothing, or only what is ignored.
pub fn stage(repository: &Repository, paths: &[String], force: bool, tracked_only: bool) -> Result<(), Failure> {
    let tree = context::work_tree(repository)?.to_path_buf();
    let mut index = repository.index()?;
    for path in paths {
        let known = path.is_empty()
            || has_magic(path)
            || tree.join(path).symlink_metadata().is_ok()
            || index.iter().any(|entry| {
                entry.path == path.as_bytes()
                    || (entry.path.starts_with(path.as_bytes()) && entry.path.get(path.len()) == Some(&b'/'))
            });
        if !known {
            return Err(Failure::fatal(
                Kind::NoReference,
                format!("pathspec '{path}' did not match any files"),
            ));
        }
        if !force
            && !path.is_empty()
            && !has_magic(path)
            && repository.is_path_ignored(path)?
            && index.get_path(std::path::Path::new(path), 0).is_none()
        {
            return Err(Failure::plain(
                Kind::Invalid,
                format!(
                    "The following paths are ignored by one of your .gitignore files:\n{path}\n\
                     hint: Use -f if you really want to add them.\n\
                     hint: Disable this message with \"git config advice.addIgnoredFile false\""
                ),
            ));
        }
    }
    let specs: Vec<&str> = paths
        .iter()
        .map(|path| if path.is_empty() { "*" } else { path.as_str() })
        .collect();
    if !tracked_only {
        let option = if force {
            IndexAddOption::FORCE
        } else {
            IndexAddOption::DEFAULT
        };
        index.add_all(&specs, option, None)?;
    }
    index.update_all(&specs, None)?;
    index.write()?;
    Ok(())
}

/// Whether a path is a pattern.
fn has_magic(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The command.
pub fn add(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "all|A",
            "update|u",
            "force|f",
            "verbose|v",
            "dry-run|n",
            "intent-to-add|N",
            "patch|p",
            "ignore-errors",
        ],
    )?;
    if args.has("patch") {
        return Err(Failure::fatal(
            Kind::Invalid,
            "--patch is not supported here; name the files",
        ));
    }
    let repository = context::repository()?;
    let mut paths = context::all_in_tree(&repository, &args.all())?;
    if paths.is_empty() {
        if !(args.has("all") || args.has("update")) {
            crate::note!(
                "Nothing specified, nothing added.\nhint: Maybe you wanted to say 'git add .'?\n\
                 hint: Disable this message with \"git config advice.addEmptyPathspec false\""
            );
            return Ok(0);
        }
        paths.push(String::new());
    }
    if args.has("dry-run") || args.has("verbose") {
        for entry in status::collect(&repository, status::Untracked::All, &paths)? {
            match entry.unstaged {
                ' ' => {}
                '?' if args.has("update") => {}
                'D' => crate::say!("remove '{}'", entry.path),
                _ => crate::say!("add '{}'", entry.path),
            }
        }
    }
    if args.has("dry-run") {
        return Ok(0);
    }
    if args.has("intent-to-add") {
        return intend(&repository, &paths);
    }
    stage(&repository, &paths, args.has("force"), args.has("update"))?;
    Ok(0)
}

/// The flag of an entry that is only announced; the one that says that there are more flags.
pub const INTENT_TO_ADD: u16 = 1 << 13;
const EXTENDED: u16 = 1 << 14;

/// Lets git know of files without their contents.
fn intend(repository: &Repository, paths: &[String]) -> Result<i32, Failure> {
    let mut index = repository.index()?;
    let empty = repository.blob(b"")?;
    for entry in status::collect(repository, status::Untracked::All, paths)? {
        if entry.staged == '?' {
            index.add(&git2::IndexEntry {
                ctime: git2::IndexTime::new(0, 0),
                mtime: git2::IndexTime::new(0, 0),
                dev: 0,
                ino: 0,
                mode: 0o100_644,
                uid: 0,
                gid: 0,
                file_size: 0,
                id: empty,
                flags: EXTENDED,
                flags_extended: INTENT_TO_ADD,
                path: entry.path.into_bytes(),
            })?;
        }
    }
    index.write()?;
    Ok(0)
}
