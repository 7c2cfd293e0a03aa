//! `git blame`: who wrote each line.

use crate::args::Args;
use crate::failure::{Failure, Kind};
use crate::{context, out, pretty};
use git2::{BlameOptions, Oid};
use std::collections::HashSet;
use std::path::Path;

/// `A,B`, `A,+N` or `A`, from 1.
fn range(text: &str, lines: usize) -> Option<(usize, usize)> {
    let (first, last) = text.split_once(',').unwrap_or((text, ""));
    let first: usize = if first.is_empty() { 1 } else { first.parse().ok()? };
    let last = match last.strip_prefix('+') {
        Some(count) => first.checked_add(count.parse::<usize>().ok()?)?.checked_sub(1)?,
        None if last.is_empty() => lines,
        None => last.parse().ok()?,
    };
    (first >= 1 && first <= last && first <= lines).then_some((first, last.min(lines)))
}

/// The command.
pub fn blame(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "L=",
            "s",
            "porcelain|p",
            "line-porcelain",
            "w",
            "e|show-email",
            "l",
            "date=",
            "M",
            "C",
            "root",
        ],
    )?;
    let repository = context::repository()?;
    let words = args.all();
    let (revision, named) = match words.as_slice() {
        [path] => (None, path),
        [revision, path] => (Some(revision), path),
        _ => return Err(Failure::usage("usage: git blame [<options>] [<rev>] [--] <file>")),
    };
    let path = context::in_tree(&repository, named)?;
    let missing = || {
        Failure::fatal(
            Kind::NoReference,
            format!("no such path '{path}' in {}", revision.map_or("HEAD", String::as_str)),
        )
    };
    let start = context::commit(&repository, revision.map_or("HEAD", String::as_str))?;
    let committed = start.tree()?.get_path(Path::new(&path)).map_err(|_| missing())?.id();
    let contents = match revision {
        None => std::fs::read(context::work_tree(&repository)?.join(&path))?,
        Some(_) => repository.find_blob(committed)?.content().to_vec(),
    };
    let mut options = BlameOptions::new();
    options.newest_commit(start.id()).ignore_whitespace(args.has("w"));
    let whole = repository.blame_file(Path::new(&path), Some(&mut options))?;
    let blame = match revision {
        None if !contents.is_empty() => whole.blame_buffer(&contents)?,
        _ => whole,
    };
    let lines: Vec<&[u8]> = contents.split_inclusive(|byte| *byte == b'\n').collect();
    let (first, last) = match args.value("L") {
        None => (1, lines.len()),
        Some(text) => range(text, lines.len()).ok_or_else(|| {
            Failure::fatal(
                Kind::Invalid,
                format!("file {path} has only {} lines; -L {text} is none of it", lines.len()),
            )
        })?,
    };
    let mut rows = Vec::new();
    for number in first..=last {
        let hunk = blame.get_line(number);
        let id = hunk.as_ref().map_or(Oid::ZERO_SHA1, |hunk| hunk.final_commit_id());
        let original = hunk
            .as_ref()
            .map_or(number, |hunk| hunk.orig_start_line() + number - hunk.final_start_line());
        let (who, time) = match repository.find_commit(id) {
            Ok(commit) => {
                let author = commit.author();
                let who = if args.has("e") {
                    format!("<{}>", String::from_utf8_lossy(author.email_bytes()))
                } else {
                    String::from_utf8_lossy(author.name_bytes()).into_owned()
                };
                (who, author.when())
            }
            Err(_) => ("Not Committed Yet".into(), git2::Time::new(crate::dates::now(), 0)),
        };
        rows.push((number, id, who, time, original));
    }
    let text = |number: usize| {
        String::from_utf8_lossy(lines[number - 1])
            .trim_end_matches('\n')
            .to_owned()
    };
    if args.has("porcelain") || args.has("line-porcelain") {
        let mut told = HashSet::new();
        let mut at = 0;
        while at < rows.len() {
            let count = rows[at..]
                .iter()
                .enumerate()
                .take_while(|(offset, row)| row.1 == rows[at].1 && row.4 == rows[at].4 + offset)
                .count();
            for offset in 0..count {
                let (number, id, _, _, original) = &rows[at + offset];
                let group = if offset == 0 {
                    format!(" {count}")
                } else {
                    String::new()
                };
                crate::say!("{id} {original} {number}{group}");
                if told.insert(*id) || args.has("line-porcelain") {
                    header(&repository, *id, &path);
                }
                crate::say!("\t{}", text(*number));
            }
            at += count;
        }
        return Ok(0);
    }
    let width = rows.iter().map(|row| row.2.chars().count()).max().unwrap_or(0);
    let digits = last.to_string().len();
    let length = if args.has("l") { 40 } else { 8 };
    for (number, id, who, time, _) in &rows {
        let boundary = repository
            .find_commit(*id)
            .is_ok_and(|commit| commit.parent_count() == 0)
            && !args.has("root");
        let hash = id.to_string();
        let hash = if boundary {
            format!("^{}", &hash[..length - 1])
        } else {
            hash[..length].to_owned()
        };
        if args.has("s") {
            crate::say!("{hash} {number:>digits$}) {}", text(*number));
        } else {
            let date = pretty::dated(*time, args.value("date").unwrap_or("iso"));
            crate::say!("{hash} ({who:<width$} {date} {number:>digits$}) {}", text(*number));
        }
    }
    Ok(0)
}

fn header(repository: &git2::Repository, id: Oid, path: &str) {
    let Ok(commit) = repository.find_commit(id) else {
        out::line("author Not Committed Yet");
        return crate::say!("summary Version of {path} from {path}\nfilename {path}");
    };
    for (role, who) in [("author", commit.author()), ("committer", commit.committer())] {
        let raw = pretty::dated(who.when(), "raw");
        let (time, zone) = raw.split_once(' ').unwrap_or((&raw, "+0000"));
        crate::say!(
            "{role} {}\n{role}-mail <{}>\n{role}-time {time}\n{role}-tz {zone}",
            String::from_utf8_lossy(who.name_bytes()),
            String::from_utf8_lossy(who.email_bytes())
        );
    }
    crate::say!("summary {}", pretty::subject(&commit));
    if commit.parent_count() == 0 {
        out::line("boundary");
    }
    crate::say!("filename {path}");
}
