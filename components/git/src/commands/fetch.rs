//! `git fetch`

use crate::args::Args;
use crate::failure::{Failure, Kind};
use crate::remotes::{self, Change, Fetch};
use crate::{context, out};
use git2::Repository;

/// Says on standard error what a fetch has changed.
pub fn tell(repository: &Repository, url: &str, changes: &[Change]) {
    if changes.is_empty() {
        return;
    }
    out::note(&format!("From {}", url.trim_end_matches(".git")));
    for change in changes {
        let short = remotes::shorten(&change.name);
        let there = short.split_once('/').map_or(short, |(_, name)| name);
        let seven = |id: git2::Oid| id.to_string()[..7].to_owned();
        if change.new.is_zero() {
            crate::note!(" - [deleted]         (none)     -> {short}");
        } else if change.old.is_zero() {
            let (kind, there) = if change.name.starts_with("refs/tags/") {
                ("tag]   ", short)
            } else {
                ("branch]", there)
            };
            crate::note!(" * [new {kind}      {there:<10} -> {short}");
        } else if repository.graph_descendant_of(change.new, change.old).unwrap_or(false) {
            crate::note!(
                "   {}..{}  {there:<10} -> {short}",
                seven(change.old),
                seven(change.new)
            );
        } else {
            crate::note!(
                " + {}...{} {there:<10} -> {short}  (forced update)",
                seven(change.old),
                seven(change.new)
            );
        }
    }
}

/// The command.
pub fn fetch(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "all",
            "prune|p",
            "tags|t",
            "depth=",
            "quiet|q",
            "verbose|v",
            "force|f",
            "unshallow",
            "no-tags",
            "progress",
        ],
    )?;
    let repository = context::repository()?;
    let mut depth = args
        .number("depth")?
        .map(|depth| i32::try_from(depth).unwrap_or(i32::MAX));
    if args.has("unshallow") {
        // As libgit2 has it: the whole of every line.
        depth = Some(i32::MAX);
    }
    let how = Fetch {
        depth,
        prune: args.has("prune"),
        tags: args.has("tags"),
    };
    let from: Vec<String> = if args.has("all") {
        repository
            .remotes()?
            .iter()
            .flatten()
            .flatten()
            .map(str::to_owned)
            .collect()
    } else {
        vec![
            args.words
                .first()
                .cloned()
                .unwrap_or_else(|| remotes::default_remote(&repository)),
        ]
    };
    if args.words.is_empty()
        && !args.has("all")
        && from
            .iter()
            .all(|name| name == "origin" && repository.find_remote(name).is_err())
    {
        // Nothing to fetch from, and nothing was named: git has nothing to say either.
        return Ok(0);
    }
    if from.is_empty() {
        return Err(Failure::fatal(Kind::NoReference, "No remote repository specified."));
    }
    let specs = args.words.get(1..).unwrap_or_default();
    for remote in from {
        let (url, changes) = remotes::fetch(&repository, &remote, specs, &how)?;
        if !args.has("quiet") {
            tell(&repository, &url, &changes);
        }
    }
    Ok(0)
}
