//! `git pull`

use crate::args::Args;
use crate::commands::fetch;
use crate::commands::merge::{self, Merged};
use crate::context;
use crate::failure::{Failure, Kind};
use crate::remotes::{self, Fetch};
use git2::{Oid, Repository};

/// Fetches a branch (the one followed, if none is named) and merges it.
///
/// # Errors
/// As fetch and merge.
pub fn bring(
    repository: &Repository,
    remote: Option<&str>,
    branch: Option<&str>,
    how: &merge::How<'_>,
) -> Result<Merged, Failure> {
    context::work_tree(repository)?;
    let from = remote.map_or_else(|| remotes::default_remote(repository), str::to_owned);
    let current = context::branch(repository);
    let there = match branch {
        Some(branch) => branch.to_owned(),
        None => match &current {
            None => {
                return Err(Failure::plain(
                    Kind::Invalid,
                    "You are not currently on a branch.\nPlease specify which branch you want to merge with.",
                ));
            }
            Some(current) => match remotes::upstream(repository, current) {
                Some(there) => there,
                // What a client of the toolbox means by pull; git itself wants to be told.
                None if remote.is_none() => {
                    return Err(Failure::plain(
                        Kind::NoReference,
                        format!(
                            "There is no tracking information for the current branch.\n\
                             Please specify which branch you want to merge with.\n\n    \
                             git pull <remote> <branch>\n\n\
                             If you wish to set tracking information for this branch you can do so with:\n\n    \
                             git branch --set-upstream-to={from}/<branch> {current}\n"
                        ),
                    ));
                }
                None => current.clone(),
            },
        },
    };
    let tracked = format!("refs/remotes/{from}/{there}");
    let spec = format!("+refs/heads/{there}:{tracked}");
    let named = repository.find_remote(&from).is_ok();
    let specs = if named {
        vec![spec]
    } else {
        vec![format!("refs/heads/{there}")]
    };
    let (url, changes) = remotes::fetch(repository, &from, &specs, &Fetch::default())?;
    if !how.quiet {
        fetch::tell(repository, &url, &changes);
    }
    let theirs = repository
        .refname_to_id(&tracked)
        .ok()
        .filter(|_| named)
        .or_else(|| fetched(repository))
        .ok_or_else(|| Failure::fatal(Kind::NoReference, format!("couldn't find remote ref {there}")))?;
    if how.rebase && context::head(repository).is_some() {
        super::rebase::onto(repository, theirs, theirs, how.quiet)?;
        return Ok(Merged::FastForward);
    }
    merge::bring_in(repository, theirs, &format!("branch '{there}' of {url}"), how)
}

/// The first line of FETCH_HEAD.
fn fetched(repository: &Repository) -> Option<Oid> {
    let text = std::fs::read_to_string(repository.path().join("FETCH_HEAD")).ok()?;
    Oid::from_str(text.split_whitespace().next()?).ok()
}

/// The command.
pub fn pull(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "ff-only",
            "no-ff",
            "ff",
            "quiet|q",
            "rebase|r=?",
            "no-rebase",
            "verbose|v",
            "no-edit",
            "allow-unrelated-histories",
            "all",
            "no-tags",
            "tags|t",
            "prune|p",
        ],
    )?;
    let repository = context::repository()?;
    let configured = repository.config()?.get_bool("pull.rebase").unwrap_or(false);
    let rebase = match args.value("rebase") {
        Some(value) => value != "false",
        None => configured && !args.has("no-rebase") && !args.has("ff-only") && !args.has("no-ff"),
    };
    let how = merge::How {
        only_fast_forward: args.has("ff-only"),
        no_fast_forward: args.has("no-ff"),
        quiet: args.has("quiet"),
        rebase,
        unrelated: args.has("allow-unrelated-histories"),
        ..merge::How::default()
    };
    let merged = bring(
        &repository,
        args.words.first().map(String::as_str),
        args.words.get(1).map(String::as_str),
        &how,
    )?;
    if merged == Merged::UpToDate && !args.has("quiet") {
        crate::say!("Already up to date.");
    }
    Ok(0)
}
