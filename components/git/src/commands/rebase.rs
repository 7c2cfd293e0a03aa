//! `git rebase`, without an editor: commits of the branch once more, on top of another.

use crate::args::Args;
use crate::commands::{checkout, pick, reset, stash, status};
use crate::failure::{Failure, Kind};
use crate::{context, pretty, remotes};
use git2::build::CheckoutBuilder;
use git2::{Oid, Rebase, RebaseOptions, Repository, RepositoryState};

/// Whether a rebase has stopped and waits.
pub fn is_going_on(repository: &Repository) -> bool {
    matches!(
        repository.state(),
        RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge
    )
}

fn options<'a>() -> RebaseOptions<'a> {
    let mut checkout = CheckoutBuilder::new();
    checkout.safe().allow_conflicts(true).conflict_style_merge(true);
    let mut options = RebaseOptions::new();
    options.checkout_options(checkout);
    options
}

/// Carries out what is left. Stops at a conflict.
fn run(repository: &Repository, rebase: &mut Rebase<'_>, quiet: bool) -> Result<(), Failure> {
    let committer = context::committer(repository)?;
    while let Some(operation) = rebase.next() {
        let id = operation?.id();
        if repository.index()?.has_conflicts() {
            pick::tell_conflicts(repository)?;
            let commit = repository.find_commit(id)?;
            return Err(Failure {
                kind: Kind::Conflict,
                message: format!(
                    "error: could not apply {}... {}\n\
                     hint: Resolve all conflicts manually, mark them as resolved with\n\
                     hint: \"git add/rm <conflicted_files>\", then run \"git rebase --continue\".\n\
                     hint: You can instead skip this commit: run \"git rebase --skip\".\n\
                     hint: To abort and get back to the state before \"git rebase\", run \"git rebase --abort\".",
                    context::short(commit.as_object()),
                    pretty::subject(&commit)
                ),
                code: 1,
            });
        }
        record(rebase, &committer)?;
    }
    let branch = rebase.orig_head_name().ok().flatten().map(str::to_owned);
    rebase.finish(None)?;
    if !quiet {
        crate::note!(
            "Successfully rebased and updated {}.",
            branch.as_deref().unwrap_or("HEAD")
        );
    }
    Ok(())
}

