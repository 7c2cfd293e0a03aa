//! `git cherry-pick` and `git revert`: what a commit changed, once more or taken back.

use crate::args::Args;
use crate::commands::{commit, log, reset, status};
use crate::failure::{Failure, Kind};
use crate::{context, pretty};
use git2::build::CheckoutBuilder;
use git2::{CherrypickOptions, Commit, MergeOptions, Oid, Repository, RepositoryState, RevertOptions};
use std::path::PathBuf;

/// `git cherry-pick`
pub fn cherry_pick(arguments: Vec<String>) -> Result<i32, Failure> {
    command(arguments, false)
}

/// `git revert`
pub fn revert(arguments: Vec<String>) -> Result<i32, Failure> {
    command(arguments, true)
}

fn name(revert: bool) -> &'static str {
    if revert { "revert" } else { "cherry-pick" }
}

/// Where commits that are still to be picked are kept while a conflict is resolved, as git keeps them.
fn sequencer(repository: &Repository) -> PathBuf {
    repository.path().join("sequencer")
}

fn command(arguments: Vec<String>, revert: bool) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "no-commit|n",
            "x",
            "edit|e",
            "no-edit",
            "mainline|m=",
            "abort",
            "continue",
            "quit",
            "skip",
            "allow-empty",
            "keep-redundant-commits",
            "signoff|s",
            "strategy-option|X=",
            "no-gpg-sign",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    if ["abort", "continue", "quit", "skip"].iter().any(|verb| args.has(verb)) {
        return go_on(&repository, &args, revert);
    }
    if args.words.is_empty() {
        return Err(Failure::usage(format!(
            "usage: git {} [<options>] <commit>...",
            name(revert)
        )));
    }
    let mut ids = Vec::new();
    for word in &args.words {
        if word.contains("..") {
            let mut range =
                log::walk(&repository, std::slice::from_ref(word), false)?.collect::<Result<Vec<_>, _>>()?;
            if !revert {
                range.reverse();
            }
            ids.extend(range);
        } else {
            let found = context::commit(&repository, word)
                .map_err(|_| Failure::fatal(Kind::NoReference, format!("bad revision '{word}'")))?;
            ids.push(found.id());
        }
    }
    if !args.has("no-commit")
        && status::collect(&repository, status::Untracked::No, &[])?
            .iter()
            .any(|entry| entry.staged != ' ')
    {
        return Err(Failure {
            kind: Kind::Dirty,
            message: format!(
                "error: your local changes would be overwritten by {0}.\n\
                 hint: commit your changes or stash them to proceed.\nfatal: {0} failed",
                name(revert)
            ),
            code: 128,
        });
    }
    let begun = context::head(&repository).map(|head| head.id());
    all(&repository, &args, revert, &ids, begun)
}

fn all(repository: &Repository, args: &Args, revert: bool, ids: &[Oid], begun: Option<Oid>) -> Result<i32, Failure> {
    for (at, id) in ids.iter().enumerate() {
        let picked = repository.find_commit(*id)?;
        if let Err(failure) = one(repository, &picked, args, revert) {
            if failure.kind == Kind::Conflict {
                let directory = sequencer(repository);
                std::fs::create_dir_all(&directory)?;
                let todo: String = ids[at..]
                    .iter()
                    .map(|id| format!("{} {id}\n", if revert { "revert" } else { "pick" }))
                    .collect();
                std::fs::write(directory.join("todo"), todo)?;
                if let Some(begun) = begun {
                    std::fs::write(directory.join("head"), format!("{begun}\n"))?;
                }
            }
            return Err(failure);
        }
    }
    Ok(0)
}

/// The message of the new commit.
fn message(picked: &Commit<'_>, args: &Args, revert: bool) -> String {
    let text = String::from_utf8_lossy(picked.message_bytes()).into_owned();
    if revert {
        return format!(
            "Revert \"{}\"\n\nThis reverts commit {}.\n",
            pretty::subject(picked),
            picked.id()
        );
    }
    if args.has("x") {
        return format!("{}\n\n(cherry picked from commit {})\n", text.trim_end(), picked.id());
    }
    text
}

