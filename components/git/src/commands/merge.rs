//! `git merge`: fast-forward and three-way, with conflict markers.

use crate::args::Args;
use crate::commands::{checkout, commit, diff};
use crate::context;
use crate::failure::{Failure, Kind};
use git2::build::CheckoutBuilder;
use git2::{AnnotatedCommit, MergeOptions, Oid, Repository, RepositoryState};

/// How to merge.
#[derive(Default)]
pub struct How<'a> {
    /// Only if nothing has to be merged.
    pub only_fast_forward: bool,
    /// Always with a commit of its own.
    pub no_fast_forward: bool,
    /// Leave the commit to the user.
    pub no_commit: bool,
    /// All changes as one commit to be made, no merge.
    pub squash: bool,
    /// In the place of the usual message.
    pub message: Option<&'a str>,
    /// Whose side a conflict takes.
    pub favor: Option<git2::FileFavor>,
    /// In the place of a merge, the own commits once more on top of theirs.
    pub rebase: bool,
    /// Histories may have nothing in common.
    pub unrelated: bool,
    /// Say nothing.
    pub quiet: bool,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Merged {
    /// There was nothing new.
    UpToDate,
    /// The branch went ahead.
    FastForward,
    /// A commit with two parents, or none yet if it is the user's to make.
    Made,
}

/// Merges a commit into what is checked out.
///
/// # Errors
/// Local changes stand in the way; both sides changed one place (the files then hold both).
pub fn bring_in(repository: &Repository, theirs: Oid, called: &str, how: &How<'_>) -> Result<Merged, Failure> {
    let theirs = repository.find_annotated_commit(theirs)?;
    if repository.state() == RepositoryState::Merge {
        return Err(Failure::fatal(
            Kind::Conflict,
            "You have not concluded your merge (MERGE_HEAD exists).\nPlease, commit your changes before you merge.",
        ));
    }
    let (analysis, _) = repository.merge_analysis(&[&theirs])?;
    let their_commit = repository.find_commit(theirs.id())?;
    if analysis.is_unborn() {
        checkout::to_tree(repository, their_commit.as_object(), false)?;
        let branch = context::branch(repository).unwrap_or_else(|| "main".into());
        repository.reference(&format!("refs/heads/{branch}"), theirs.id(), true, "initial pull")?;
        return Ok(Merged::FastForward);
    }
    if analysis.is_up_to_date() {
        return Ok(Merged::UpToDate);
    }
    if analysis.is_fast_forward() && how.squash {
        let before = context::head(repository);
        checkout::to_tree(repository, their_commit.as_object(), false).map_err(merging)?;
        if let Some(before) = before.filter(|_| !how.quiet) {
            crate::say!(
                "Updating {}..{}\nFast-forward\nSquash commit -- not updating HEAD",
                context::short(before.as_object()),
                context::short(their_commit.as_object())
            );
            diff::table(repository.diff_tree_to_tree(Some(&before.tree()?), Some(&their_commit.tree()?), None)?)?;
        }
        return Ok(Merged::Made);
    }
    if analysis.is_fast_forward() && !how.no_fast_forward {
        forward(repository, &their_commit, how)?;
        return Ok(Merged::FastForward);
    }
    if how.only_fast_forward {
        return Err(Failure::fatal(
            Kind::NotFastForward,
            "Not possible to fast-forward, aborting.",
        ));
    }
    three_way(repository, &theirs, called, how)
}

fn forward(repository: &Repository, theirs: &git2::Commit<'_>, how: &How<'_>) -> Result<(), Failure> {
    let before = context::head(repository);
    checkout::to_tree(repository, theirs.as_object(), false).map_err(merging)?;
    let log = format!("merge: Fast-forward to {}", theirs.id());
    match context::branch(repository) {
        Some(branch) => {
            repository.reference(&format!("refs/heads/{branch}"), theirs.id(), true, &log)?;
        }
        None => repository.set_head_detached(theirs.id())?,
    }
    if !how.quiet
        && let Some(before) = before
    {
        crate::say!(
            "Updating {}..{}\nFast-forward",
            context::short(before.as_object()),
            context::short(theirs.as_object())
        );
        diff::table(repository.diff_tree_to_tree(Some(&before.tree()?), Some(&theirs.tree()?), None)?)?;
    }
    Ok(())
}

/// The words of a checkout, as a merge says them.
fn merging(failure: Failure) -> Failure {
    Failure {
        message: failure
            .message
            .replace("by checkout:", "by merge:")
            .replace("before you switch branches", "before you merge"),
        ..failure
    }
}