/// One commit; what changes nothing any more is left out.
fn record(rebase: &mut Rebase<'_>, committer: &git2::Signature<'_>) -> Result<(), Failure> {
    match rebase.commit(None, committer, None) {
        Ok(_) => Ok(()),
        Err(error) if error.code() == git2::ErrorCode::Applied => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Puts the branch checked out on top of `onto`, from where it parted from `upstream`.
///
/// # Errors
/// There are local changes; a commit meets a conflict.
pub fn onto(repository: &Repository, upstream: Oid, onto: Oid, quiet: bool) -> Result<(), Failure> {
    let Some(head) = context::head(repository) else {
        return Err(Failure::fatal(Kind::NoReference, "there is nothing to rebase yet"));
    };
    let dirty = status::collect(repository, status::Untracked::No, &[])?;
    if !dirty.is_empty() {
        let what = if dirty.iter().any(|entry| entry.unstaged != ' ') {
            "You have unstaged changes."
        } else {
            "Your index contains uncommitted changes."
        };
        return Err(Failure::error(
            Kind::Dirty,
            format!("cannot rebase: {what}\nerror: Please commit or stash them."),
        ));
    }
    let base = repository.merge_base(head.id(), upstream).ok();
    if base == Some(onto) && upstream == onto {
        if !quiet {
            match context::branch(repository) {
                Some(branch) => crate::say!("Current branch {branch} is up to date."),
                None => crate::say!("HEAD is up to date."),
            }
        }
        return Ok(());
    }
    if base == Some(head.id()) {
        // Nothing of its own: the branch only moves.
        let target = repository.find_commit(onto)?;
        checkout::to_tree(repository, target.as_object(), false)?;
        let branch = context::branch(repository);
        match &branch {
            Some(branch) => {
                repository.reference(&format!("refs/heads/{branch}"), onto, true, "rebase: fast-forward")?;
            }
            None => repository.set_head_detached(onto)?,
        }
        if !quiet {
            let name = branch.map_or_else(|| "HEAD".into(), |branch| format!("refs/heads/{branch}"));
            crate::note!("Successfully rebased and updated {name}.");
        }
        return Ok(());
    }
    let (upstream, onto) = (
        repository.find_annotated_commit(upstream)?,
        repository.find_annotated_commit(onto)?,
    );
    let mut options = options();
    let mut rebase = repository.rebase(None, Some(&upstream), Some(&onto), Some(&mut options))?;
    run(repository, &mut rebase, quiet)
}

/// The command.
pub fn rebase(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "onto=",
            "continue",
            "abort",
            "skip",
            "quit",
            "interactive|i",
            "quiet|q",
            "verbose|v",
            "autostash",
            "no-autostash",
            "fork-point",
            "no-fork-point",
            "no-stat|n",
            "stat",
            "no-verify",
            "no-gpg-sign",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    let quiet = args.has("quiet");
    if args.has("interactive") {
        return Err(Failure::fatal(
            Kind::Invalid,
            "--interactive needs an editor, and there is none here; use `git rebase <upstream>`, `git reset` or `git commit --amend`",
        ));
    }
    if ["continue", "abort", "skip", "quit"].iter().any(|verb| args.has(verb)) {
        if !is_going_on(&repository) {
            return Err(Failure::fatal(Kind::Invalid, "no rebase in progress"));
        }
        if args.has("quit") {
            repository.cleanup_state()?;
            return Ok(0);
        }
        let mut options = options();
        let mut rebase = repository.open_rebase(Some(&mut options))?;
        if args.has("abort") {
            rebase.abort()?;
            return Ok(0);
        }
        if args.has("skip") {
            reset::to(&repository, "HEAD", "hard")?;
        } else if repository.index()?.has_conflicts() {
            return Err(Failure::plain(
                Kind::Conflict,
                "error: Committing is not possible because you have unmerged files.\n\
                 hint: Fix them up in the work tree, and then use 'git add/rm <file>'\n\
                 hint: as appropriate to mark resolution, and `git rebase --continue`.",
            ));
        } else {
            record(&mut rebase, &context::committer(&repository)?)?;
        }
        run(&repository, &mut rebase, quiet)?;
        return Ok(0);
    }
    if is_going_on(&repository) {
        return Err(Failure::fatal(
            Kind::Conflict,
            "It seems that there is already a rebase; use --continue, --skip or --abort.",
        ));
    }
    if let Some(branch) = args.words.get(1) {
        checkout::switch_to(&repository, branch, false, false)?;
    }
    let named = match args.words.first() {
        Some(name) => name.clone(),
        None => {
            let branch = context::branch(&repository).unwrap_or_default();
            let there = remotes::upstream(&repository, &branch).ok_or_else(|| {
                Failure::plain(
                    Kind::NoReference,
                    "There is no tracking information for the current branch.\n\
                     Please specify which branch you want to rebase against.",
                )
            })?;
            format!("{}/{there}", remotes::default_remote(&repository))
        }
    };
    let upstream = context::commit(&repository, &named)
        .map_err(|_| Failure::fatal(Kind::NoReference, format!("invalid upstream '{named}'")))?
        .id();
    let target = match args.value("onto") {
        Some(name) => context::commit(&repository, name)?.id(),
        None => upstream,
    };
    let stashed = args.has("autostash") && !status::collect(&repository, status::Untracked::No, &[])?.is_empty();
    if stashed {
        stash::stash(vec!["push".into(), "-q".into()])?;
    }
    let done = onto(&repository, upstream, target, quiet);
    if stashed && done.is_ok() {
        stash::stash(vec!["pop".into(), "-q".into()])?;
    } else if stashed {
        crate::note!("Your changes are in the stash: `git stash pop` brings them back after the rebase.");
    }
    done.map(|()| 0)
}
