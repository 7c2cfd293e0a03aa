//! `git rm` and `git mv`

use crate::args::Args;
use crate::context;
use crate::failure::{Failure, Kind};
use std::path::Path;

/// `git rm`
pub fn rm(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["cached", "force|f", "r", "quiet|q", "ignore-unmatch"])?;
    let repository = context::repository()?;
    let tree = context::work_tree(&repository)?.to_path_buf();
    let mut index = repository.index()?;
    let mut gone: Vec<String> = Vec::new();
    for (named, path) in args.all().iter().zip(context::all_in_tree(&repository, &args.all())?) {
        let inside = format!("{path}/");
        let mut found: Vec<String> = index
            .iter()
            .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
            .filter(|known| path.is_empty() || *known == path || known.starts_with(&inside))
            .collect();
        // A conflict has several entries of one path.
        found.dedup();
        if found.is_empty() {
            if args.has("ignore-unmatch") {
                continue;
            }
            return Err(Failure::fatal(
                Kind::NoReference,
                format!("pathspec '{named}' did not match any files"),
            ));
        }
        if found != [path.clone()] && !args.has("r") {
            return Err(Failure::fatal(
                Kind::Invalid,
                format!("not removing '{named}' recursively without -r"),
            ));
        }
        gone.extend(found);
    }
    if gone.is_empty() && args.all().is_empty() {
        return Err(Failure::fatal(
            Kind::Invalid,
            "No pathspec was given. Which files should I remove?",
        ));
    }
    if !args.has("force") && !args.has("cached") {
        for path in &gone {
            if index.get_path(Path::new(path), 0).is_none() {
                continue;
            }
            let status = repository.status_file(Path::new(path))?;
            if status.is_wt_modified() || status.is_index_modified() || status.is_index_new() {
                return Err(Failure::error(
                    Kind::Dirty,
                    format!(
                        "the following file has local modifications:\n    {path}\n\
                         (use --cached to keep the file, or -f to force removal)"
                    ),
                ));
            }
        }
    }
    for path in &gone {
        if index.get_path(Path::new(path), 0).is_some() {
            index.remove_path(Path::new(path))?;
        } else {
            index.conflict_remove(Path::new(path))?;
        }
        if !args.has("cached") {
            let _ = std::fs::remove_file(tree.join(path));
            // A directory with nothing in it is nothing to git.
            let mut parent = Path::new(path).parent();
            while let Some(directory) = parent.filter(|parent| !parent.as_os_str().is_empty()) {
                if std::fs::remove_dir(tree.join(directory)).is_err() {
                    break;
                }
                parent = directory.parent();
            }
        }
        if !args.has("quiet") {
            crate::say!("rm '{path}'");
        }
    }
    index.write()?;
    Ok(0)
}

/// `git mv`
pub fn mv(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["force|f", "verbose|v", "k"])?;
    let repository = context::repository()?;
    let tree = context::work_tree(&repository)?.to_path_buf();
    let named = args.all();
    let [sources @ .., target] = named.as_slice() else {
        return Err(Failure::usage("usage: git mv <source>... <destination>"));
    };
    if sources.is_empty() {
        return Err(Failure::usage("usage: git mv <source>... <destination>"));
    }
    let mut index = repository.index()?;
    let target = context::in_tree(&repository, target)?;
    let into = tree.join(&target).is_dir();
    if sources.len() > 1 && !into {
        return Err(Failure::fatal(
            Kind::Invalid,
            format!("destination '{target}' is not a directory"),
        ));
    }
    for source in sources {
        let from = context::in_tree(&repository, source)?;
        let name = from.rsplit('/').next().unwrap_or(&from).to_owned();
        let to = match (into, target.is_empty()) {
            (true, true) => name,
            (true, false) => format!("{target}/{name}"),
            (false, _) => target.clone(),
        };
        let bad = |why: &str| Failure::fatal(Kind::Invalid, format!("{why}, source={from}, destination={to}"));
        let inside = format!("{from}/");
        let moved: Vec<_> = index
            .iter()
            .filter(|entry| entry.path == from.as_bytes() || entry.path.starts_with(inside.as_bytes()))
            .collect();
        if moved.is_empty() {
            let there = tree.join(&from).symlink_metadata().is_ok();
            return Err(bad(if there {
                "not under version control"
            } else {
                "bad source"
            }));
        }
        if tree.join(&to).symlink_metadata().is_ok() && !args.has("force") {
            return Err(bad("destination exists"));
        }
        std::fs::rename(tree.join(&from), tree.join(&to))
            .map_err(|error| bad(&format!("renaming failed: {}", crate::console::reason(&error))))?;
        for mut entry in moved {
            let old = String::from_utf8_lossy(&entry.path).into_owned();
            index.remove_path(Path::new(&old))?;
            entry.path = format!("{to}{}", &old[from.len()..]).into_bytes();
            index.add(&entry)?;
        }
    }
    index.write()?;
    Ok(0)
}
