//! `git commit`

use crate::args::Args;
use crate::commands::{add, diff};
use crate::dates;
use crate::failure::{Failure, Kind};
use crate::{context, pretty};
use git2::{Commit, Oid, Repository, RepositoryState, Signature};
use std::io::Read;

/// What is committed.
pub struct Order<'a> {
    /// Why.
    pub message: &'a str,
    /// Whose work it is.
    pub author: Signature<'a>,
    /// Who commits it.
    pub committer: Signature<'a>,
    /// Even if nothing has changed.
    pub allow_empty: bool,
    /// What is committed, in the place of the index.
    pub tree: Option<Oid>,
    /// In the place of the last commit.
    pub amend: bool,
}

/// Commits the index.
///
/// # Errors
/// There is nothing to commit, or there are conflicts.
pub fn create(repository: &Repository, order: &Order<'_>) -> Result<Oid, Failure> {
    let mut index = repository.index()?;
    if index.has_conflicts() {
        return Err(Failure {
            kind: Kind::Conflict,
            message: "error: Committing is not possible because you have unmerged files.\n\
                      hint: Fix them up in the work tree, and then use 'git add/rm <file>'\n\
                      hint: as appropriate to mark resolution and make a commit.\n\
                      fatal: Exiting because of an unresolved conflict."
                .into(),
            code: 128,
        });
    }
    let tree = repository.find_tree(match order.tree {
        Some(tree) => tree,
        None => index.write_tree()?,
    })?;
    let head = context::head(repository);
    if order.amend {
        let Some(head) = head else {
            return Err(Failure::fatal(Kind::NoReference, "You have nothing to amend."));
        };
        return Ok(head.amend(
            Some("HEAD"),
            Some(&order.author),
            Some(&order.committer),
            None,
            Some(order.message),
            Some(&tree),
        )?);
    }
    let mut parents: Vec<Commit<'_>> = head.into_iter().collect();
    let merging = repository.state() == RepositoryState::Merge;
    if merging {
        for id in merge_heads(repository) {
            parents.push(repository.find_commit(id)?);
        }
    }
    let unchanged = match parents.first() {
        Some(parent) => parent.tree_id() == tree.id(),
        None => tree.is_empty(),
    };
    if unchanged && !merging && !order.allow_empty {
        return Err(Failure::plain(Kind::Invalid, "nothing to commit, working tree clean"));
    }
    let parents: Vec<&Commit<'_>> = parents.iter().collect();
    let id = repository.commit(
        Some("HEAD"),
        &order.author,
        &order.committer,
        order.message,
        &tree,
        &parents,
    )?;
    if super::rebase::is_going_on(repository) {
        // The rest of the rebase is still to come.
        let _ = std::fs::remove_file(repository.path().join("CHERRY_PICK_HEAD"));
    } else {
        repository.cleanup_state()?;
    }
    Ok(id)
}