fn three_way(
    repository: &Repository,
    theirs: &AnnotatedCommit<'_>,
    called: &str,
    how: &How<'_>,
) -> Result<Merged, Failure> {
    let Some(ours) = context::head(repository) else {
        return Err(Failure::fatal(Kind::NoReference, "there is nothing to merge into"));
    };
    if !how.unrelated && repository.merge_base(ours.id(), theirs.id()).is_err() {
        return Err(Failure::fatal(Kind::Invalid, "refusing to merge unrelated histories"));
    }
    let committer = context::committer(repository)?;
    let mut checkout = CheckoutBuilder::new();
    checkout
        .safe()
        .allow_conflicts(true)
        .conflict_style_merge(true)
        .our_label("HEAD")
        .their_label(called);
    let mut options = MergeOptions::new();
    options.find_renames(true);
    if let Some(favor) = how.favor {
        options.file_favor(favor);
    }
    let both = both_changed(repository, ours.id(), theirs.id());
    repository
        .merge(&[theirs], Some(&mut options), Some(&mut checkout))
        .map_err(|error| {
            let all = changed_paths(repository);
            let their_paths = theirs_changed(repository, ours.id(), theirs.id());
            let mut dirty: Vec<String> = all.iter().filter(|path| their_paths.contains(path)).cloned().collect();
            if dirty.is_empty() {
                dirty = all;
            }
            let _ = repository.cleanup_state();
            match error.code() {
                git2::ErrorCode::Conflict | git2::ErrorCode::Uncommitted | git2::ErrorCode::IndexDirty => {
                    let failure = checkout::overwritten(&dirty, false, "merge", "merge");
                    Failure {
                        message: format!("{}\nMerge with strategy ort failed.", failure.message),
                        code: 2,
                        ..failure
                    }
                }
                _ => error.into(),
            }
        })?;
    let into = context::branch(repository).filter(|branch| branch != "main" && branch != "master");
    let usual = format!(
        "Merge {}{}\n",
        title(repository, called),
        into.map_or_else(String::new, |into| format!(" into {into}"))
    );
    let message = how.message.map_or(usual, |message| format!("{}\n", message.trim_end()));
    let index = repository.index()?;
    if index.has_conflicts() {
        return Err(conflicts(repository, &message, called, &both)?);
    }
    for path in &both {
        crate::say!("Auto-merging {path}");
    }
    if how.squash {
        repository.cleanup_state()?;
        if !how.quiet {
            crate::say!("Squash commit -- not updating HEAD");
            crate::note!("Automatic merge went well; stopped before committing as requested");
        }
        return Ok(Merged::Made);
    }
    std::fs::write(repository.path().join("MERGE_MSG"), &message)?;
    if how.no_commit {
        if !how.quiet {
            crate::note!("Automatic merge went well; stopped before committing as requested");
        }
        return Ok(Merged::Made);
    }
    let id = commit::create(
        repository,
        &commit::Order {
            message: &message,
            author: context::author(repository)?,
            committer,
            allow_empty: true,
            tree: None,
            amend: false,
        },
    )?;
    if !how.quiet {
        crate::say!("Merge made by the 'ort' strategy.");
        let made = repository.find_commit(id)?.tree()?;
        diff::table(repository.diff_tree_to_tree(Some(&ours.tree()?), Some(&made), None)?)?;
    }
    Ok(Merged::Made)
}

fn title(repository: &Repository, called: &str) -> String {
    if repository.find_branch(called, git2::BranchType::Local).is_ok() {
        format!("branch '{called}'")
    } else if repository.find_branch(called, git2::BranchType::Remote).is_ok() {
        format!("remote-tracking branch '{called}'")
    } else if repository.find_reference(&format!("refs/tags/{called}")).is_ok() {
        format!("tag '{called}'")
    } else if called.contains(" of ") {
        called.to_owned()
    } else {
        format!("commit '{called}'")
    }
}

fn changed_paths(repository: &Repository) -> Vec<String> {
    use crate::commands::status::{Untracked, collect};
    collect(repository, Untracked::No, &[])
        .unwrap_or_default()
        .into_iter()
        .map(|entry| entry.path)
        .collect()
}

/// Paths that a commit changes against where the histories parted.
fn theirs_changed(repository: &Repository, ours: Oid, theirs: Oid) -> Vec<String> {
    let changed = |to: Oid| -> Option<Vec<String>> {
        let base = repository.find_commit(repository.merge_base(ours, theirs).ok()?).ok()?;
        let (from, to) = (base.tree().ok()?, repository.find_commit(to).ok()?.tree().ok()?);
        let diff = repository.diff_tree_to_tree(Some(&from), Some(&to), None).ok()?;
        Some(
            diff.deltas()
                .filter_map(|delta| {
                    delta
                        .new_file()
                        .path_bytes()
                        .map(|path| String::from_utf8_lossy(path).into_owned())
                })
                .collect(),
        )
    };
    changed(theirs).unwrap_or_default()
}

