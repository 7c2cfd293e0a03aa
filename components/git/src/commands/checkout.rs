//! `git checkout`, `git switch` and `git restore`

use crate::args::Args;
use crate::commands::{branch, status};
use crate::failure::{Failure, Kind};
use crate::{context, pretty};
use git2::build::CheckoutBuilder;
use git2::{BranchType, CheckoutNotificationType, ErrorCode, Object, Repository};
use std::cell::RefCell;

/// Brings files to a tree; what has been changed here is kept, or stands in the way.
///
/// # Errors
/// Changes stand in the way.
pub fn to_tree(repository: &Repository, target: &Object<'_>, force: bool) -> Result<(), Failure> {
    let changed = RefCell::new(Vec::new());
    let untracked = RefCell::new(Vec::new());
    let result = {
        let mut options = CheckoutBuilder::new();
        if force {
            options.force();
        } else {
            options.safe();
        }
        options.notify_on(CheckoutNotificationType::CONFLICT);
        options.notify(|_, path, base, _, work| {
            let path = path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
            if base.is_none() && work.is_some() {
                untracked.borrow_mut().push(path);
            } else {
                changed.borrow_mut().push(path);
            }
            true
        });
        repository.checkout_tree(target, Some(&mut options))
    };
    result.map_err(|error| {
        if error.code() != ErrorCode::Conflict {
            return error.into();
        }
        let (changed, untracked) = (changed.into_inner(), untracked.into_inner());
        let (list, untracked) = if changed.is_empty() {
            (untracked, true)
        } else {
            (changed, false)
        };
        overwritten(&list, untracked, "checkout", "switch branches")
    })
}

/// Changes would be lost.
pub fn overwritten(paths: &[String], untracked: bool, by: &str, before: &str) -> Failure {
    let list: String = paths.iter().map(|path| format!("\t{path}\n")).collect();
    let message = if untracked {
        format!(
            "The following untracked working tree files would be overwritten by {by}:\n{list}\
             Please move or remove them before you {before}.\nAborting"
        )
    } else {
        format!(
            "Your local changes to the following files would be overwritten by {by}:\n{list}\
             Please commit your changes or stash them before you {before}.\nAborting"
        )
    };
    Failure::error(Kind::Dirty, message)
}

/// What a word to switch to turned out to be.
pub enum Went {
    /// The branch was already checked out.
    Already(String),
    /// To a branch.
    Branch(String),
    /// To a new branch that follows one of a remote.
    Following(String, String),
    /// To a commit that is no branch.
    Detached(String),
}

/// Switches to a branch or commit. A branch that only one remote has is made here.
///
/// # Errors
/// There is none of that name, or changes stand in the way.
pub fn switch_to(repository: &Repository, name: &str, force: bool, detach: bool) -> Result<Went, Failure> {
    let name = match name {
        "-" => previous(repository)?,
        other => other.to_owned(),
    };
    if !detach && let Ok(found) = repository.find_branch(&name, BranchType::Local) {
        let target = found.get().peel_to_commit()?;
        if context::branch(repository).as_deref() == Some(name.as_str()) {
            if force {
                to_tree(repository, target.as_object(), true)?;
            }
            // So that `-` leads here again, as with git; a log that cannot be written is no failure of the switch.
            if let (Ok(mut log), Ok(committer)) = (repository.reflog("HEAD"), context::committer(repository)) {
                let message = format!("checkout: moving from {name} to {name}");
                let _ = log
                    .append(target.id(), &committer, Some(&message))
                    .and_then(|()| log.write());
            }
            return Ok(Went::Already(name));
        }
        to_tree(repository, target.as_object(), force)?;
        repository.set_head(&format!("refs/heads/{name}"))?;
        return Ok(Went::Branch(name));
    }
    if let (false, Err(_)) = (detach, repository.revparse_single(&name)) {
        let suffix = format!("/{name}");
        let there: Vec<String> = branch::names(repository, BranchType::Remote)?
            .into_iter()
            .filter(|known| {
                known
                    .strip_suffix(&suffix)
                    .is_some_and(|remote| repository.find_remote(remote).is_ok())
            })
            .collect();
        if let [only] = there.as_slice() {
            let target = context::commit(repository, only)?;
            to_tree(repository, target.as_object(), force)?;
            branch::create(repository, &name, only, false)?;
            repository.set_head(&format!("refs/heads/{name}"))?;
            return Ok(Went::Following(name, only.clone()));
        }
        return Err(Failure::error(
            Kind::NoReference,
            format!("pathspec '{name}' did not match any file(s) known to git"),
        ));
    }
    let target = context::commit(repository, &name)?;
    to_tree(repository, target.as_object(), force)?;
    repository.set_head_detached(target.id())?;
    Ok(Went::Detached(name))
}