fn one(repository: &Repository, picked: &Commit<'_>, args: &Args, revert: bool) -> Result<(), Failure> {
    let short = context::short(picked.as_object());
    let label = if revert {
        format!("parent of {short} ({})", pretty::subject(picked))
    } else {
        format!("{short} ({})", pretty::subject(picked))
    };
    let mainline = args
        .number("mainline")?
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or(0);
    if picked.parent_count() > 1 && mainline == 0 {
        return Err(Failure {
            kind: Kind::Invalid,
            message: format!(
                "error: commit {} is a merge but no -m option was given.\nfatal: {} failed",
                picked.id(),
                name(revert)
            ),
            code: 128,
        });
    }
    let mut checkout = CheckoutBuilder::new();
    checkout
        .safe()
        .allow_conflicts(true)
        .conflict_style_merge(true)
        .our_label("HEAD")
        .their_label(&label);
    let mut merge = MergeOptions::new();
    merge.find_renames(true);
    match args.value("strategy-option") {
        Some("ours") => drop(merge.file_favor(git2::FileFavor::Ours)),
        Some("theirs") => drop(merge.file_favor(git2::FileFavor::Theirs)),
        _ => {}
    }
    let applied = if revert {
        let mut options = RevertOptions::new();
        options.mainline(mainline).merge_opts(merge).checkout_builder(checkout);
        repository.revert(picked, Some(&mut options))
    } else {
        let mut options = CherrypickOptions::new();
        options.mainline(mainline).merge_opts(merge).checkout_builder(checkout);
        repository.cherrypick(picked, Some(&mut options))
    };
    applied.map_err(|error| {
        let _ = repository.cleanup_state();
        Failure {
            kind: Kind::Dirty,
            message: format!(
                "error: your local changes would be overwritten by {0}.\n\
                 hint: commit your changes or stash them to proceed.\nfatal: {0} failed: {1}",
                name(revert),
                error.message()
            ),
            code: 128,
        }
    })?;
    let text = message(picked, args, revert);
    if repository.index()?.has_conflicts() {
        let paths = tell_conflicts(repository)?;
        let list: String = paths.iter().map(|path| format!("#\t{path}\n")).collect();
        std::fs::write(
            repository.path().join("MERGE_MSG"),
            format!("{text}\n# Conflicts:\n{list}"),
        )?;
        let verb = if revert { "revert" } else { "apply" };
        return Err(Failure {
            kind: Kind::Conflict,
            message: format!(
                "error: could not {verb} {short}... {}\n\
                 hint: After resolving the conflicts, mark them with\n\
                 hint: \"git add/rm <pathspec>\", then run\n\
                 hint: \"git {1} --continue\".\n\
                 hint: To abort and get back to the state before \"git {1}\",\n\
                 hint: run \"git {1} --abort\".",
                pretty::subject(picked),
                name(revert)
            ),
            code: 1,
        });
    }
    if args.has("no-commit") {
        repository.cleanup_state()?;
        return Ok(());
    }
    record(repository, picked, &text, args, revert)
}

fn record(repository: &Repository, picked: &Commit<'_>, text: &str, args: &Args, revert: bool) -> Result<(), Failure> {
    let committer = context::committer(repository)?;
    let mut text = text.to_owned();
    if args.has("signoff") {
        text.push_str(&format!(
            "\nSigned-off-by: {} <{}>\n",
            String::from_utf8_lossy(committer.name_bytes()),
            String::from_utf8_lossy(committer.email_bytes())
        ));
    }
    let order = commit::Order {
        message: &text,
        author: if revert {
            context::author(repository)?
        } else {
            picked.author().to_owned()
        },
        committer,
        allow_empty: args.has("allow-empty") || args.has("keep-redundant-commits"),
        tree: None,
        amend: false,
    };
    match commit::create(repository, &order) {
        Ok(id) => commit::tell(repository, id, false, true),
        Err(failure) if failure.message.starts_with("nothing to commit") => Err(Failure::plain(
            Kind::Invalid,
            format!(
                "The previous {0} is now empty, possibly due to conflict resolution.\n\
                 If you wish to commit it anyway, use:\n\n    git commit --allow-empty\n\n\
                 Otherwise, please use 'git {0} --skip'",
                name(revert)
            ),
        )),
        Err(failure) => Err(failure),
    }
}

/// Says which files hold conflicts; gives their paths.
///
/// # Errors
/// The index cannot be read.
pub fn tell_conflicts(repository: &Repository) -> Result<Vec<String>, Failure> {
    let mut paths = Vec::new();
    for conflict in repository.index()?.conflicts()?.flatten() {
        let sides = [&conflict.our, &conflict.their, &conflict.ancestor];
        let Some(entry) = sides.into_iter().flatten().next() else {
            continue;
        };
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        match (&conflict.our, &conflict.their) {
            (Some(_), Some(_)) => crate::say!("Auto-merging {path}\nCONFLICT (content): Merge conflict in {path}"),
            _ => crate::say!("CONFLICT (modify/delete): {path} is deleted on one side and modified on the other."),
        }
        paths.push(path);
    }
    Ok(paths)
}

fn go_on(repository: &Repository, args: &Args, revert: bool) -> Result<i32, Failure> {
    let state = if revert {
        RepositoryState::Revert
    } else {
        RepositoryState::CherryPick
    };
    let sequence = if revert {
        RepositoryState::RevertSequence
    } else {
        RepositoryState::CherryPickSequence
    };
    let directory = sequencer(repository);
    let todo = std::fs::read_to_string(directory.join("todo")).unwrap_or_default();
    if repository.state() != state && repository.state() != sequence && todo.is_empty() {
        return Err(Failure {
            kind: Kind::Invalid,
            message: format!(
                "error: no cherry-pick or revert in progress\nfatal: {} failed",
                name(revert)
            ),
            code: 128,
        });
    }
    let begun = std::fs::read_to_string(directory.join("head"))
        .ok()
        .and_then(|text| Oid::from_str(text.trim()).ok());
    let rest: Vec<Oid> = todo
        .lines()
        .skip(1)
        .filter_map(|line| Oid::from_str(line.split_whitespace().nth(1)?).ok())
        .collect();
    if args.has("quit") {
        repository.cleanup_state()?;
        return Ok(0);
    }
    if args.has("abort") {
        let to = begun.map_or_else(|| "HEAD".into(), |id| id.to_string());
        reset::to(repository, &to, "hard")?;
        return Ok(0);
    }
    if args.has("skip") {
        reset::to(repository, "HEAD", "hard")?;
    } else if repository.state() == state || repository.state() == sequence {
        let code = commit::commit(Vec::new())?;
        if code != 0 {
            return Ok(code);
        }
    }
    repository.cleanup_state()?;
    all(repository, args, revert, &rest, begun)
}
