//! `git status --porcelain=v2`: with modes and hashes, for programs.

use super::status::{Following, Untracked, conflict, following, letters, quoted};
use crate::failure::Failure;
use crate::{context, out};
use git2::{DiffFile, Oid, Repository, StatusEntry, StatusOptions};
use std::path::Path;

fn mode(file: &DiffFile<'_>) -> u32 {
    u32::from(file.mode())
}

/// A line without its end, and the path before a renaming.
fn line(repository: &Repository, entry: &StatusEntry<'_>, shown: &dyn Fn(&[u8]) -> String) -> (String, Option<String>) {
    let status = entry.status();
    let path = entry.path_bytes();
    if status.is_ignored() {
        return (format!("! {}", shown(path)), None);
    }
    if status.is_conflicted() {
        return (unmerged(repository, path, &shown(path)), None);
    }
    let (staged, unstaged) = letters(repository, status, path);
    if staged == '?' {
        return (format!("? {}", shown(path)), None);
    }
    let dot = |letter: char| if letter == ' ' { '.' } else { letter };
    let (index, work) = (entry.head_to_index(), entry.index_to_workdir());
    let (head, staged_side) = match (&index, &work) {
        (Some(delta), _) => (
            (mode(&delta.old_file()), delta.old_file().id()),
            (mode(&delta.new_file()), delta.new_file().id()),
        ),
        (None, Some(delta)) => {
            let side = (mode(&delta.old_file()), delta.old_file().id());
            (side, side)
        }
        (None, None) => ((0, Oid::ZERO_SHA1), (0, Oid::ZERO_SHA1)),
    };
    let there = work.as_ref().map_or(staged_side.0, |delta| mode(&delta.new_file()));
    let letters = format!("{}{}", dot(staged), dot(unstaged));
    let numbers = format!(
        "{:06o} {:06o} {there:06o} {} {}",
        head.0, staged_side.0, head.1, staged_side.1
    );
    match index.filter(|_| status.is_index_renamed()) {
        Some(delta) => {
            let new = delta.new_file().path_bytes().unwrap_or(path);
            let old = delta.old_file().path_bytes().map(shown);
            // libgit2 tells no likeness here; renamed without a change is all of it.
            let alike = if head.1 == staged_side.1 { 100 } else { 50 };
            (format!("2 {letters} N... {numbers} R{alike} {}", shown(new)), old)
        }
        None => (format!("1 {letters} N... {numbers} {}", shown(path)), None),
    }
}

fn unmerged(repository: &Repository, path: &[u8], shown: &str) -> String {
    let (ours, theirs) = conflict(repository, path);
    let side = |stage| {
        let text = String::from_utf8_lossy(path).into_owned();
        repository
            .index()
            .ok()
            .and_then(|index| index.get_path(Path::new(&text), stage))
            .map_or((0, Oid::ZERO_SHA1), |entry| (entry.mode, entry.id))
    };
    let [one, two, three] = [1, 2, 3].map(side);
    let there = if two.0 == 0 { three.0 } else { two.0 };
    format!(
        "u {ours}{theirs} N... {:06o} {:06o} {:06o} {there:06o} {} {} {} {shown}",
        one.0, two.0, three.0, one.1, two.1, three.1
    )
}

fn branch(repository: &Repository, end: &str) {
    let head = context::head(repository).map_or_else(|| "(initial)".into(), |head| head.id().to_string());
    let name = context::branch(repository).unwrap_or_else(|| "(detached)".into());
    out::text(&format!("# branch.oid {head}{end}# branch.head {name}{end}"));
    if let Some(Following { name, apart }) = following(repository) {
        out::text(&format!("# branch.upstream {name}{end}"));
        if let Some((ahead, behind)) = apart {
            out::text(&format!("# branch.ab +{ahead} -{behind}{end}"));
        }
    }
}

/// Prints it.
///
/// # Errors
/// The repository cannot be read.
pub fn print(
    repository: &Repository,
    untracked: Untracked,
    ignored: bool,
    paths: &[String],
    with_branch: bool,
    nul: bool,
) -> Result<i32, Failure> {
    let end = if nul { "\0" } else { "\n" };
    if with_branch {
        branch(repository, end);
    }
    let mut options = StatusOptions::new();
    options
        .include_untracked(untracked != Untracked::No)
        .recurse_untracked_dirs(untracked == Untracked::All)
        .include_ignored(ignored)
        .renames_head_to_index(true)
        .exclude_submodules(true)
        .update_index(true);
    for path in paths.iter().filter(|path| !path.is_empty()) {
        options.pathspec(path);
    }
    let shown = |path: &[u8]| {
        let text = String::from_utf8_lossy(path).into_owned();
        if nul { text } else { quoted(&text, false) }
    };
    let mut lines: Vec<(String, Option<String>)> = repository
        .statuses(Some(&mut options))?
        .iter()
        .map(|entry| line(repository, &entry, &shown))
        .collect();
    let rank = |line: &str| match line.as_bytes().first() {
        Some(b'1' | b'2') => 0,
        Some(b'u') => 1,
        Some(b'?') => 2,
        _ => 3,
    };
    lines.sort_by_key(|(line, _)| rank(line));
    for (line, from) in lines {
        let before = from.map_or_else(String::new, |from| format!("{}{from}", if nul { "\0" } else { "\t" }));
        out::text(&format!("{line}{before}{end}"));
    }
    Ok(0)
}