/// What is being merged.
fn merge_heads(repository: &Repository) -> Vec<Oid> {
    std::fs::read_to_string(repository.path().join("MERGE_HEAD"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| Oid::from_str(line.trim()).ok())
        .collect()
}

/// Without trailing spaces and empty lines around.
fn cleaned(message: &str, comments: bool) -> String {
    let mut lines: Vec<&str> = message
        .lines()
        .map(str::trim_end)
        .filter(|line| !(comments && line.starts_with('#')))
        .collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let mut text = String::new();
    for line in lines.into_iter().skip_while(|line| line.is_empty()) {
        if !(line.is_empty() && text.ends_with("\n\n")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// `Name <address>`
pub fn person(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once('<')
        .and_then(|(name, rest)| Some((name.trim(), rest.split_once('>')?.0.trim())))
        .ok_or_else(|| {
            Failure::fatal(
                Kind::Invalid,
                format!("--author '{text}' is not 'Name <email>' and matches no existing author"),
            )
        })
}

/// The command.
pub fn commit(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "message|m=",
            "all|a",
            "amend",
            "no-edit",
            "allow-empty",
            "allow-empty-message",
            "author=",
            "date=",
            "file|F=",
            "quiet|q",
            "no-verify|n",
            "signoff|s",
            "verbose|v",
            "reuse-message|C=",
            "no-gpg-sign",
            "only|o",
            "include|i",
            "reset-author",
            "cleanup=",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    if args.has("all") {
        add::stage(&repository, &[String::new()], false, true)?;
    }
    let paths = context::all_in_tree(&repository, &args.all())?;
    let tree = match (paths.is_empty(), args.has("include")) {
        (true, _) => None,
        (false, true) => {
            add::stage(&repository, &paths, false, true)?;
            None
        }
        (false, false) => Some(only(&repository, &paths)?),
    };
    let before = if args.has("amend") {
        context::head(&repository)
    } else {
        None
    };
    let mut message = match (args.values("message"), args.value("file"), args.value("reuse-message")) {
        (parts, ..) if !parts.is_empty() => cleaned(&parts.join("\n\n"), false),
        (_, Some("-"), _) => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            cleaned(&text, false)
        }
        (_, Some(path), _) => cleaned(
            &std::fs::read_to_string(path).map_err(|error| {
                Failure::fatal(
                    Kind::NoReference,
                    format!("could not read log file '{path}': {}", crate::console::reason(&error)),
                )
            })?,
            false,
        ),
        (.., Some(other)) => String::from_utf8_lossy(context::commit(&repository, other)?.message_bytes()).into_owned(),
        _ => match (&before, prepared(&repository)) {
            (Some(before), _) => String::from_utf8_lossy(before.message_bytes()).into_owned(),
            (None, Some(text)) => cleaned(&text, false),
            (None, None) => {
                return Err(Failure::plain(
                    Kind::Invalid,
                    "error: There is no editor in this sandbox.\nPlease supply the message using either -m or -F option.",
                ));
            }
        },
    };
    if message.trim().is_empty() && !args.has("allow-empty-message") {
        return Err(Failure::plain(
            Kind::Invalid,
            "Aborting commit due to empty commit message.",
        ));
    }
    let committer = context::committer(&repository)?;
    if args.has("signoff") {
        let line = format!(
            "Signed-off-by: {} <{}>",
            String::from_utf8_lossy(committer.name_bytes()),
            String::from_utf8_lossy(committer.email_bytes())
        );
        if !message.contains(&line) {
            message.push_str(&format!("\n{line}\n"));
        }
    }
    let taken = match (&before, args.value("reuse-message")) {
        _ if args.has("reset-author") => None,
        (Some(before), _) => Some(before.author().to_owned()),
        (None, Some(other)) => Some(context::commit(&repository, other)?.author().to_owned()),
        (None, None) => picked(&repository),
    };
    let dated = args.has("date") || taken.is_some();
    let mut author = match taken {
        Some(author) => author,
        None => context::author(&repository)?,
    };
    if let Some(text) = args.value("author") {
        let (name, email) = person(text)?;
        author = Signature::new(name, email, &author.when())?;
    }
    if let Some(text) = args.value("date") {
        let when =
            dates::parse(text).ok_or_else(|| Failure::fatal(Kind::Invalid, format!("invalid date format: {text}")))?;
        let (name, email) = (author.name_bytes().to_vec(), author.email_bytes().to_vec());
        author = Signature::new(&String::from_utf8_lossy(&name), &String::from_utf8_lossy(&email), &when)?;
    }
    let root = context::head(&repository).is_none();
    let order = Order {
        message: &message,
        author,
        committer,
        allow_empty: args.has("allow-empty"),
        tree,
        amend: args.has("amend"),
    };
    let id = match create(&repository, &order) {
        Ok(id) => id,
        Err(failure) if failure.message.starts_with("nothing to commit") => {
            // Git tells the state in the place of an error.
            crate::commands::status::status(Vec::new())?;
            return Ok(1);
        }
        Err(failure) => return Err(failure),
    };
    if !args.has("quiet") {
        tell(&repository, id, root, dated)?;
    }
    Ok(0)
}

/// Says what was committed: the branch, who wrote it if that is somebody else, and what it changes.
///
/// # Errors
/// It cannot be read.
pub fn tell(repository: &Repository, id: Oid, root: bool, dated: bool) -> Result<(), Failure> {
    let made = repository.find_commit(id)?;
    let branch = context::branch(repository).unwrap_or_else(|| "detached HEAD".into());
    crate::say!(
        "[{branch}{} {}] {}",
        if root { " (root-commit)" } else { "" },
        context::short(made.as_object()),
        pretty::subject(&made)
    );
    let (author, committer) = (made.author(), made.committer());
    if author.name_bytes() != committer.name_bytes() || author.email_bytes() != committer.email_bytes() {
        crate::say!(
            " Author: {} <{}>",
            String::from_utf8_lossy(author.name_bytes()),
            String::from_utf8_lossy(author.email_bytes())
        );
    }
    if dated {
        crate::say!(" Date: {}", pretty::date(author.when()));
    }
    if made.parent_count() < 2 {
        let parent = made.parent(0).ok().map(|parent| parent.tree()).transpose()?;
        diff::summary(repository.diff_tree_to_tree(parent.as_ref(), Some(&made.tree()?), None)?)?;
    }
    Ok(())
}

/// Whose commit is being picked, if one is.
fn picked(repository: &Repository) -> Option<Signature<'static>> {
    let text = std::fs::read_to_string(repository.path().join("CHERRY_PICK_HEAD")).ok()?;
    let commit = repository.find_commit(Oid::from_str(text.trim()).ok()?).ok()?;
    let author = commit.author().to_owned();
    Some(author)
}

/// The tree of HEAD with only these paths as they are in the work tree. The index has them too from now on, and keeps
/// what else was staged.
fn only(repository: &Repository, paths: &[String]) -> Result<Oid, Failure> {
    if repository.state() == RepositoryState::Merge {
        return Err(Failure::fatal(
            Kind::Invalid,
            "cannot do a partial commit during a merge.",
        ));
    }
    let tree = context::work_tree(repository)?.to_path_buf();
    let head = context::head(repository).map(|head| head.tree()).transpose()?;
    let mut index = repository.index()?;
    let staged: Vec<git2::IndexEntry> = index.iter().collect();
    let mut named: Vec<String> = staged
        .iter()
        .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
        .collect();
    index.clear()?;
    if let Some(head) = &head {
        index.read_tree(head)?;
        named.extend(
            index
                .iter()
                .map(|entry| String::from_utf8_lossy(&entry.path).into_owned()),
        );
    }
    named.sort();
    named.dedup();
    let fits = |path: &str, name: &str| {
        path.is_empty()
            || name == path
            || name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
            || super::branch::matches(path, name)
    };
    if let Some(path) = paths.iter().find(|path| !named.iter().any(|name| fits(path, name))) {
        index.read(true)?;
        return Err(Failure::error(
            Kind::NoReference,
            format!("pathspec '{path}' did not match any file(s) known to git"),
        ));
    }
    named.retain(|name| paths.iter().any(|path| fits(path, name)));
    let put = |index: &mut git2::Index| -> Result<(), Failure> {
        for name in &named {
            let path = std::path::Path::new(name);
            if tree.join(path).symlink_metadata().is_ok() {
                index.add_path(path)?;
            } else {
                index.remove(path, 0)?;
            }
        }
        Ok(())
    };
    put(&mut index)?;
    let made = index.write_tree()?;
    index.clear()?;
    for entry in &staged {
        index.add(entry)?;
    }
    put(&mut index)?;
    index.write()?;
    Ok(made)
}

/// What a merge has written for the commit that ends it.
fn prepared(repository: &Repository) -> Option<String> {
    std::fs::read_to_string(repository.path().join("MERGE_MSG")).ok()
}
