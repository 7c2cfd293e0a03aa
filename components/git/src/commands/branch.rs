//! `git branch`

use crate::args::Args;
use crate::commands::status;
use crate::failure::{Failure, Kind};
use crate::{context, out, pretty, remotes};
use git2::{Branch, BranchType, Repository};

/// Makes a branch at a revision.
///
/// # Errors
/// The name is none or taken, or the revision names nothing.
pub fn create(repository: &Repository, name: &str, at: &str, force: bool) -> Result<(), Failure> {
    if !Branch::name_is_valid(name).unwrap_or(false) {
        return Err(Failure::fatal(
            Kind::Invalid,
            format!("'{name}' is not a valid branch name"),
        ));
    }
    let commit = context::commit(repository, at).map_err(|failure| {
        // Before the first commit HEAD is only a name.
        let named = context::branch(repository).filter(|_| at == "HEAD");
        let named = named.as_deref().unwrap_or(at);
        Failure::fatal(failure.kind, format!("not a valid object name: '{named}'"))
    })?;
    if !force && repository.find_branch(name, BranchType::Local).is_ok() {
        return Err(Failure::fatal(
            Kind::Exists,
            format!("a branch named '{name}' already exists"),
        ));
    }
    repository.branch(name, &commit, force)?;
    let remote = at
        .split_once('/')
        .filter(|_| repository.find_branch(at, BranchType::Remote).is_ok());
    if let Some((remote, there)) = remote {
        remotes::set_upstream(repository, name, remote, there)?;
    }
    Ok(())
}

/// Deletes a branch; `force` even if what is on it is nowhere else.
///
/// # Errors
/// There is none, it is checked out, or not merged.
pub fn delete(repository: &Repository, name: &str, force: bool) -> Result<String, Failure> {
    let mut branch = repository
        .find_branch(name, BranchType::Local)
        .map_err(|_| Failure::error(Kind::NoReference, format!("branch '{name}' not found")))?;
    if branch.is_head() {
        let place = repository.workdir().unwrap_or(repository.path());
        return Err(Failure::error(
            Kind::Invalid,
            format!(
                "cannot delete branch '{name}' used by worktree at '{}'",
                place.display().to_string().trim_end_matches('/')
            ),
        ));
    }
    let commit = branch.get().peel_to_commit()?;
    let merged = context::head(repository).is_none_or(|head| {
        head.id() == commit.id() || repository.graph_descendant_of(head.id(), commit.id()).unwrap_or(false)
    });
    if !merged && !force {
        return Err(Failure::error(
            Kind::Invalid,
            format!(
                "the branch '{name}' is not fully merged\n\
                 hint: If you are sure you want to delete it, run 'git branch -D {name}'"
            ),
        ));
    }
    branch.delete()?;
    Ok(context::short(commit.as_object()))
}

/// The names of local branches, in order.
pub fn names(repository: &Repository, kind: BranchType) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = repository
        .branches(Some(kind))?
        .flatten()
        .filter_map(|(branch, _)| {
            branch
                .name_bytes()
                .ok()
                .map(|name| String::from_utf8_lossy(name).into_owned())
        })
        .collect();
    names.sort();
    Ok(names)
}

/// The command.
pub fn branch(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "all|a",
            "remotes|r",
            "list|l",
            "delete|d",
            "D",
            "move|m",
            "M",
            "copy|c",
            "C",
            "sort=",
            "no-merged=+",
            "points-at=",
            "ignore-case|i",
            "force|f",
            "verbose|v",
            "vv",
            "show-current",
            "set-upstream-to|u=",
            "unset-upstream",
            "track|t=?",
            "no-track",
            "format=",
            "contains=+",
            "merged=+",
            "no-contains=",
            "abbrev=?",
            "column=?",
            "color=?",
            "quiet|q",
            "no-color",
        ],
    )?;
    let repository = context::repository()?;
    if args.has("show-current") {
        if let Some(branch) = context::branch(&repository) {
            out::line(&branch);
        }
        return Ok(0);
    }
    if args.has("delete") || args.has("D") {
        if args.words.is_empty() {
            return Err(Failure::fatal(Kind::Invalid, "branch name required"));
        }
        for name in &args.words {
            let was = delete(&repository, name, args.has("D") || args.has("force"))?;
            if !args.has("quiet") {
                crate::say!("Deleted branch {name} (was {was}).");
            }
        }
        return Ok(0);
    }
    if args.has("copy") || args.has("C") {
        let (old, new) = match args.words.as_slice() {
            [new] => (own(&repository, None)?, new.clone()),
            [old, new] => (old.clone(), new.clone()),
            _ => return Err(Failure::fatal(Kind::Invalid, "branch name required")),
        };
        repository
            .find_branch(&old, BranchType::Local)
            .map_err(|_| Failure::fatal(Kind::NoReference, format!("no branch named '{old}'")))?;
        create(&repository, &new, &old, args.has("C") || args.has("force"))?;
        return Ok(0);
    }
    if args.has("move") || args.has("M") {
        return rename(&repository, &args);
    }
    if let Some(upstream) = args.value("set-upstream-to") {
        let name = own(&repository, args.words.first())?;
        let Some((remote, there)) = upstream
            .split_once('/')
            .filter(|_| repository.find_branch(upstream, BranchType::Remote).is_ok())
        else {
            return Err(Failure::fatal(
                Kind::NoReference,
                format!("the requested upstream branch '{upstream}' does not exist"),
            ));
        };
        remotes::set_upstream(&repository, &name, remote, there)?;
        crate::say!("branch '{name}' set up to track '{upstream}'.");
        return Ok(0);
    }
    if args.has("unset-upstream") {
        let name = own(&repository, args.words.first())?;
        repository.find_branch(&name, BranchType::Local)?.set_upstream(None)?;
        return Ok(0);
    }
    let listing = [
        "all",
        "remotes",
        "list",
        "contains",
        "merged",
        "no-merged",
        "points-at",
        "format",
        "sort",
    ]
    .iter()
    .any(|name| args.has(name));
    if listing || args.words.is_empty() {
        return list(&repository, &args);
    }
    let at = args.words.get(1).map_or("HEAD", String::as_str);
    create(&repository, &args.words[0], at, args.has("force"))?;
    Ok(0)
}