/// Files that both sides have changed, each in its way, and that are on both.
fn both_changed(repository: &Repository, ours: Oid, theirs: Oid) -> Vec<String> {
    let id = |commit: Oid, path: &str| {
        let tree = repository.find_commit(commit).ok()?.tree().ok()?;
        Some(tree.get_path(std::path::Path::new(path)).ok()?.id())
    };
    let mine = theirs_changed(repository, theirs, ours);
    theirs_changed(repository, ours, theirs)
        .into_iter()
        .filter(|path| mine.contains(path))
        .filter(|path| match (id(ours, path), id(theirs, path)) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        })
        .collect()
}

/// Tells what is left to the user.
fn conflicts(repository: &Repository, message: &str, called: &str, both: &[String]) -> Result<Failure, Failure> {
    let index = repository.index()?;
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut list = String::new();
    for conflict in index.conflicts()?.flatten() {
        let path = conflict
            .our
            .as_ref()
            .or(conflict.their.as_ref())
            .or(conflict.ancestor.as_ref())
            .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
            .unwrap_or_default();
        let kind = match (&conflict.ancestor, &conflict.our, &conflict.their) {
            (None, ..) => "add/add",
            (_, Some(_), Some(_)) => "content",
            _ => "modify/delete",
        };
        if kind == "modify/delete" {
            let (gone, kept) = if conflict.our.is_none() {
                ("HEAD", called)
            } else {
                (called, "HEAD")
            };
            texts.push((
                path.clone(),
                format!(
                    "CONFLICT ({kind}): {path} deleted in {gone} and modified in {kept}.  Version {kept} of {path} left in tree.\n"
                ),
            ));
        } else {
            texts.push((
                path.clone(),
                format!("Auto-merging {path}\nCONFLICT ({kind}): Merge conflict in {path}\n"),
            ));
        }
        list.push_str(&format!("#\t{path}\n"));
    }
    std::fs::write(
        repository.path().join("MERGE_MSG"),
        format!("{message}\n# Conflicts:\n{list}"),
    )?;
    for path in both {
        if !texts.iter().any(|(known, _)| known == path) {
            texts.push((path.clone(), format!("Auto-merging {path}\n")));
        }
    }
    texts.sort();
    for (_, text) in &texts {
        crate::out::text(text);
    }
    crate::out::line("Automatic merge failed; fix conflicts and then commit the result.");
    Ok(Failure::plain(Kind::Conflict, String::new()))
}

/// Ends a merge that has not been committed: everything is as before.
///
/// # Errors
/// There is none.
pub fn abort(repository: &Repository) -> Result<(), Failure> {
    if repository.state() != RepositoryState::Merge {
        return Err(Failure::fatal(
            Kind::Invalid,
            "There is no merge to abort (MERGE_HEAD missing).",
        ));
    }
    super::reset::to(repository, "HEAD", "hard")
}

/// Whose side `-X` takes.
fn favor(args: &Args) -> Result<Option<git2::FileFavor>, Failure> {
    match args.value("strategy-option") {
        None => Ok(None),
        Some("ours") => Ok(Some(git2::FileFavor::Ours)),
        Some("theirs") => Ok(Some(git2::FileFavor::Theirs)),
        Some(other) => Err(Failure::fatal(
            Kind::Invalid,
            format!("unknown strategy option: -X{other}; ours and theirs are there"),
        )),
    }
}

/// The command.
pub fn merge(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "ff",
            "ff-only",
            "no-ff",
            "no-commit",
            "squash",
            "message|m=",
            "abort",
            "continue",
            "quiet|q",
            "no-edit",
            "edit|e",
            "stat",
            "no-stat|n",
            "commit",
            "strategy-option|X=",
            "strategy|s=",
            "allow-unrelated-histories",
            "no-verify",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    if args.has("abort") {
        abort(&repository)?;
        return Ok(0);
    }
    if args.has("continue") {
        return commit::commit(Vec::new());
    }
    let [name] = args.words.as_slice() else {
        return Err(Failure::fatal(
            Kind::Invalid,
            if args.words.is_empty() {
                "No commit specified and merge.defaultToUpstream not set."
            } else {
                "this git merges one branch at a time"
            },
        ));
    };
    let theirs = context::commit(&repository, name)
        .map_err(|_| Failure::plain(Kind::NoReference, format!("merge: {name} - not something we can merge")))?
        .id();
    let how = How {
        only_fast_forward: args.has("ff-only"),
        no_fast_forward: args.has("no-ff"),
        no_commit: args.has("no-commit"),
        squash: args.has("squash"),
        message: args.value("message"),
        favor: favor(&args)?,
        rebase: false,
        unrelated: args.has("allow-unrelated-histories"),
        quiet: args.has("quiet"),
    };
    if bring_in(&repository, theirs, name, &how)? == Merged::UpToDate && !args.has("quiet") {
        crate::say!("Already up to date.");
    }
    Ok(0)
}
