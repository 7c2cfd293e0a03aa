//! References for programs: `git for-each-ref`, `git update-ref`, and how lists of branches and tags are ordered and shown.

use crate::args::Args;
use crate::commands::branch::matches;
use crate::failure::{Failure, Kind};
use crate::{context, out, pretty, remotes};
use git2::{Object, ObjectType, Repository, Signature};
use std::cmp::Ordering;

/// What a key of `--sort` or a field of `--format` is of a reference.
///
/// # Errors
/// The field is unknown, or the reference names nothing.
fn field(repository: &Repository, name: &str, field: &str) -> Result<String, Failure> {
    let (peeled, field) = match field.strip_prefix('*') {
        Some(field) => (true, field),
        None => (false, field),
    };
    let (atom, how) = field.split_once(':').unwrap_or((field, ""));
    let reference = repository.find_reference(name)?;
    let own = reference.peel(ObjectType::Any).ok();
    let own = match reference.resolve().ok().and_then(|found| found.target()) {
        Some(id) => repository.find_object(id, None).ok().or(own),
        None => own,
    };
    let object = if peeled {
        own.filter(|object| object.as_tag().is_some())
            .and_then(|object| object.peel(ObjectType::Any).ok())
    } else {
        own
    };
    let unknown = || Failure::fatal(Kind::Invalid, format!("unknown field name: {field}"));
    let tag = object.as_ref().and_then(Object::as_tag);
    let commit = object.as_ref().and_then(Object::as_commit);
    let empty = String::new;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let shown = |who: Option<Signature<'_>>, part: &str| -> Option<String> {
        let who = match who {
            Some(who) => who,
            None => return Some(String::new()),
        };
        Some(match part {
            "name" => text(who.name_bytes()),
            "email" => format!("<{}>", text(who.email_bytes())),
            "date" => pretty::dated(who.when(), how),
            "" => format!(
                "{} <{}> {}",
                text(who.name_bytes()),
                text(who.email_bytes()),
                pretty::dated(who.when(), "raw")
            ),
            _ => return None,
        })
    };
    let person = |prefix: &str| atom.strip_prefix(prefix);
    if let Some(part) = person("author") {
        return shown(commit.map(|commit| commit.author()), part).ok_or_else(unknown);
    }
    if let Some(part) = person("committer") {
        return shown(commit.map(|commit| commit.committer()), part).ok_or_else(unknown);
    }
    if let Some(part) = person("tagger") {
        return shown(tag.and_then(|tag| tag.tagger()), part).ok_or_else(unknown);
    }
    if let Some(part) = person("creator") {
        let who = match tag {
            Some(tag) => tag.tagger(),
            None => commit.map(|commit| commit.committer()),
        };
        return shown(who, part).ok_or_else(unknown);
    }
    let message = match (tag, commit) {
        (Some(tag), _) => text(tag.message_bytes().unwrap_or_default()),
        (None, Some(commit)) => text(commit.message_bytes()),
        _ => String::new(),
    };
    let subject = || {
        let lines = message.lines().take_while(|line| !line.trim().is_empty());
        lines.collect::<Vec<_>>().join(" ")
    };
    Ok(match (atom, how) {
        ("refname", "") => name.to_owned(),
        ("refname", "short") => remotes::shorten(name).to_owned(),
        ("refname", how) if how.starts_with("lstrip=") || how.starts_with("strip=") => {
            let count: usize = how
                .split_once('=')
                .and_then(|(_, count)| count.parse().ok())
                .ok_or_else(unknown)?;
            name.splitn(count + 1, '/').last().unwrap_or_default().to_owned()
        }
        ("objectname", "") => object.map_or_else(empty, |object| object.id().to_string()),
        ("objectname", _) => object.map_or_else(empty, |object| context::short(&object)),
        ("objecttype", _) => object
            .and_then(|object| object.kind())
            .map_or_else(empty, |kind| kind.str().to_owned()),
        ("tree", _) => commit.map_or_else(empty, |commit| commit.tree_id().to_string()),
        ("parent", _) => commit.map_or_else(empty, |commit| {
            commit
                .parent_ids()
                .map(|id| id.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        }),
        ("subject", _) | ("contents", "subject") => subject(),
        ("body", _) | ("contents", "body") => {
            let rest = message.split_once("\n\n").map(|(_, rest)| rest);
            rest.unwrap_or_default().to_owned()
        }
        ("contents", _) => message,
        ("HEAD", _) => {
            let current = context::branch(repository).map(|branch| format!("refs/heads/{branch}"));
            if current.as_deref() == Some(name) { "*" } else { " " }.to_owned()
        }
        ("symref", how) => {
            let target = reference.symbolic_target().ok().flatten().unwrap_or_default();
            if how == "short" {
                remotes::shorten(target)
            } else {
                target
            }
            .to_owned()
        }
        ("upstream", how) => upstream(repository, name, how),
        _ => return Err(unknown()),
    })
}

