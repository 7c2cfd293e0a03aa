//! `git reset`

use crate::args::Args;
use crate::commands::status;
use crate::failure::{Failure, Kind};
use crate::{context, pretty};
use git2::{Repository, ResetType};

/// Sets the branch to a commit; the mode says what becomes of index and files.
///
/// # Errors
/// The revision or the mode is unknown.
pub fn to(repository: &Repository, target: &str, mode: &str) -> Result<(), Failure> {
    let kind = match mode {
        "soft" => ResetType::Soft,
        "" | "mixed" => ResetType::Mixed,
        "hard" => ResetType::Hard,
        other => {
            return Err(Failure::fatal(
                Kind::Invalid,
                format!("mode '{other}' is unknown; soft, mixed and hard are there"),
            ));
        }
    };
    let commit = context::commit(repository, target)?;
    if kind != ResetType::Soft && repository.is_bare() {
        return Err(Failure::fatal(
            Kind::Invalid,
            "reset is not possible in a bare repository",
        ));
    }
    repository.reset(commit.as_object(), kind, None)?;
    relog(repository, &format!("reset: moving to {target}"));
    if kind == ResetType::Hard && !super::rebase::is_going_on(repository) {
        repository.cleanup_state()?;
    }
    Ok(())
}

/// Says in the log of HEAD what was asked for, where libgit2 says only a hash.
fn relog(repository: &Repository, message: &str) {
    let rewrite = || -> Result<(), git2::Error> {
        let mut log = repository.reflog("HEAD")?;
        let Some((id, committer)) = log.get(0).map(|entry| (entry.id_new(), entry.committer().to_owned())) else {
            return Ok(());
        };
        if log
            .get(0)
            .and_then(|entry| entry.message_bytes().map(|text| text.starts_with(b"reset: ")))
            .unwrap_or(false)
        {
            log.remove(0, false)?;
            log.append(id, &committer, Some(message))?;
            log.write()?;
        }
        Ok(())
    };
    // The log is an aid; a reset that was done is not undone for it.
    let _ = rewrite();
}

/// Takes paths out of what is to be committed.
///
/// # Errors
/// The revision is unknown.
pub fn paths(repository: &Repository, target: &str, paths: &[String]) -> Result<(), Failure> {
    let commit = match context::head(repository) {
        None if target == "HEAD" => None,
        _ => Some(context::commit(repository, target)?),
    };
    let specs: Vec<&str> = paths
        .iter()
        .map(|path| if path.is_empty() { "*" } else { path.as_str() })
        .collect();
    repository.reset_default(commit.as_ref().map(git2::Commit::as_object), &specs)?;
    Ok(())
}

/// The command.
pub fn reset(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["soft", "mixed", "hard", "quiet|q", "keep", "merge"])?;
    if args.has("keep") || args.has("merge") {
        return Err(Failure::usage(
            "--keep and --merge are not supported here; use --soft, --mixed or --hard",
        ));
    }
    let repository = context::repository()?;
    let mode = ["soft", "mixed", "hard"].into_iter().find(|mode| args.has(mode));
    let mut words = args.words.clone();
    let target = match words.first() {
        Some(first)
            if repository
                .revparse_single(if first == "@" { "HEAD" } else { first })
                .is_ok() =>
        {
            words.remove(0)
        }
        Some(first) if args.paths.is_none() && std::fs::symlink_metadata(first).is_err() && words.len() == 1 => {
            context::object(&repository, first)?;
            words.remove(0)
        }
        _ => "HEAD".to_owned(),
    };
    words.extend(args.paths.iter().flatten().cloned());
    if words.is_empty() {
        if context::head(&repository).is_none() && target == "HEAD" {
            repository.index()?.clear()?;
            let mut index = repository.index()?;
            index.clear()?;
            index.write()?;
            return Ok(0);
        }
        to(&repository, &target, mode.unwrap_or_default())?;
        if mode == Some("hard")
            && !args.has("quiet")
            && let Some(head) = context::head(&repository)
        {
            crate::say!(
                "HEAD is now at {} {}",
                context::short(head.as_object()),
                pretty::subject(&head)
            );
        }
    } else {
        if let Some(mode) = mode.filter(|mode| *mode != "mixed") {
            return Err(Failure::fatal(
                Kind::Invalid,
                format!("Cannot do {mode} reset with paths."),
            ));
        }
        paths(&repository, &target, &context::all_in_tree(&repository, &words)?)?;
    }
    if mode.is_none_or(|mode| mode == "mixed") && !args.has("quiet") {
        let changed = status::collect(&repository, status::Untracked::No, &[])?;
        let mut first = true;
        for entry in changed.iter().filter(|entry| entry.unstaged != ' ') {
            if std::mem::take(&mut first) {
                crate::say!("Unstaged changes after reset:");
            }
            crate::say!("{}\t{}", entry.unstaged, entry.path);
        }
    }
    Ok(0)
}
