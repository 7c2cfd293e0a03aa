//! `git remote`

use crate::args::Args;
use crate::failure::{Failure, Kind};
use crate::{context, out};
use git2::Repository;

/// Names and addresses, in order.
pub fn list(repository: &Repository) -> Result<Vec<(String, String)>, Failure> {
    let mut rows: Vec<(String, String)> = repository
        .remotes()?
        .iter()
        .flatten()
        .flatten()
        .map(|name| {
            let url = repository
                .find_remote(name)
                .ok()
                .and_then(|remote| remote.url().ok().map(str::to_owned));
            (name.to_owned(), url.unwrap_or_default())
        })
        .collect();
    rows.sort();
    Ok(rows)
}

/// Adds a remote; `overwrite` replaces the address of one that is there.
///
/// # Errors
/// There is one, or the name is none.
pub fn add(repository: &Repository, name: &str, url: &str, overwrite: bool) -> Result<(), Failure> {
    if !git2::Remote::is_valid_name(name) {
        return Err(Failure::fatal(
            Kind::Invalid,
            format!("'{name}' is not a valid remote name"),
        ));
    }
    if repository.find_remote(name).is_ok() {
        if overwrite {
            repository.remote_set_url(name, url)?;
            return Ok(());
        }
        return Err(Failure {
            kind: Kind::Exists,
            message: format!("error: remote {name} already exists."),
            code: 3,
        });
    }
    repository.remote(name, url)?;
    Ok(())
}

fn tracked(repository: &Repository, name: &str) -> Result<Vec<String>, Failure> {
    let mut names = super::branch::names(repository, git2::BranchType::Remote)?;
    names.retain(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')));
    Ok(names)
}

/// The command.
pub fn remote(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["verbose|v", "f", "push", "all"])?;
    let repository = context::repository()?;
    let none = |name: &str| Failure {
        kind: Kind::NoReference,
        message: format!("error: No such remote '{name}'"),
        code: 2,
    };
    let missing = |name: &str| Failure {
        message: format!("error: No such remote: '{name}'"),
        ..none(name)
    };
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {
            for (name, url) in list(&repository)? {
                if args.has("verbose") {
                    crate::say!("{name}\t{url} (fetch)\n{name}\t{url} (push)");
                } else {
                    out::line(&name);
                }
            }
        }
        ["add", name, url] => {
            add(&repository, name, url, false)?;
            if args.has("f") {
                return super::fetch::fetch(vec![(*name).to_owned()]);
            }
        }
        ["remove" | "rm", name] => repository.remote_delete(name).map_err(|_| missing(name))?,
        ["rename", old, new] => {
            repository.find_remote(old).map_err(|_| missing(old))?;
            repository.remote_rename(old, new)?;
        }
        ["set-url", name, url] => {
            repository.find_remote(name).map_err(|_| none(name))?;
            if args.has("push") {
                repository.remote_set_pushurl(name, Some(url))?;
            } else {
                repository.remote_set_url(name, url)?;
            }
        }
        ["get-url", name] => {
            let remote = repository.find_remote(name).map_err(|_| none(name))?;
            out::line(remote.url().unwrap_or_default());
        }
        ["show", name] => {
            let remote = repository.find_remote(name).map_err(|_| none(name))?;
            let url = remote.url().unwrap_or_default();
            crate::say!("* remote {name}\n  Fetch URL: {url}\n  Push  URL: {url}");
        }
        ["prune", name] => {
            let mut remote = repository.find_remote(name).map_err(|_| none(name))?;
            remote.connect(git2::Direction::Fetch)?;
            let url = remote.url().unwrap_or_default().to_owned();
            let before = tracked(&repository, name)?;
            remote.prune(None)?;
            let after = tracked(&repository, name)?;
            let gone: Vec<&String> = before.iter().filter(|known| !after.contains(known)).collect();
            if !gone.is_empty() {
                crate::say!("Pruning {name}\nURL: {url}");
            }
            for known in gone {
                crate::say!(" * [pruned] {known}");
            }
        }
        ["update", ..] => {
            for (name, _) in list(&repository)? {
                super::fetch::fetch(vec![name])?;
            }
        }
        _ => {
            return Err(Failure::usage(
                "usage: git remote [-v] [add <name> <url> | remove <name> | rename <old> <new> | set-url <name> <url> | \
                 get-url <name> | show <name> | prune <name>]",
            ));
        }
    }
    Ok(0)
}
