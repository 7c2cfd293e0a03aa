//! `git tag`

use crate::args::Args;
use crate::commands::branch::matches;
use crate::failure::{Failure, Kind};
use crate::{context, out};

/// The command.
pub fn tag(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "list|l",
            "annotate|a",
            "message|m=",
            "delete|d",
            "force|f",
            "n=?",
            "points-at=",
            "sort=",
            "contains=",
        ],
    )?;
    let repository = context::repository()?;
    if args.has("delete") {
        for name in &args.words {
            let id = repository
                .refname_to_id(&format!("refs/tags/{name}"))
                .map_err(|_| Failure::error(Kind::NoReference, format!("tag '{name}' not found.")))?;
            repository.tag_delete(name)?;
            crate::say!("Deleted tag '{name}' (was {})", &id.to_string()[..7]);
        }
        return Ok(0);
    }
    let listing = ["list", "points-at", "contains", "n"].iter().any(|name| args.has(name));
    if args.words.is_empty() || listing {
        let at = match args.value("points-at") {
            Some(name) => Some(context::object(&repository, name)?.id()),
            None => None,
        };
        let names = repository.tag_names(None)?;
        let mut names: Vec<&str> = names.iter().flatten().flatten().collect();
        names.sort_unstable();
        for name in names {
            let fits = args.words.is_empty() || args.words.iter().any(|pattern| matches(pattern, name));
            let here = at.is_none_or(|at| {
                repository
                    .revparse_single(&format!("refs/tags/{name}^{{commit}}"))
                    .is_ok_and(|object| object.id() == at)
            });
            if fits && here {
                out::line(name);
            }
        }
        return Ok(0);
    }
    let name = &args.words[0];
    if !git2::Tag::is_valid_name(name) {
        return Err(Failure::fatal(
            Kind::Invalid,
            format!("'{name}' is not a valid tag name."),
        ));
    }
    let target = context::object(&repository, args.words.get(1).map_or("HEAD", String::as_str))?;
    let taken = |error: git2::Error| match error.code() {
        git2::ErrorCode::Exists => Failure::fatal(Kind::Exists, format!("tag '{name}' already exists")),
        _ => error.into(),
    };
    let message = args.values("message");
    if args.has("annotate") || !message.is_empty() {
        if message.is_empty() {
            return Err(Failure::fatal(
                Kind::Invalid,
                "no tag message? There is no editor here; use -m",
            ));
        }
        let tagger = context::committer(&repository)?;
        let text = format!("{}\n", message.join("\n\n").trim_end());
        repository
            .tag(name, &target, &tagger, &text, args.has("force"))
            .map_err(taken)?;
    } else {
        repository
            .tag_lightweight(name, &target, args.has("force"))
            .map_err(taken)?;
    }
    Ok(0)
}