fn upstream(repository: &Repository, name: &str, how: &str) -> String {
    let Some(branch) = name.strip_prefix("refs/heads/") else {
        return String::new();
    };
    let remote = repository
        .config()
        .and_then(|config| config.get_string(&format!("branch.{branch}.remote")));
    let (Ok(remote), Some(there)) = (remote, remotes::upstream(repository, branch)) else {
        return String::new();
    };
    let full = format!("refs/remotes/{remote}/{there}");
    match how {
        "short" => format!("{remote}/{there}"),
        "track" => {
            let ids = repository
                .refname_to_id(name)
                .ok()
                .zip(repository.refname_to_id(&full).ok());
            match ids.and_then(|(ours, theirs)| repository.graph_ahead_behind(ours, theirs).ok()) {
                None => "[gone]".into(),
                Some((0, 0)) => String::new(),
                Some((ahead, 0)) => format!("[ahead {ahead}]"),
                Some((0, behind)) => format!("[behind {behind}]"),
                Some((ahead, behind)) => format!("[ahead {ahead}, behind {behind}]"),
            }
        }
        _ => full,
    }
}

/// A reference as a format has it.
///
/// # Errors
/// A field is unknown.
pub fn expand(repository: &Repository, name: &str, format: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some((atom, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            if !atom.starts_with("color") {
                text.push_str(&field(repository, name, atom)?);
            }
            rest = after;
        } else if let Some(after) = rest.strip_prefix('%') {
            text.push('%');
            rest = after;
        } else if let Some(byte) = rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            text.push(char::from(byte));
            rest = &rest[2..];
        } else {
            text.push('%');
        }
    }
    text.push_str(rest);
    Ok(text)
}

/// `v1.2` before `v1.10`.
fn by_version(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| {
        let mut parts: Vec<(bool, String)> = Vec::new();
        for letter in text.chars() {
            match parts.last_mut() {
                Some((digits, part)) if *digits == letter.is_ascii_digit() => part.push(letter),
                _ => parts.push((letter.is_ascii_digit(), letter.to_string())),
            }
        }
        parts
    };
    let (ones, others) = (parts(one), parts(other));
    for ((digits, a), (other_digits, b)) in ones.iter().zip(&others) {
        let order = if *digits && *other_digits {
            let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            a.cmp(b)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    ones.len().cmp(&others.len())
}

/// Full names in the order of keys as `--sort` takes them, the last key first; by name without any.
///
/// # Errors
/// A key is unknown.
pub fn ordered(repository: &Repository, mut names: Vec<String>, keys: &[&str]) -> Result<Vec<String>, Failure> {
    names.sort();
    for key in keys {
        let (down, key) = match key.strip_prefix('-') {
            Some(key) => (true, key),
            None => (false, *key),
        };
        let version = key.strip_prefix("version:").or_else(|| key.strip_prefix("v:"));
        let atom = match version {
            Some(atom) => atom.to_owned(),
            None if key.ends_with("date") => format!("{key}:unix"),
            None => key.to_owned(),
        };
        let mut rows = Vec::with_capacity(names.len());
        for name in names {
            rows.push((field(repository, &name, &atom)?, name));
        }
        rows.sort_by(|(one, _), (other, _)| {
            let order = match version {
                Some(_) => by_version(one, other),
                None if key.ends_with("date") => {
                    one.parse::<i64>().unwrap_or(0).cmp(&other.parse::<i64>().unwrap_or(0))
                }
                None => one.cmp(other),
            };
            if down { order.reverse() } else { order }
        });
        names = rows.into_iter().map(|(_, name)| name).collect();
    }
    Ok(names)
}

/// `git for-each-ref`
pub fn for_each_ref(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "format=",
            "sort=",
            "count=",
            "points-at=",
            "merged=+",
            "no-merged=+",
            "contains=+",
            "shell|s",
        ],
    )?;
    let repository = context::repository()?;
    let names: Vec<String> = repository
        .references()?
        .flatten()
        .filter_map(|reference| reference.name().ok().map(str::to_owned))
        .filter(|name| {
            args.words.is_empty()
                || args.words.iter().any(|pattern| {
                    let top = pattern.trim_end_matches('/');
                    name == top
                        || name.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'))
                        || matches(pattern, name)
                })
        })
        .collect();
    let most = args.number("count")?.unwrap_or(usize::MAX);
    let format = args
        .value("format")
        .unwrap_or("%(objectname) %(objecttype)\t%(refname)");
    let chosen = Chosen::of(&repository, &args)?;
    let mut count = 0;
    for name in ordered(&repository, names, &args.values("sort"))? {
        if count < most && chosen.fits(&repository, &name) {
            out::line(&expand(&repository, &name, format)?);
            count += 1;
        }
    }
    Ok(0)
}