/// The branch before this one, as the log of HEAD tells.
fn previous(repository: &Repository) -> Result<String, Failure> {
    let log = repository.reflog("HEAD")?;
    log.iter()
        .filter_map(|entry| {
            let message = entry.message().ok().flatten()?.to_owned();
            let rest = message.strip_prefix("checkout: moving from ")?;
            Some(rest.split(" to ").next()?.to_owned())
        })
        .next()
        .ok_or_else(|| Failure::error(Kind::NoReference, "there is no branch before this one"))
}

fn tell(repository: &Repository, went: &Went, before: Option<git2::Commit<'_>>, was_detached: bool, advise: bool) {
    if was_detached
        && let Some(before) =
            before.filter(|before| context::head(repository).is_none_or(|now| now.id() != before.id()))
    {
        crate::note!(
            "Previous HEAD position was {} {}",
            context::short(before.as_object()),
            pretty::subject(&before)
        );
    }
    match went {
        Went::Already(name) => crate::note!("Already on '{name}'"),
        Went::Branch(name) => crate::note!("Switched to branch '{name}'"),
        Went::Following(name, there) => {
            crate::say!("branch '{name}' set up to track '{there}'.");
            crate::note!("Switched to a new branch '{name}'");
        }
        Went::Detached(name) => {
            if advise {
                crate::note!("Note: switching to '{name}'.\n\nYou are in 'detached HEAD' state.\n");
            }
            if let Some(head) = context::head(repository) {
                crate::note!(
                    "HEAD is now at {} {}",
                    context::short(head.as_object()),
                    pretty::subject(&head)
                );
            }
        }
    }
    if let Some(status::Following {
        name,
        apart: Some((ahead, behind)),
    }) = status::following(repository)
        && matches!(went, Went::Branch(_) | Went::Already(_))
    {
        match (ahead, behind) {
            (0, 0) => crate::say!("Your branch is up to date with '{name}'."),
            (_, 0) => crate::say!("Your branch is ahead of '{name}' by {ahead} commit(s)."),
            (0, _) => crate::say!("Your branch is behind '{name}' by {behind} commit(s), and can be fast-forwarded."),
            _ => crate::say!("Your branch and '{name}' have diverged."),
        }
    }
}

fn go(repository: &Repository, name: &str, args: &Args) -> Result<i32, Failure> {
    let before = context::head(repository);
    let was_detached = context::branch(repository).is_none();
    let went = switch_to(repository, name, args.has("force"), args.has("detach"))?;
    if !args.has("quiet") {
        tell(repository, &went, before, was_detached, !args.has("detach"));
        local_changes(repository)?;
    }
    Ok(0)
}

fn create(repository: &Repository, name: &str, at: Option<&str>, args: &Args, force: bool) -> Result<i32, Failure> {
    let existed = repository.find_branch(name, BranchType::Local).is_ok();
    let current = context::branch(repository).as_deref() == Some(name);
    match (at, context::head(repository)) {
        // Before the first commit a branch is only a name.
        (None, None) => repository.set_head(&format!("refs/heads/{name}"))?,
        (at, _) => {
            let at = at.unwrap_or("HEAD");
            let target = context::commit(repository, at)?;
            if !force && repository.find_branch(name, BranchType::Local).is_ok() {
                return Err(Failure::fatal(
                    Kind::Exists,
                    format!("a branch named '{name}' already exists"),
                ));
            }
            to_tree(repository, target.as_object(), args.has("force"))?;
            if context::branch(repository).as_deref() == Some(name) {
                repository.reference(&format!("refs/heads/{name}"), target.id(), true, "checkout")?;
            } else {
                branch::create(repository, name, at, force)?;
                repository.set_head(&format!("refs/heads/{name}"))?;
            }
        }
    }
    if !args.has("quiet") {
        match (existed, current) {
            (true, true) => crate::note!("Reset branch '{name}'"),
            (true, false) => crate::note!("Switched to and reset branch '{name}'"),
            _ => crate::note!("Switched to a new branch '{name}'"),
        }
        local_changes(repository)?;
    }
    Ok(0)
}

