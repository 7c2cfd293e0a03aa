//! Fetching from and pushing to other repositories, for the commands and for the toolbox.

use crate::context;
use crate::failure::{Failure, Kind};
use git2::build::{CheckoutBuilder, RepoBuilder};
use git2::{
    AutotagOption, Direction, FetchOptions, FetchPrune, Oid, PushOptions, RemoteCallbacks, RemoteRedirect, Repository,
};
use std::cell::RefCell;
use std::path::Path;

/// What is cloned, and how.
pub struct Clone<'a> {
    /// From where: http, https, or a path.
    pub url: &'a str,
    /// To where.
    pub directory: &'a Path,
    /// Checked out, in the place of what the other side has checked out.
    pub branch: Option<&'a str>,
    /// Commits of each line of history; all if none.
    pub depth: Option<i32>,
    /// Without files.
    pub bare: bool,
    /// Only one branch.
    pub single: bool,
    /// Only the repository.
    pub no_checkout: bool,
}

/// An address as libgit2 takes it: paths are absolute.
///
/// # Errors
/// A way that cannot be gone here, such as ssh.
pub fn address(url: &str) -> Result<String, Failure> {
    if let Some((scheme, _)) = url.split_once("://") {
        return match scheme {
            "http" | "https" | "file" => Ok(url.to_owned()),
            "ssh" | "git" | "git+ssh" => Err(Failure::fatal(
                Kind::Invalid,
                format!("Unable to find remote helper for '{scheme}': use an http or https address here"),
            )),
            other => Err(Failure::fatal(
                Kind::Invalid,
                format!("Unable to find remote helper for '{other}'"),
            )),
        };
    }
    if let Ok(path) = std::fs::canonicalize(url) {
        return Ok(path.to_string_lossy().into_owned());
    }
    if url.split('/').next().is_some_and(|first| first.contains(':')) {
        return Err(Failure::fatal(
            Kind::Invalid,
            format!("'{url}': ssh is not available here; use an http or https address"),
        ));
    }
    Err(Failure::fatal(
        Kind::NoRepository,
        format!("repository '{url}' does not exist"),
    ))
}

/// Whether an address is a path, whose objects are there to be copied.
fn is_local(address: &str) -> bool {
    address.starts_with('/') || address.starts_with("file://")
}

fn fetch_options<'a>(address: &str, depth: Option<i32>, callbacks: RemoteCallbacks<'a>) -> FetchOptions<'a> {
    let mut options = FetchOptions::new();
    options
        .remote_callbacks(callbacks)
        .follow_redirects(RemoteRedirect::Initial)
        .update_fetchhead(true);
    if let Some(depth) = depth {
        if is_local(address) {
            crate::note!("warning: --depth is ignored in local clones; use http instead.");
        } else {
            options.depth(depth);
        }
    }
    options
}

/// Makes a copy of a repository. What fails leaves nothing behind.
///
/// # Errors
/// The other side cannot be reached, refuses, or has not what is asked for; the directory is not empty.
pub fn clone(order: &Clone<'_>) -> Result<Repository, Failure> {
    let address = address(order.url)?;
    let existed = order.directory.exists();
    let made = clone_to(order, &address);
    if made.is_err() && !existed {
        let _ = std::fs::remove_dir_all(order.directory);
    }
    made
}

/// Whether there is room for a clone.
///
/// # Errors
/// Something is there.
pub fn check_free(directory: &Path) -> Result<(), Failure> {
    let occupied = std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || directory.is_file() {
        return Err(Failure::fatal(
            Kind::Exists,
            format!(
                "destination path '{}' already exists and is not an empty directory.",
                directory.display()
            ),
        ));
    }
    Ok(())
}

fn clone_to(order: &Clone<'_>, address: &str) -> Result<Repository, Failure> {
    check_free(order.directory)?;
    let mut builder = RepoBuilder::new();
    let mut checkout = CheckoutBuilder::new();
    if order.no_checkout {
        checkout.dry_run();
    } else {
        checkout.safe();
    }
    builder
        .bare(order.bare)
        .with_checkout(checkout)
        .fetch_options(fetch_options(address, order.depth, RemoteCallbacks::new()));
    if let Some(branch) = order.branch {
        builder.branch(branch);
    }
    let single = order.branch.filter(|_| order.single).map(str::to_owned);
    if let Some(branch) = single {
        builder.remote_create(move |repository, name, url| {
            repository.remote_with_fetch(name, url, &format!("+refs/heads/{branch}:refs/remotes/{name}/{branch}"))
        });
    }
    let repository = builder.clone(address, order.directory).map_err(|error| {
        let failure = Failure::from(error);
        match (&failure.kind, order.branch) {
            (Kind::NoReference, Some(branch)) => Failure::fatal(
                Kind::NoReference,
                format!("Remote branch {branch} not found in upstream origin"),
            ),
            _ => failure,
        }
    })?;
    Ok(repository)
}

