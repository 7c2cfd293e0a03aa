//! `git describe`, `git reflog`, `git shortlog`.

use crate::args::Args;
use crate::commands::{diff, log};
use crate::failure::{Failure, Kind};
use crate::{context, out, pretty};
use git2::{DescribeFormatOptions, DescribeOptions, ObjectType};
use std::collections::BTreeMap;

/// `git describe`
pub fn describe(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "tags",
            "all",
            "always",
            "long",
            "dirty=?",
            "abbrev=?",
            "exact-match",
            "match=",
            "first-parent",
            "candidates=",
        ],
    )?;
    let repository = context::repository()?;
    let mut options = DescribeOptions::new();
    if args.has("tags") {
        options.describe_tags();
    }
    if args.has("all") {
        options.describe_all();
    }
    options
        .show_commit_oid_as_fallback(args.has("always"))
        .only_follow_first_parent(args.has("first-parent"));
    if args.has("exact-match") {
        options.max_candidates_tags(0);
    } else if let Some(most) = args.number("candidates")? {
        options.max_candidates_tags(u32::try_from(most).unwrap_or(u32::MAX));
    }
    if let Some(pattern) = args.value("match") {
        options.pattern(pattern);
    }
    let mut format = DescribeFormatOptions::new();
    format.always_use_long_format(args.has("long"));
    if let Some(digits) = args.number("abbrev")? {
        format.abbreviated_size(u32::try_from(digits).unwrap_or(40));
    }
    if args.has("dirty") {
        let suffix = args
            .value("dirty")
            .filter(|suffix| !suffix.is_empty())
            .unwrap_or("-dirty");
        format.dirty_suffix(suffix);
    }
    let names = if args.words.is_empty() {
        vec!["HEAD".to_owned()]
    } else {
        args.words.clone()
    };
    for name in names {
        let object = context::object(&repository, &name)?;
        let peeled = object.peel(ObjectType::Commit)?;
        let described = if args.has("dirty") && args.words.is_empty() {
            repository.describe(&options)
        } else {
            peeled.describe(&options)
        };
        let text = described
            .and_then(|described| described.format(Some(&format)))
            .map_err(|_| {
                let id = object.id();
                let message = if args.has("exact-match") {
                    format!("no tag exactly matches '{id}'")
                } else if repository.tag_names(None).is_ok_and(|names| !names.is_empty()) {
                    format!("No annotated tags can describe '{id}'.\nHowever, there were unannotated tags: try --tags.")
                } else {
                    "No names found, cannot describe anything.".into()
                };
                Failure::fatal(Kind::NoReference, message)
            })?;
        out::line(&text);
    }
    Ok(0)
}

/// `git reflog`
pub fn reflog(mut arguments: Vec<String>) -> Result<i32, Failure> {
    match arguments.first().map(String::as_str) {
        Some("show") => drop(arguments.remove(0)),
        Some(verb @ ("expire" | "delete" | "drop")) => {
            return Err(Failure::usage(format!("`reflog {verb}` is not supported here")));
        }
        _ => {}
    }
    let args = Args::parse(
        arguments,
        &["max-count|n=", "#", "date=", "no-abbrev", "format|pretty="],
    )?;
    let repository = context::repository()?;
    let name = args.words.first().map_or("HEAD", String::as_str);
    let full = if name == "HEAD" {
        name.to_owned()
    } else {
        repository
            .resolve_reference_from_short_name(name)
            .map_err(|_| {
                Failure::fatal(
                    Kind::NoReference,
                    format!("ambiguous argument '{name}': unknown revision"),
                )
            })?
            .name()?
            .to_owned()
    };
    let most = args.number("max-count")?.or(args.number("#")?).unwrap_or(usize::MAX);
    for (at, entry) in repository.reflog(&full)?.iter().enumerate().take(most) {
        let id = entry.id_new();
        let short = repository
            .find_object(id, None)
            .map_or_else(|_| id.to_string()[..7].to_owned(), |object| context::short(&object));
        let message = entry.message_bytes().unwrap_or_default();
        let message = String::from_utf8_lossy(message);
        match args.value("date") {
            Some(way) => crate::say!(
                "{short} {name}@{{{}}}: {message}",
                pretty::dated(entry.committer().when(), way)
            ),
            None => crate::say!("{short} {name}@{{{at}}}: {message}"),
        }
    }
    Ok(0)
}

/// `git shortlog`
pub fn shortlog(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &["summary|s", "numbered|n", "email|e", "all", "no-merges", "committer|c"],
    )?;
    let repository = context::repository()?;
    let (revisions, paths) = diff::sorted(&repository, &args)?;
    let mut people: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in log::walk(&repository, &revisions, args.has("all"))? {
        let commit = repository.find_commit(id?)?;
        if (args.has("no-merges") && commit.parent_count() > 1)
            || (!paths.is_empty() && !log::touches(&repository, &commit, &paths)?)
        {
            continue;
        }
        let who = if args.has("committer") {
            commit.committer()
        } else {
            commit.author()
        };
        let name = String::from_utf8_lossy(who.name_bytes()).into_owned();
        let name = if args.has("email") {
            format!("{name} <{}>", String::from_utf8_lossy(who.email_bytes()))
        } else {
            name
        };
        people.entry(name).or_default().push(pretty::subject(&commit));
    }
    let mut people: Vec<(String, Vec<String>)> = people.into_iter().collect();
    if args.has("numbered") {
        people.sort_by_key(|(_, subjects)| std::cmp::Reverse(subjects.len()));
    }
    for (name, subjects) in people {
        if args.has("summary") {
            crate::say!("{:>6}\t{name}", subjects.len());
            continue;
        }
        crate::say!("{name} ({}):", subjects.len());
        for subject in subjects.iter().rev() {
            crate::say!("      {subject}");
        }
        out::line("");
    }
    Ok(0)
}