/// Lists what is not as committed.
fn local_changes(repository: &Repository) -> Result<(), Failure> {
    for entry in status::collect(repository, status::Untracked::No, &[])? {
        let letter = if entry.staged == ' ' {
            entry.unstaged
        } else {
            entry.staged
        };
        crate::say!("{letter}\t{}", entry.path);
    }
    Ok(())
}

/// `git checkout`
pub fn checkout(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "b=",
            "B=",
            "force|f",
            "quiet|q",
            "detach|d",
            "track|t=?",
            "orphan=",
            "ours",
            "theirs",
            "no-track",
            "progress",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    for (option, force) in [("b", false), ("B", true)] {
        if let Some(name) = args.value(option) {
            return create(&repository, name, args.words.first().map(String::as_str), &args, force);
        }
    }
    if let Some(name) = args.value("orphan") {
        repository.set_head(&format!("refs/heads/{name}"))?;
        if !args.has("quiet") {
            crate::note!("Switched to a new branch '{name}'");
        }
        return Ok(0);
    }
    if let Some(paths) = &args.paths
        && !paths.is_empty()
    {
        return files(
            &repository,
            args.words.first().map(String::as_str),
            paths,
            true,
            true,
            true,
            &args,
        );
    }
    match args.words.as_slice() {
        [] => {
            local_changes(&repository)?;
            Ok(0)
        }
        [word] => {
            let is_path = std::fs::symlink_metadata(word).is_ok() || in_index(&repository, word);
            if word != "-" && is_path && repository.revparse_single(word).is_err() {
                return files(&repository, None, &args.words, true, true, true, &args);
            }
            go(&repository, word, &args)
        }
        [revision, paths @ ..] if repository.revparse_single(revision).is_ok() => {
            files(&repository, Some(revision), paths, true, true, true, &args)
        }
        paths => files(&repository, None, paths, true, true, true, &args),
    }
}

fn in_index(repository: &Repository, word: &str) -> bool {
    let Ok(path) = context::in_tree(repository, word) else {
        return false;
    };
    repository
        .index()
        .is_ok_and(|index| index.get_path(std::path::Path::new(&path), 0).is_some())
}

/// `git switch`
pub fn switch(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "create|c=",
            "force-create|C=",
            "force|f|discard-changes",
            "quiet|q",
            "detach|d",
            "track|t=?",
            "orphan=",
            "no-track",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    for (option, force) in [("create", false), ("force-create", true)] {
        if let Some(name) = args.value(option) {
            return create(&repository, name, args.words.first().map(String::as_str), &args, force);
        }
    }
    let Some(name) = args.words.first() else {
        return Err(Failure::fatal(Kind::Invalid, "missing branch or commit argument"));
    };
    let is_branch = name == "-" || repository.find_branch(name, BranchType::Local).is_ok();
    if !is_branch && !args.has("detach") {
        if repository.revparse_single(name).is_ok() {
            let kind = if repository.find_reference(&format!("refs/tags/{name}")).is_ok() {
                "tag"
            } else if repository.find_branch(name, BranchType::Remote).is_ok() {
                "remote branch"
            } else {
                "commit"
            };
            return Err(Failure::fatal(
                Kind::Invalid,
                format!(
                    "a branch is expected, got {kind} '{name}'\n\
                     hint: If you want to detach HEAD at the commit, try again with the --detach option."
                ),
            ));
        }
        return go(&repository, name, &args).map_err(|failure| match failure.kind {
            Kind::NoReference => Failure::fatal(Kind::NoReference, format!("invalid reference: {name}")),
            _ => failure,
        });
    }
    go(&repository, name, &args)
}

/// `git restore`
pub fn restore(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "staged|S",
            "worktree|W",
            "source|s=",
            "quiet|q",
            "ours",
            "theirs",
            "recurse-submodules",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    let paths = args.all();
    if paths.is_empty() {
        return Err(Failure::fatal(Kind::Invalid, "you must specify path(s) to restore"));
    }
    let staged = args.has("staged");
    files(
        &repository,
        args.value("source"),
        &paths,
        staged,
        args.has("worktree") || !staged,
        false,
        &args,
    )
}