/// A reference that a fetch has changed.
pub struct Change {
    /// Its name here.
    pub name: String,
    /// What it was; zero if it is new.
    pub old: Oid,
    /// What it is; zero if it is gone.
    pub new: Oid,
}

/// How to fetch.
#[derive(Default)]
pub struct Fetch {
    /// Commits of each line of history.
    pub depth: Option<i32>,
    /// References that are gone there go here.
    pub prune: bool,
    /// All tags.
    pub tags: bool,
}

/// Fetches from a remote, or from an address.
///
/// # Errors
/// There is no such remote; the other side cannot be reached or refuses.
pub fn fetch(
    repository: &Repository,
    from: &str,
    specs: &[String],
    how: &Fetch,
) -> Result<(String, Vec<Change>), Failure> {
    let mut remote = match repository.find_remote(from) {
        Ok(remote) => remote,
        Err(_) if from.contains('/') => repository.remote_anonymous(&address(from)?)?,
        Err(_) => return Err(no_remote(from)),
    };
    let url = remote.url().unwrap_or_default().to_owned();
    let changes = RefCell::new(Vec::new());
    {
        let mut callbacks = RemoteCallbacks::new();
        callbacks.update_tips(|name, old, new| {
            changes.borrow_mut().push(Change {
                name: name.to_owned(),
                old,
                new,
            });
            true
        });
        let mut options = fetch_options(&url, how.depth, callbacks);
        if how.prune {
            options.prune(FetchPrune::On);
        }
        if how.tags {
            options.download_tags(AutotagOption::All);
        }
        remote.fetch(specs, Some(&mut options), None)?;
    }
    Ok((url, changes.into_inner()))
}

/// There is no remote of a name.
pub fn no_remote(name: &str) -> Failure {
    Failure::fatal(
        Kind::NoReference,
        format!(
            "'{name}' does not appear to be a git repository\nfatal: Could not read from remote repository.\n\n\
             Please make sure you have the correct access rights\nand the repository exists."
        ),
    )
}

/// The remote that a branch belongs to: its own, the only one, or `origin`.
pub fn default_remote(repository: &Repository) -> String {
    let own = context::branch(repository).and_then(|branch| {
        let config = repository.config().ok()?;
        config.get_string(&format!("branch.{branch}.remote")).ok()
    });
    own.unwrap_or_else(|| "origin".into())
}

/// The branch of the remote that a branch follows, by its name there.
pub fn upstream(repository: &Repository, branch: &str) -> Option<String> {
    let config = repository.config().ok()?;
    let merge = config.get_string(&format!("branch.{branch}.merge")).ok()?;
    Some(merge.strip_prefix("refs/heads/").unwrap_or(&merge).to_owned())
}

/// Lets a branch follow one of a remote.
///
/// # Errors
/// The settings cannot be written.
pub fn set_upstream(repository: &Repository, branch: &str, remote: &str, there: &str) -> Result<(), Failure> {
    let mut config = repository.config()?.open_level(git2::ConfigLevel::Local)?;
    config.set_str(&format!("branch.{branch}.remote"), remote)?;
    config.set_str(&format!("branch.{branch}.merge"), &format!("refs/heads/{there}"))?;
    Ok(())
}

/// One reference of a push.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its name here, as a person says it; empty for one that is deleted.
    pub from: String,
    /// Its name there, in full.
    pub to: String,
    /// Whatever is there is replaced.
    pub force: bool,
    /// What must be there, if that is a condition; none for nothing.
    pub lease: Option<Option<Oid>>,
    /// What was there.
    pub old: Option<Oid>,
    /// What is to be there.
    pub new: Option<Oid>,
    /// Why it was refused.
    pub refused: Option<String>,
}

