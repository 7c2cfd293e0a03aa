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
            "contains=+",
            "merged=+",
            "no-merged=+",
            "format=",
            "file|F=",
            "no-sign",
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
    let listing = [
        "list",
        "points-at",
        "contains",
        "merged",
        "no-merged",
        "n",
        "format",
        "sort",
    ]
    .iter()
    .any(|name| args.has(name));
    if args.words.is_empty() || listing {
        let chosen = super::refs::Chosen::of(&repository, &args)?;
        let names = repository.tag_names(None)?;
        let names = names
            .iter()
            .flatten()
            .flatten()
            .map(|name| format!("refs/tags/{name}"))
            .collect();
        for full in super::refs::ordered(&repository, names, &args.values("sort"))? {
            let name = full.strip_prefix("refs/tags/").unwrap_or(&full);
            let fits = args.words.is_empty() || args.words.iter().any(|pattern| matches(pattern, name));
            if !fits || !chosen.fits(&repository, &full) {
                continue;
            }
            match args.value("format") {
                Some(format) => out::line(&super::refs::expand(&repository, &full, format)?),
                None if args.has("n") => {
                    let subject = super::refs::expand(&repository, &full, "%(contents:subject)")?;
                    crate::say!("{name:<15} {subject}");
                }
                None => out::line(name),
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
    let at = args.words.get(1).map_or("HEAD", String::as_str);
    let target = context::object(&repository, at)
        .map_err(|failure| Failure::fatal(failure.kind, format!("Failed to resolve '{at}' as a valid ref.")))?;
    let before = repository.refname_to_id(&format!("refs/tags/{name}")).ok();
    let taken = |error: git2::Error| match error.code() {
        git2::ErrorCode::Exists => Failure::fatal(Kind::Exists, format!("tag '{name}' already exists")),
        _ => error.into(),
    };
    let from_file = match args.value("file") {
        Some(path) => Some(std::fs::read_to_string(path)?),
        None => None,
    };
    let mut message = args.values("message");
    message.extend(from_file.as_deref());
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
    if let Some(before) = before.filter(|before| {
        repository
            .refname_to_id(&format!("refs/tags/{name}"))
            .is_ok_and(|now| now != *before)
    }) {
        crate::say!("Updated tag '{name}' (was {})", &before.to_string()[..7]);
    }
    Ok(0)
}
