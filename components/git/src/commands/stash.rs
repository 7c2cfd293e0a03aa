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
        "push" => save(
            &mut repository,
            &args,
            &args.all(),
            args.value("message").map(str::to_owned),
        ),
        "save" => {
            let words = (!args.words.is_empty()).then(|| args.words.join(" "));
            let message = args.value("message").map(str::to_owned).or(words);
            save(&mut repository, &args, &[], message)
        }
        "branch" => {
            let Some(name) = args.words.first() else {
                return Err(Failure::usage("No branch name specified"));
            };
            let at = number(&mut repository, args.words.get(1))?;
            let id = list(&mut repository)?[at].2;
            let base = repository.find_commit(id)?.parent_id(0)?.to_string();
            super::checkout::checkout(vec!["-b".into(), name.clone(), base])?;
            bring_back(&mut repository, at, true)?;
            super::status::status(Vec::new())?;
            discard(&mut repository, at, args.words.get(1), false)?;
            Ok(0)
        }
        "list" => {
            for (at, message, _) in list(&mut repository)? {
                crate::say!("stash@{{{at}}}: {message}");
            }
            Ok(0)
        }
        "apply" | "pop" => {
            let at = number(&mut repository, args.words.first())?;
            if let Err(failure) = bring_back(&mut repository, at, args.has("index")) {
                failure.complain();
                if !args.has("quiet") {
                    super::status::status(Vec::new())?;
                }
                if verb == "pop" {
                    out::line("The stash entry is kept in case you need it again.");
                }
                return Ok(1);
            }
            if !args.has("quiet") {
                super::status::status(Vec::new())?;
            }
            if verb == "pop" {
                discard(&mut repository, at, args.words.first(), args.has("quiet"))?;
            }
            Ok(0)
        }
        "drop" => {
            let at = number(&mut repository, args.words.first())?;
            discard(&mut repository, at, args.words.first(), args.has("quiet"))?;
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

fn save(repository: &mut Repository, args: &Args, named: &[String], message: Option<String>) -> Result<i32, Failure> {
    if context::head(repository).is_none() {
        return Err(Failure::plain(Kind::Invalid, "You do not have the initial commit yet"));
    }
    let paths = context::all_in_tree(repository, named)?;
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
    let untracked = args.has("include-untracked") || args.has("all");
    let chosen = paths.iter().any(|path| !path.is_empty());
    if untracked && chosen {
        return Err(Failure::fatal(
            Kind::Invalid,
            "untracked files and paths together are not supported here; `git add` them and stash the paths",
        ));
    }
    let saved = if untracked {
        repository
            .stash_save2(&stasher, message.as_deref(), Some(flags))
            .map(|_| ())
    } else if keep(repository, &stasher, message.as_deref(), &paths, args.has("keep-index"))? {
        Ok(())
    } else {
        out::line("No local changes to save");
        return Ok(0);
    };
    match saved {
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

/// Keeps what differs below paths (everything without any) in two commits as git makes them, and puts it back to HEAD, or
/// to the index. Whether there was something.
fn keep(
    repository: &Repository,
    stasher: &git2::Signature<'_>,
    message: Option<&str>,
    paths: &[String],
    keep_index: bool,
) -> Result<bool, Failure> {
    let Some(head) = context::head(repository) else {
        return Ok(false);
    };
    let changed = super::status::collect(repository, super::status::Untracked::No, paths)?;
    if changed.is_empty() {
        return Ok(false);
    }
    let tree = context::work_tree(repository)?.to_path_buf();
    let branch = context::branch(repository).unwrap_or_else(|| "(no branch)".into());
    let place = format!(
        "{branch}: {} {}",
        context::short(head.as_object()),
        crate::pretty::subject(&head)
    );
    let author = context::author(repository)?;
    let mut index = repository.index()?;
    if index.has_conflicts() {
        return Err(Failure::error(
            Kind::Conflict,
            "could not write index: there are unmerged files",
        ));
    }
    let staged = repository.find_tree(index.write_tree()?)?;
    let text = format!("index on {place}\n");
    let staged_commit = repository.commit(None, &author, stasher, &text, &staged, &[&head])?;
    for entry in &changed {
        let path = std::path::Path::new(&entry.path);
        if tree.join(path).symlink_metadata().is_ok() {
            index.add_path(path)?;
        } else if index.get_path(path, 0).is_some() {
            index.remove_path(path)?;
        }
    }
    let work = repository.find_tree(index.write_tree()?)?;
    // Only the tree was wanted: the index is as it was.
    index.read(true)?;
    let text = match message {
        Some(message) => format!("On {branch}: {message}\n"),
        None => format!("WIP on {place}\n"),
    };
    let parents = [&head, &repository.find_commit(staged_commit)?];
    let id = repository.commit(None, &author, stasher, &text, &work, &parents)?;
    repository.reference_ensure_log("refs/stash")?;
    repository.reference("refs/stash", id, true, text.trim_end())?;
    let back = if keep_index {
        staged.as_object()
    } else {
        head.as_object()
    };
    let target = back.peel_to_tree()?;
    for entry in &changed {
        for path in std::iter::once(&entry.path).chain(&entry.from) {
            if target.get_path(std::path::Path::new(path)).is_err() {
                let _ = std::fs::remove_file(tree.join(path));
            }
        }
    }
    let mut options = git2::build::CheckoutBuilder::new();
    options.force().update_index(false).disable_pathspec_match(true);
    for path in changed
        .iter()
        .flat_map(|entry| std::iter::once(&entry.path).chain(&entry.from))
    {
        options.path(path.as_str());
    }
    repository.checkout_tree(back, Some(&mut options))?;
    if !keep_index {
        let names: Vec<&str> = changed
            .iter()
            .flat_map(|entry| std::iter::once(&entry.path).chain(&entry.from))
            .map(String::as_str)
            .collect();
        repository.reset_default(Some(head.as_object()), &names)?;
    }
    Ok(true)
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
    let id = list(repository)?[at].2;
    let kept = repository.find_commit(id)?;
    let diff = repository.diff_tree_to_tree(Some(&kept.parent(0)?.tree()?), Some(&kept.tree()?), None)?;
    let stashed: Vec<String> = diff
        .deltas()
        .filter_map(|delta| delta.new_file().path().map(|path| path.to_string_lossy().into_owned()))
        .collect();
    drop(diff);
    drop(kept);
    let mut in_the_way: Vec<String> = super::status::collect(repository, super::status::Untracked::All, &[])?
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    in_the_way.retain(|path| stashed.contains(path));
    let mut options = StashApplyOptions::new();
    if index {
        options.reinstantiate_index();
    }
    repository.stash_apply(at, Some(&mut options)).map_err(|error| {
        if matches!(error.code(), git2::ErrorCode::Conflict | git2::ErrorCode::Uncommitted) {
            super::checkout::overwritten(&in_the_way, false, "merge", "merge")
        } else {
            error.into()
        }
    })?;
    if repository.index()?.has_conflicts() {
        return Err(Failure::plain(Kind::Conflict, String::new()));
    }
    Ok(())
}

fn discard(repository: &mut Repository, at: usize, named: Option<&String>, quiet: bool) -> Result<(), Failure> {
    let id = list(repository)?[at].2;
    repository.stash_drop(at)?;
    if !quiet {
        match named {
            Some(named) if named.starts_with("stash@") => crate::say!("Dropped {named} ({id})"),
            _ => crate::say!("Dropped refs/stash@{{{at}}} ({id})"),
        }
    }
    Ok(())
}