/// Which references a list takes, by what they reach.
pub struct Chosen {
    points_at: Option<git2::Oid>,
    contains: Option<git2::Oid>,
    merged: Option<git2::Oid>,
    no_merged: Option<git2::Oid>,
}

impl Chosen {
    /// As options have it.
    ///
    /// # Errors
    /// One of them names no commit.
    pub fn of(repository: &Repository, args: &Args) -> Result<Self, Failure> {
        let commit = |option: &str| {
            args.value(option)
                .map(|name| context::commit(repository, if name.is_empty() { "HEAD" } else { name }))
                .transpose()
                .map(|found| found.map(|commit| commit.id()))
        };
        Ok(Self {
            points_at: args
                .value("points-at")
                .map(|name| context::object(repository, name).map(|object| object.id()))
                .transpose()?,
            contains: commit("contains")?,
            merged: commit("merged")?,
            no_merged: commit("no-merged")?,
        })
    }

    /// Whether a reference is one of them.
    pub fn fits(&self, repository: &Repository, name: &str) -> bool {
        let Ok(reference) = repository.find_reference(name) else {
            return false;
        };
        let commit = reference.peel_to_commit().ok().map(|commit| commit.id());
        let reaches = |from, to| from == to || repository.graph_descendant_of(from, to).unwrap_or(false);
        let holds = |wanted: Option<git2::Oid>, test: &dyn Fn(git2::Oid, git2::Oid) -> bool| match (wanted, commit) {
            (None, _) => true,
            (Some(wanted), Some(commit)) => test(wanted, commit),
            (Some(_), None) => false,
        };
        self.points_at.is_none_or(|id| {
            Some(id) == commit || reference.resolve().ok().and_then(|found| found.target()) == Some(id)
        }) && holds(self.contains, &|wanted, commit| reaches(commit, wanted))
            && holds(self.merged, &|wanted, commit| reaches(wanted, commit))
            && holds(self.no_merged, &|wanted, commit| !reaches(wanted, commit))
    }
}

/// `git update-ref`
pub fn update_ref(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["d", "m=", "no-deref", "create-reflog"])?;
    let repository = context::repository()?;
    let (name, new, old) = match (args.has("d"), args.words.as_slice()) {
        (true, [name]) => (name, None, None),
        (true, [name, old]) => (name, None, Some(old)),
        (false, [name, new]) => (name, Some(new), None),
        (false, [name, new, old]) => (name, Some(new), Some(old)),
        _ => {
            return Err(Failure::usage(
                "usage: git update-ref [-m <reason>] (-d <ref> [<old>] | <ref> <new> [<old>])",
            ));
        }
    };
    // HEAD stands for the branch that it names.
    let name = match repository.find_reference(name) {
        Ok(reference) => reference.symbolic_target().ok().flatten().unwrap_or(name).to_owned(),
        Err(_) => name.clone(),
    };
    if let Some(old) = old {
        let is = repository.refname_to_id(&name).ok();
        let wanted = (!old.bytes().all(|byte| byte == b'0'))
            .then(|| context::object(&repository, old).map(|object| object.id()))
            .transpose()?;
        if is != wanted {
            return Err(Failure::fatal(
                Kind::Conflict,
                format!("update_ref failed for ref '{name}': cannot lock ref '{name}': it is not at {old}"),
            ));
        }
    }
    match new {
        None => repository.find_reference(&name)?.delete()?,
        Some(new) => {
            let id = repository
                .revparse_single(new)
                .map_err(|_| Failure::fatal(Kind::NoReference, format!("{new}: not a valid SHA1")))?
                .id();
            repository.reference(&name, id, true, args.value("m").unwrap_or("update-ref"))?;
        }
    }
    Ok(0)
}