/// A reference to push, as `[+]here[:there]` names it.
///
/// # Errors
/// There is no such thing here.
pub fn refspec(repository: &Repository, spec: &str, force: bool) -> Result<Sent, Failure> {
    let (plus, rest) = match spec.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, spec),
    };
    let (from, to) = match rest.split_once(':') {
        Some((from, to)) => (from, Some(to)),
        None => (rest, None),
    };
    let missing = || Failure::error(Kind::NoReference, format!("src refspec {from} does not match any"));
    let full = |name: &str, like: Option<&str>| {
        if name.starts_with("refs/") {
            name.to_owned()
        } else if like.is_some_and(|like| like.starts_with("refs/tags/")) {
            format!("refs/tags/{name}")
        } else {
            format!("refs/heads/{name}")
        }
    };
    if from.is_empty() {
        return Ok(Sent {
            from: String::new(),
            to: full(to.unwrap_or_default(), None),
            force: true,
            lease: None,
            old: None,
            new: None,
            refused: None,
        });
    }
    let (own, id) = match repository.resolve_reference_from_short_name(from) {
        Ok(reference) if from != "HEAD" => {
            let id = reference.target().ok_or_else(missing)?;
            (reference.name().ok().map(str::to_owned), id)
        }
        _ => {
            let object = repository.revparse_single(from).map_err(|_| missing())?;
            let branch = (from == "HEAD").then(|| context::branch(repository)).flatten();
            (branch.map(|branch| format!("refs/heads/{branch}")), object.id())
        }
    };
    let to = match to {
        Some(to) => full(to, own.as_deref()),
        None => own.clone().ok_or_else(missing)?,
    };
    Ok(Sent {
        from: own.map_or_else(|| from.to_owned(), |name| shorten(&name).to_owned()),
        to,
        force: force || plus,
        lease: None,
        old: None,
        new: Some(id),
        refused: None,
    })
}

/// A reference's name without what is before it.
pub fn shorten(name: &str) -> &str {
    ["refs/heads/", "refs/tags/", "refs/remotes/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
}

/// Pushes. What changed and what was refused is in the answer; a list without old equal to new.
///
/// # Errors
/// There is no such remote; the other side cannot be reached or refuses altogether.
pub fn push(repository: &Repository, to: &str, mut list: Vec<Sent>) -> Result<(String, Vec<Sent>), Failure> {
    let mut remote = match repository.find_remote(to) {
        Ok(remote) => remote,
        Err(_) if to.contains('/') => repository.remote_anonymous(&address(to)?)?,
        Err(_) => return Err(no_remote(to)),
    };
    let url = remote
        .pushurl()
        .ok()
        .flatten()
        .or_else(|| remote.url().ok())
        .unwrap_or_default()
        .to_owned();
    remote.connect(Direction::Push)?;
    for head in remote.list()? {
        for sent in list.iter_mut().filter(|sent| head.name() == sent.to) {
            sent.old = Some(head.oid());
        }
    }
    for sent in &list {
        if sent.new.is_none() && sent.old.is_none() {
            return Err(Failure::error(
                Kind::NoReference,
                format!("unable to delete '{}': remote ref does not exist", shorten(&sent.to)),
            ));
        }
    }
    list.retain(|sent| sent.old != sent.new);
    for sent in &mut list {
        if sent.lease.is_some_and(|expected| expected != sent.old) {
            sent.refused = Some("stale info".into());
        }
    }
    for sent in list.iter_mut().filter(|sent| !sent.force) {
        if let (Some(old), Some(new)) = (sent.old, sent.new) {
            if sent.to.starts_with("refs/tags/") {
                sent.refused = Some("already exists".into());
            } else if repository.find_commit(old).is_err() {
                sent.refused = Some("fetch first".into());
            } else if !repository.graph_descendant_of(new, old)? {
                sent.refused = Some("non-fast-forward".into());
            }
        }
    }
    let specs: Vec<String> = list
        .iter()
        .filter(|sent| sent.refused.is_none())
        .map(|sent| match sent.new {
            // By name if it has one, so that hashes need no name.
            Some(id) => format!(
                "{}{}:{}",
                if sent.force { "+" } else { "" },
                source(repository, sent, id),
                sent.to
            ),
            None => format!(":{}", sent.to),
        })
        .collect();
    if !specs.is_empty() {
        let refusals = RefCell::new(Vec::new());
        {
            let mut callbacks = RemoteCallbacks::new();
            callbacks.push_update_reference(|name, status| {
                if let Some(status) = status {
                    refusals.borrow_mut().push((name.to_owned(), status.to_owned()));
                }
                Ok(())
            });
            let mut options = PushOptions::new();
            options.remote_callbacks(callbacks);
            remote.push(&specs, Some(&mut options))?;
        }
        for (name, status) in refusals.into_inner() {
            for sent in list.iter_mut().filter(|sent| sent.to == name) {
                sent.refused = Some(format!("remote: {status}"));
            }
        }
    }
    let _ = remote.disconnect();
    Ok((url, list))
}

fn source(repository: &Repository, sent: &Sent, id: Oid) -> String {
    for prefix in ["refs/heads/", "refs/tags/", "refs/remotes/"] {
        let name = format!("{prefix}{}", sent.from);
        if repository.refname_to_id(&name).is_ok_and(|found| found == id) {
            return name;
        }
    }
    id.to_string()
}
