//! `git push`

use crate::args::Args;
use crate::context;
use crate::failure::{Failure, Kind};
use crate::remotes::{self, Sent};
use git2::Repository;

/// What is pushed if nothing is named: the branch checked out, to the one it follows.
///
/// # Errors
/// There is no branch, or it follows none and `name` is not set.
pub fn usual(repository: &Repository, remote: &str, set_upstream: bool, force: bool) -> Result<Sent, Failure> {
    let Some(branch) = context::branch(repository) else {
        return Err(Failure::fatal(
            Kind::Invalid,
            "You are not currently on a branch.\nTo push the history leading to the current (detached HEAD)\n\
             state now, use\n\n    git push origin HEAD:<name-of-remote-branch>\n",
        ));
    };
    let configured = repository.config()?.get_string("push.default").unwrap_or_default();
    let auto = repository.config()?.get_bool("push.autoSetupRemote").unwrap_or(false);
    match remotes::upstream(repository, &branch) {
        Some(there) => remotes::refspec(repository, &format!("refs/heads/{branch}:refs/heads/{there}"), force),
        None if set_upstream || auto || configured == "current" => {
            remotes::refspec(repository, &format!("refs/heads/{branch}"), force)
        }
        None => Err(Failure::fatal(
            Kind::Invalid,
            format!(
                "The current branch {branch} has no upstream branch.\n\
                 To push the current branch and set the remote as upstream, use\n\n    \
                 git push --set-upstream {remote} {branch}\n\n\
                 To have this happen automatically for branches without a tracking\n\
                 upstream, see 'push.autoSetupRemote' in 'git help config'.\n"
            ),
        )),
    }
}

/// Says what came of a push, on standard error.
///
/// # Errors
/// Something was refused.
pub fn tell(url: &str, list: &[Sent], quiet: bool) -> Result<(), Failure> {
    let refused = list.iter().any(|sent| sent.refused.is_some());
    if list.is_empty() {
        if !quiet {
            crate::note!("Everything up-to-date");
        }
        return Ok(());
    }
    if !quiet || refused {
        crate::note!("To {url}");
        for sent in list {
            let to = remotes::shorten(&sent.to);
            let seven = |id: git2::Oid| id.to_string()[..7].to_owned();
            let line = match (&sent.refused, sent.old, sent.new) {
                (Some(why), ..) => match why.strip_prefix("remote: ") {
                    Some(why) => format!(" ! [remote rejected] {} -> {to} ({why})", sent.from),
                    None => format!(" ! [rejected]        {} -> {to} ({why})", sent.from),
                },
                (None, _, None) => format!(" - [deleted]         {to}"),
                (None, None, Some(_)) => {
                    let kind = if sent.to.starts_with("refs/tags/") {
                        "tag]   "
                    } else {
                        "branch]"
                    };
                    format!(" * [new {kind}      {} -> {to}", sent.from)
                }
                (None, Some(old), Some(new)) if sent.force => {
                    format!(
                        " + {}...{} {} -> {to} (forced update)",
                        seven(old),
                        seven(new),
                        sent.from
                    )
                }
                (None, Some(old), Some(new)) => format!("   {}..{}  {} -> {to}", seven(old), seven(new), sent.from),
            };
            crate::note!("{line}");
        }
    }
    if refused {
        let behind = list.iter().any(|sent| {
            sent.refused
                .as_deref()
                .is_some_and(|why| why == "fetch first" || why == "non-fast-forward")
        });
        let hint = if behind {
            "\nhint: Updates were rejected because the remote contains work that you do not\n\
             hint: have locally. If you want to integrate the remote changes,\n\
             hint: use 'git pull' before pushing again."
        } else {
            ""
        };
        return Err(Failure::error(
            if behind { Kind::NotFastForward } else { Kind::Rejected },
            format!("failed to push some refs to '{url}'{hint}"),
        ));
    }
    Ok(())
}

