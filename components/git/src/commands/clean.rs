//! `git clean`: away with files that git does not know.

use crate::args::Args;
use crate::context;
use crate::failure::{Failure, Kind};
use git2::StatusOptions;

/// The command.
pub fn clean(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "dry-run|n",
            "force|f",
            "d",
            "x",
            "X",
            "quiet|q",
            "exclude|e=",
            "interactive|i",
        ],
    )?;
    let repository = context::repository()?;
    let tree = context::work_tree(&repository)?.to_path_buf();
    let dry = args.has("dry-run");
    let must = context::settings()?.get_bool("clean.requireForce").unwrap_or(true);
    if must && !dry && !args.has("force") {
        return Err(Failure::fatal(
            Kind::Invalid,
            "clean.requireForce is true and -f not given: refusing to clean",
        ));
    }
    let paths = context::all_in_tree(&repository, &args.all())?;
    let here = context::in_tree(&repository, ".")?;
    let mut options = StatusOptions::new();
    options
        .include_untracked(true)
        .include_ignored(args.has("x") || args.has("X"))
        .recurse_untracked_dirs(false)
        .recurse_ignored_dirs(false);
    let specs: Vec<&str> = if paths.is_empty() {
        vec![&here]
    } else {
        paths.iter().map(String::as_str).collect()
    };
    for spec in specs.iter().filter(|spec| !spec.is_empty()) {
        options.pathspec(spec);
    }
    let excluded = args.values("exclude");
    let mut gone: Vec<String> = repository
        .statuses(Some(&mut options))?
        .iter()
        .filter(
            |entry| match (entry.status().is_wt_new(), entry.status().is_ignored()) {
                (true, _) => !args.has("X"),
                (_, ignored) => ignored,
            },
        )
        .map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned())
        .filter(|path| {
            let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            !excluded
                .iter()
                .any(|pattern| super::branch::matches(pattern, name) || super::branch::matches(pattern, path))
        })
        .collect();
    gone.sort();
    for path in gone {
        let directory = path.ends_with('/');
        if directory && !args.has("d") && paths.is_empty() {
            continue;
        }
        let place = tree.join(&path);
        // Another repository is somebody's work; git wants -f twice.
        if directory && place.join(".git").exists() && args.values("force").len() < 2 {
            if !args.has("quiet") {
                crate::say!("Skipping repository {path}");
            }
            continue;
        }
        let shown = context::from_here(&repository, &path);
        if dry {
            crate::say!("Would remove {shown}");
            continue;
        }
        if !args.has("quiet") {
            crate::say!("Removing {shown}");
        }
        let removed = if directory {
            std::fs::remove_dir_all(&place)
        } else {
            std::fs::remove_file(&place)
        };
        removed.map_err(|error| {
            Failure::error(
                Kind::Other,
                format!("failed to remove {shown}: {}", crate::console::reason(&error)),
            )
        })?;
    }
    Ok(0)
}