fn files(
    repository: &Repository,
    source: Option<&str>,
    named: &[String],
    staged: bool,
    work: bool,
    tells: bool,
    args: &Args,
) -> Result<i32, Failure> {
    let paths = context::all_in_tree(repository, named)?;
    // `git checkout FILE` takes files out of the index and leaves that as it is.
    let staged = staged && (source.is_some() || args.has("staged"));
    let side = match (args.has("ours"), args.has("theirs")) {
        (true, _) => Some(2),
        (_, true) => Some(3),
        _ => None,
    };
    let count = match side {
        Some(stage) => one_side(repository, &paths, stage)?,
        None => {
            let specs: Vec<String> = paths.iter().filter(|path| !path.is_empty()).cloned().collect();
            let mut options = git2::DiffOptions::new();
            for spec in &specs {
                options.pathspec(spec);
            }
            let count = repository
                .diff_index_to_workdir(None, Some(&mut options))?
                .deltas()
                .len();
            put_back(repository, source, &paths, staged, work)?;
            count
        }
    };
    if tells && !args.has("quiet") && source.is_none() {
        crate::note!(
            "Updated {count} path{} from the index",
            if count == 1 { "" } else { "s" }
        );
    }
    Ok(0)
}

/// Puts one side of conflicts into the work tree; the conflicts stay. Gives how many files there were.
fn one_side(repository: &Repository, paths: &[String], stage: i32) -> Result<usize, Failure> {
    let tree = context::work_tree(repository)?.to_path_buf();
    let index = repository.index()?;
    let mut names: Vec<String> = index
        .iter()
        .filter(|entry| (entry.flags >> 12) & 3 != 0)
        .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
        .filter(|name| {
            paths.iter().any(|path| {
                path.is_empty()
                    || name == path
                    || name
                        .strip_prefix(path.as_str())
                        .is_some_and(|rest| rest.starts_with('/'))
            })
        })
        .collect();
    names.dedup();
    if names.is_empty() {
        return Err(Failure::error(
            Kind::NoReference,
            format!("path '{}' has no conflict to take a side of", paths.join(" ")),
        ));
    }
    for name in &names {
        let Some(entry) = index.get_path(std::path::Path::new(name), stage) else {
            let side = if stage == 2 { "our" } else { "their" };
            return Err(Failure::error(
                Kind::NoReference,
                format!("path '{name}' does not have {side} version"),
            ));
        };
        std::fs::write(tree.join(name), repository.find_blob(entry.id)?.content())?;
    }
    Ok(names.len())
}

/// Brings files back: into the index from a revision (HEAD if none is named), into the work tree from there or from the
/// index. Paths are from the top of the work tree, empty for all.
///
/// # Errors
/// A path or the revision names nothing.
pub fn put_back(
    repository: &Repository,
    source: Option<&str>,
    paths: &[String],
    staged: bool,
    work: bool,
) -> Result<(), Failure> {
    let tree = match (source, staged) {
        (Some(name), _) => Some(context::object(repository, name)?.peel_to_tree()?),
        (None, true) => context::head(repository).map(|head| head.tree()).transpose()?,
        (None, false) => None,
    };
    let index = repository.index()?;
    for path in paths.iter().filter(|path| !path.is_empty() && !path.contains('*')) {
        let inside = format!("{path}/");
        let in_index = index
            .iter()
            .any(|entry| entry.path == path.as_bytes() || entry.path.starts_with(inside.as_bytes()));
        let in_tree = tree
            .as_ref()
            .is_some_and(|tree| tree.get_path(std::path::Path::new(path)).is_ok());
        if !(in_tree || in_index && (staged || source.is_none())) {
            return Err(Failure::error(
                Kind::NoReference,
                format!("pathspec '{path}' did not match any file(s) known to git"),
            ));
        }
    }
    let specs: Vec<&str> = paths
        .iter()
        .map(|path| if path.is_empty() { "*" } else { path.as_str() })
        .collect();
    if staged {
        match context::head(repository) {
            Some(head) => {
                let target = match source {
                    Some(name) => context::commit(repository, name)?,
                    None => head,
                };
                repository.reset_default(Some(target.as_object()), &specs)?;
            }
            None => repository.reset_default(None, &specs)?,
        }
    }
    if work {
        let mut options = CheckoutBuilder::new();
        options.force().update_index(staged || source.is_none());
        for spec in &specs {
            options.path(*spec);
        }
        match tree.filter(|_| source.is_some()) {
            Some(tree) => repository.checkout_tree(tree.as_object(), Some(&mut options))?,
            None => repository.checkout_index(None, Some(&mut options))?,
        }
    }
    Ok(())
}