/// What `--force-with-lease` says must be there: what is named, or what was last fetched. None for references that it
/// does not speak of.
fn expected(
    repository: &Repository,
    remote: &str,
    lease: &str,
    to: &str,
) -> Result<Option<Option<git2::Oid>>, Failure> {
    let name = remotes::shorten(to);
    let (about, value) = match lease.split_once(':') {
        Some((about, value)) => (about, Some(value)),
        None => (lease, None),
    };
    if !about.is_empty() && about != name && about != to {
        return Ok(None);
    }
    Ok(Some(match value {
        Some("") => None,
        Some(value) => Some(context::object(repository, value)?.id()),
        None => repository.refname_to_id(&format!("refs/remotes/{remote}/{name}")).ok(),
    }))
}

/// The command.
pub fn push(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "set-upstream|u",
            "force|f",
            "force-with-lease=?",
            "delete|d",
            "tags",
            "all",
            "follow-tags",
            "quiet|q",
            "verbose|v",
            "no-verify",
            "progress",
        ],
    )?;
    let repository = context::repository()?;
    let remote = args
        .words
        .first()
        .cloned()
        .unwrap_or_else(|| remotes::default_remote(&repository));
    let named = args.words.get(1..).unwrap_or_default();
    let force = args.has("force") || args.has("force-with-lease");
    let mut list = Vec::new();
    for spec in named {
        if args.has("delete") {
            list.push(remotes::refspec(&repository, &format!(":{spec}"), true)?);
        } else {
            list.push(remotes::refspec(&repository, spec, force).map_err(|failure| {
                let url = repository
                    .find_remote(&remote)
                    .ok()
                    .and_then(|remote| remote.url().ok().map(str::to_owned))
                    .unwrap_or_else(|| remote.clone());
                Failure {
                    message: format!("{}\nerror: failed to push some refs to '{url}'", failure.message),
                    ..failure
                }
            })?);
        }
    }
    if args.has("all") || args.has("tags") {
        let prefixes: &[(&str, &str)] = &[("all", "refs/heads/*"), ("tags", "refs/tags/*")];
        for (_, glob) in prefixes.iter().filter(|(option, _)| args.has(option)) {
            for reference in repository.references_glob(glob)?.flatten() {
                if let Ok(name) = reference.name() {
                    list.push(remotes::refspec(&repository, name, force)?);
                }
            }
        }
    }
    if list.is_empty() {
        repository.find_remote(&remote).map_err(|_| {
            if args.words.is_empty() {
                Failure::fatal(
                    Kind::NoReference,
                    "No configured push destination.\nEither specify the URL from the command-line or configure a \
                     remote repository using\n\n    git remote add <name> <url>\n\nand then push using the remote name\n\n    git push <name>\n",
                )
            } else {
                remotes::no_remote(&remote)
            }
        })?;
        list.push(usual(&repository, &remote, args.has("set-upstream"), force)?);
    }
    if let Some(lease) = args.value("force-with-lease").filter(|_| !args.has("force")) {
        for sent in &mut list {
            sent.lease = expected(&repository, &remote, lease, &sent.to)?;
            sent.force = sent.lease.is_some();
        }
    }
    let wanted = list.clone();
    let (url, list) = remotes::push(&repository, &remote, list)?;
    tell(&url, &list, args.has("quiet"))?;
    if args.has("set-upstream") {
        follow(&repository, &remote, &wanted, args.has("quiet"))?;
    }
    Ok(0)
}

/// Lets the branches that were pushed follow those that they were pushed to.
pub fn follow(repository: &Repository, remote: &str, list: &[Sent], quiet: bool) -> Result<(), Failure> {
    for sent in list.iter().filter(|sent| sent.new.is_some()) {
        if let Some(there) = sent.to.strip_prefix("refs/heads/") {
            remotes::set_upstream(repository, &sent.from, remote, there)?;
            if !quiet {
                crate::say!("branch '{}' set up to track '{remote}/{there}'.", sent.from);
            }
        }
    }
    Ok(())
}