fn own(repository: &Repository, named: Option<&String>) -> Result<String, Failure> {
    named
        .cloned()
        .or_else(|| context::branch(repository))
        .ok_or_else(|| Failure::fatal(Kind::Invalid, "HEAD points at no branch; name one"))
}

fn rename(repository: &Repository, args: &Args) -> Result<i32, Failure> {
    let (old, new) = match args.words.as_slice() {
        [new] => (own(repository, None)?, new.clone()),
        [old, new] => (old.clone(), new.clone()),
        _ => return Err(Failure::fatal(Kind::Invalid, "branch name required")),
    };
    let force = args.has("M") || args.has("force");
    if let Ok(mut branch) = repository.find_branch(&old, BranchType::Local) {
        branch.rename(&new, force).map_err(|error| match error.code() {
            git2::ErrorCode::Exists => Failure::fatal(Kind::Exists, format!("a branch named '{new}' already exists")),
            _ => error.into(),
        })?;
    } else if context::branch(repository).as_deref() == Some(old.as_str()) {
        // Not born yet.
        repository.set_head(&format!("refs/heads/{new}"))?;
    } else {
        return Err(Failure::fatal(Kind::NoReference, format!("no branch named '{old}'")));
    }
    Ok(0)
}

fn list(repository: &Repository, args: &Args) -> Result<i32, Failure> {
    let current = context::branch(repository);
    let chosen = super::refs::Chosen::of(repository, args)?;
    let mut rows: Vec<(String, String)> = Vec::new();
    if !args.has("remotes") {
        rows.extend(
            names(repository, BranchType::Local)?
                .into_iter()
                .map(|name| (name.clone(), format!("refs/heads/{name}"))),
        );
    }
    if args.has("remotes") || args.has("all") {
        let prefix = if args.has("all") { "remotes/" } else { "" };
        rows.extend(
            names(repository, BranchType::Remote)?
                .into_iter()
                .map(|name| (format!("{prefix}{name}"), format!("refs/remotes/{name}"))),
        );
    }
    if context::branch(repository).is_none() && context::head(repository).is_some() && !args.has("remotes") {
        let head = context::head(repository).map_or_else(String::new, |head| context::short(head.as_object()));
        if !args.has("format") {
            crate::say!("* (HEAD detached at {head})");
        }
    }
    if args.has("sort") {
        let order = super::refs::ordered(
            repository,
            rows.iter().map(|(_, full)| full.clone()).collect(),
            &args.values("sort"),
        )?;
        rows.sort_by_key(|(_, full)| order.iter().position(|known| known == full));
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, full) in rows {
        let reference = repository.find_reference(&full)?;
        let Ok(commit) = reference.peel_to_commit() else {
            continue;
        };
        if !chosen.fits(repository, &full) {
            continue;
        }
        if !args.words.is_empty() && !args.words.iter().any(|word| matches(word, &name)) {
            continue;
        }
        if let Some(format) = args.value("format") {
            out::line(&super::refs::expand(repository, &full, format)?);
            continue;
        }
        let is_current = full.starts_with("refs/heads/") && current.as_deref() == Some(name.as_str());
        let mark = if is_current { '*' } else { ' ' };
        let leads = reference
            .symbolic_target()
            .ok()
            .flatten()
            .map(|target| format!(" -> {}", remotes::shorten(target)));
        if args.has("verbose") {
            let far = full
                .strip_prefix("refs/heads/")
                .and_then(|name| status::following_of(repository, name));
            let far = match far.map(|following| (following.name, following.apart)) {
                Some((name, apart)) if args.values("verbose").len() > 1 => match apart {
                    None => format!("[{name}: gone] "),
                    Some((0, 0)) => format!("[{name}] "),
                    Some((ahead, 0)) => format!("[{name}: ahead {ahead}] "),
                    Some((0, behind)) => format!("[{name}: behind {behind}] "),
                    Some((ahead, behind)) => format!("[{name}: ahead {ahead}, behind {behind}] "),
                },
                Some((_, Some((ahead, 0)))) if ahead > 0 => format!("[ahead {ahead}] "),
                Some((_, Some((0, behind)))) if behind > 0 => format!("[behind {behind}] "),
                Some((_, Some((ahead, behind)))) if ahead > 0 => format!("[ahead {ahead}, behind {behind}] "),
                _ => String::new(),
            };
            crate::say!(
                "{mark} {name:<width$} {} {far}{}",
                context::short(commit.as_object()),
                pretty::subject(&commit)
            );
        } else {
            crate::say!("{mark} {name}{}", leads.unwrap_or_default());
        }
    }
    Ok(0)
}

/// Whether a name fits a pattern with `*`.
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name
            .strip_prefix(start)
            .is_some_and(|tail| (0..=tail.len()).any(|at| tail.is_char_boundary(at) && matches(rest, &tail[at..]))),
    }
}
