//! `git add`

use crate::args::Args;
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
                     hint: Use -f if you really want to add them."
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
    if args.has("patch") || args.has("intent-to-add") || args.has("dry-run") {
        return Err(Failure::fatal(
            Kind::Invalid,
            "--patch, --intent-to-add and --dry-run are not supported here; name the files",
        ));
    }
    let repository = context::repository()?;
    let mut paths = context::all_in_tree(&repository, &args.all())?;
    if paths.is_empty() {
        if !(args.has("all") || args.has("update")) {
            crate::note!("Nothing specified, nothing added.\nhint: Maybe you wanted to say 'git add .'?");
            return Ok(0);
        }
        paths.push(String::new());
    }
    stage(&repository, &paths, args.has("force"), args.has("update"))?;
    Ok(0)
}
