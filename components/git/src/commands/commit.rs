//! `git commit`

use crate::args::Args;
use crate::commands::{add, diff};
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
    let tree = repository.find_tree(index.write_tree()?)?;
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
    repository.cleanup_state()?;
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
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    if args.has("all") {
        add::stage(&repository, &[String::new()], false, true)?;
    }
    let paths = context::all_in_tree(&repository, &args.all())?;
    if !paths.is_empty() {
        add::stage(&repository, &paths, false, true)?;
    }
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
            (None, Some(text)) => cleaned(&text, true),
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
    let author = match (args.value("author"), &before) {
        (Some(text), _) => {
            let (name, email) = person(text)?;
            Signature::new(name, email, &committer.when())?
        }
        (None, Some(before)) => before.author().to_owned(),
        (None, None) => context::author(&repository)?,
    };
    let root = context::head(&repository).is_none();
    let order = Order {
        message: &message,
        author,
        committer,
        allow_empty: args.has("allow-empty"),
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
        let made = repository.find_commit(id)?;
        let branch = context::branch(&repository).unwrap_or_else(|| "detached HEAD".into());
        crate::say!(
            "[{branch}{} {}] {}",
            if root { " (root-commit)" } else { "" },
            context::short(made.as_object()),
            pretty::subject(&made)
        );
        let made_tree = made.tree()?;
        let parent = made.parent(0).ok().map(|parent| parent.tree()).transpose()?;
        let changes = repository.diff_tree_to_tree(parent.as_ref(), Some(&made_tree), None)?;
        diff::summary(changes)?;
    }
    Ok(0)
}

/// What a merge has written for the commit that ends it.
fn prepared(repository: &Repository) -> Option<String> {
    std::fs::read_to_string(repository.path().join("MERGE_MSG")).ok()
}
