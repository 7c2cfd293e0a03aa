//! `git apply`: patches onto files, and the index.

use crate::args::Args;
use crate::commands::diff;
use crate::context;
use crate::failure::{Failure, Kind};
use git2::{ApplyLocation, ApplyOptions, Delta, Diff, Patch, Repository};
use std::io::Read;

/// A patch that takes back what another does.
fn reversed(patch: &str) -> String {
    let mut text = String::with_capacity(patch.len());
    let mut old = None::<&str>;
    for line in patch.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if let Some(rest) = line.strip_prefix("--- ") {
            old = Some(rest);
        } else if let (Some(rest), Some(before)) = (line.strip_prefix("+++ "), old.take()) {
            let side = |path: &str, from: &str, to: &str| match path.strip_prefix(from) {
                Some(rest) => format!("{to}{rest}"),
                None => path.to_owned(),
            };
            text.push_str(&format!(
                "--- {}+++ {}",
                side(rest, "b/", "a/"),
                side(before, "a/", "b/")
            ));
        } else if let Some(rest) = line.strip_prefix("new file mode ") {
            text.push_str(&format!("deleted file mode {rest}"));
        } else if let Some(rest) = line.strip_prefix("deleted file mode ") {
            text.push_str(&format!("new file mode {rest}"));
        } else if let Some(rest) = line.strip_prefix("old mode ") {
            text.push_str(&format!("new mode {rest}"));
        } else if let Some(rest) = line.strip_prefix("new mode ") {
            text.push_str(&format!("old mode {rest}"));
        } else if let Some((from, to)) = bare.strip_prefix("index ").and_then(|rest| rest.split_once("..")) {
            let (to, mode) = to
                .split_once(' ')
                .map_or((to, String::new()), |(to, mode)| (to, format!(" {mode}")));
            text.push_str(&format!("index {to}..{from}{mode}\n"));
        } else if let Some(rest) = line.strip_prefix("@@ -") {
            match rest
                .split_once(" +")
                .and_then(|(old, rest)| Some((old, rest.split_once(" @@")?)))
            {
                Some((old, (new, rest))) => text.push_str(&format!("@@ -{new} +{old} @@{rest}")),
                None => text.push_str(line),
            }
        } else if let Some(rest) = line.strip_prefix('+') {
            text.push('-');
            text.push_str(rest);
        } else if let Some(rest) = line.strip_prefix('-') {
            text.push('+');
            text.push_str(rest);
        } else {
            text.push_str(line);
        }
    }
    text
}

/// The command.
pub fn apply(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "check",
            "stat",
            "numstat",
            "summary",
            "index",
            "cached",
            "reverse|R",
            "verbose|v",
            "quiet|q",
            "whitespace=",
            "allow-empty",
            "p=",
        ],
    )?;
    if args.value("p").is_some_and(|strip| strip != "1") {
        return Err(Failure::fatal(Kind::Invalid, "only -p1 is supported here; use `patch`"));
    }
    let repository = context::repository()?;
    let mut sources = args.all();
    if sources.is_empty() {
        sources.push("-".into());
    }
    for source in sources {
        let mut bytes = Vec::new();
        if source == "-" {
            std::io::stdin().read_to_end(&mut bytes)?;
        } else {
            bytes = std::fs::read(&source).map_err(|error| {
                Failure::error(
                    Kind::NoReference,
                    format!("can't open patch '{source}': {}", crate::console::reason(&error)),
                )
            })?;
        }
        let mut text = String::from_utf8(bytes)
            .map_err(|_| Failure::error(Kind::Invalid, format!("patch '{source}' is no UTF-8 text; use `patch`")))?;
        if args.has("reverse") {
            text = reversed(&text);
        }
        let none = || Failure {
            kind: Kind::Invalid,
            message: "error: No valid patches in input (allow with \"--allow-empty\")".into(),
            code: 128,
        };
        let patch = Diff::from_buffer(text.as_bytes())
            .map_err(|error| Failure::error(Kind::Invalid, format!("corrupt patch: {}", error.message())))?;
        if patch.deltas().len() == 0 {
            if args.has("allow-empty") {
                continue;
            }
            return Err(none());
        }
        if ["stat", "numstat", "summary"].iter().any(|way| args.has(way)) {
            diff::print(patch, &args, false)?;
            continue;
        }
        carry_out(&repository, &patch, &args)?;
    }
    Ok(0)
}

fn carry_out(repository: &Repository, patch: &Diff<'_>, args: &Args) -> Result<(), Failure> {
    let place = || match (args.has("cached"), args.has("index")) {
        (true, _) => ApplyLocation::Index,
        (false, true) => ApplyLocation::Both,
        (false, false) => ApplyLocation::WorkDir,
    };
    // File by file first, so that all that is wrong can be told and nothing is done by halves.
    let mut wrong = Vec::new();
    for (at, delta) in patch.deltas().enumerate() {
        let path = delta
            .new_file()
            .path()
            .or(delta.old_file().path())
            .map(std::path::Path::to_path_buf);
        let path = path.unwrap_or_default();
        let shown = path.display().to_string();
        let there = repository
            .workdir()
            .map(|tree| tree.join(&path))
            .filter(|_| !args.has("cached"));
        if delta.status() == Delta::Added && there.as_ref().is_some_and(|path| path.symlink_metadata().is_ok()) {
            wrong.push(format!("error: {shown}: already exists in working directory"));
            continue;
        }
        if delta.status() != Delta::Added && there.is_some_and(|path| path.symlink_metadata().is_err()) {
            wrong.push(format!("error: {shown}: No such file or directory"));
            continue;
        }
        let mut count = 0;
        let mut options = ApplyOptions::new();
        options.check(true).delta_callback(move |_| {
            count += 1;
            count - 1 == at
        });
        if repository.apply(patch, place(), Some(&mut options)).is_err() {
            let line = Patch::from_diff(patch, at)
                .ok()
                .flatten()
                .and_then(|patch| patch.hunk(0).ok().map(|(hunk, _)| hunk.old_start()))
                .unwrap_or(0);
            wrong.push(format!(
                "error: patch failed: {shown}:{line}\nerror: {shown}: patch does not apply"
            ));
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::plain(Kind::Conflict, wrong.join("\n")));
    }
    if !args.has("check") {
        repository.apply(patch, place(), None)?;
    }
    Ok(())
}
