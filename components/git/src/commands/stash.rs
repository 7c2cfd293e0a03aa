//! `git stash`

use crate::args::Args;
use crate::failure::{Failure, Kind};
use crate::{context, out};
use git2::{Repository, StashApplyOptions, StashFlags};

/// The command.
pub fn stash(mut arguments: Vec<String>) -> Result<i32, Failure> {
    let verb = match arguments.first() {
        Some(first) if !first.starts_with('-') => arguments.remove(0),
        _ => "push".to_owned(),
    };
    let args = Args::parse(
        arguments,
        &[
            "include-untracked|u",
            "message|m=",
            "keep-index|k",
            "quiet|q",
            "index",
            "patch|p",
            "all|a",
            "stat=?",
        ],
    )?;
    let mut repository = context::repository()?;
    context::work_tree(&repository)?;
    match verb.as_str() {
        "push" | "save" => save(&mut repository, &args),
        "list" => {
            for (at, message, _) in list(&mut repository)? {
                crate::say!("stash@{{{at}}}: {message}");
            }
            Ok(0)
        }
        "apply" | "pop" => {
            let at = number(&mut repository, args.words.first())?;
            bring_back(&mut repository, at, args.has("index"))?;
            if !args.has("quiet") {
                super::status::status(Vec::new())?;
            }
            if verb == "pop" {
                discard(&mut repository, at, args.has("quiet"))?;
            }
            Ok(0)
        }
        "drop" => {
            let at = number(&mut repository, args.words.first())?;
            discard(&mut repository, at, args.has("quiet"))?;
            Ok(0)
        }
        "clear" => {
            while !list(&mut repository)?.is_empty() {
                repository.stash_drop(0)?;
            }
            Ok(0)
        }
        "show" => {
            let at = number(&mut repository, args.words.first())?;
            let id = list(&mut repository)?[at].2;
            let commit = repository.find_commit(id)?;
            let diff = repository.diff_tree_to_tree(Some(&commit.parent(0)?.tree()?), Some(&commit.tree()?), None)?;
            if args.has("patch") {
                super::diff::print(diff, &args, true)?;
            } else {
                super::diff::table(diff)?;
            }
            Ok(0)
        }
        other => Err(Failure::usage(format!(
            "subcommand wasn't specified; 'push' can't be assumed due to unexpected token '{other}'"
        ))),
    }
}

fn save(repository: &mut Repository, args: &Args) -> Result<i32, Failure> {
    let stasher = context::committer(repository)?;
    let mut flags = StashFlags::DEFAULT;
    if args.has("include-untracked") || args.has("all") {
        flags |= StashFlags::INCLUDE_UNTRACKED;
    }
    if args.has("all") {
        flags |= StashFlags::INCLUDE_IGNORED;
    }
    if args.has("keep-index") {
        flags |= StashFlags::KEEP_INDEX;
    }
    let message = args
        .value("message")
        .map(str::to_owned)
        .or_else(|| (!args.words.is_empty()).then(|| args.words.join(" ")));
    match repository.stash_save2(&stasher, message.as_deref(), Some(flags)) {
        Ok(_) => {}
        Err(error) if error.code() == git2::ErrorCode::NotFound => {
            out::line("No local changes to save");
            return Ok(0);
        }
        Err(error) => return Err(error.into()),
    }
    if !args.has("quiet") {
        let said = list(repository)?
            .into_iter()
            .next()
            .map_or_else(String::new, |(_, message, _)| message);
        crate::say!("Saved working directory and index state {said}");
    }
    Ok(0)
}

fn list(repository: &mut Repository) -> Result<Vec<(usize, String, git2::Oid)>, Failure> {
    let mut rows = Vec::new();
    repository.stash_foreach(|at, message, id| {
        rows.push((at, message.to_owned(), *id));
        true
    })?;
    Ok(rows)
}

fn number(repository: &mut Repository, named: Option<&String>) -> Result<usize, Failure> {
    let count = list(repository)?.len();
    let Some(named) = named else {
        if count == 0 {
            return Err(Failure::plain(Kind::NoReference, "No stash entries found."));
        }
        return Ok(0);
    };
    named
        .trim_start_matches("stash@{")
        .trim_end_matches('}')
        .parse()
        .ok()
        .filter(|at| *at < count)
        .ok_or_else(|| Failure::error(Kind::NoReference, format!("{named} is not a valid reference")))
}

fn bring_back(repository: &mut Repository, at: usize, index: bool) -> Result<(), Failure> {
    let mut options = StashApplyOptions::new();
    if index {
        options.reinstantiate_index();
    }
    repository.stash_apply(at, Some(&mut options)).map_err(|error| {
        if matches!(error.code(), git2::ErrorCode::Conflict | git2::ErrorCode::Uncommitted) {
            Failure::error(
                Kind::Dirty,
                "Your local changes would be overwritten by merge.\n\
                 Please commit your changes or stash them before you merge.\nAborting",
            )
        } else {
            error.into()
        }
    })?;
    if repository.index()?.has_conflicts() {
        return Err(Failure::plain(
            Kind::Conflict,
            "The stash entry is kept in case you need it again.",
        ));
    }
    Ok(())
}

fn discard(repository: &mut Repository, at: usize, quiet: bool) -> Result<(), Failure> {
    let id = list(repository)?[at].2;
    repository.stash_drop(at)?;
    if !quiet {
        crate::say!("Dropped refs/stash@{{{at}}} ({id})");
    }
    Ok(())
}
