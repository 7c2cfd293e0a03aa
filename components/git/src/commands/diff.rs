//! `git diff`, and how changes are shown elsewhere.

use crate::args::Args;
use crate::commands::status::quoted;
use crate::failure::{Failure, Kind};
use crate::{context, out, pretty};
use git2::{Delta, Diff, DiffDelta, DiffFindOptions, DiffFormat, DiffOptions, Patch, Repository};

/// Options that choose what is shown of changes, for every command that shows some.
pub const OPTIONS: [&str; 33] = [
    "stat=?",
    "shortstat",
    "numstat",
    "name-only",
    "name-status",
    "patch|p|u",
    "no-patch|s",
    "summary",
    "unified|U=",
    "ignore-all-space|w",
    "ignore-space-change|b",
    "find-renames|M=?",
    "no-renames",
    "no-color",
    "color=?",
    "exit-code",
    "diff-filter=",
    "R",
    "no-prefix",
    "src-prefix=",
    "dst-prefix=",
    "z",
    "patch-with-stat",
    "no-ext-diff",
    "text|a",
    "full-index",
    "minimal",
    "patience",
    "histogram",
    "diff-algorithm=",
    "ignore-space-at-eol",
    "raw",
    "no-textconv",
];

/// How libgit2 is to compare.
pub fn options(args: &Args, paths: &[String]) -> Result<DiffOptions, Failure> {
    let mut options = DiffOptions::new();
    options
        .ignore_whitespace(args.has("ignore-all-space"))
        .ignore_whitespace_change(args.has("ignore-space-change"));
    options
        .reverse(args.has("R"))
        .force_text(args.has("text"))
        .minimal(args.has("minimal"))
        .patience(args.has("patience"))
        .ignore_whitespace_eol(args.has("ignore-space-at-eol"));
    if args.has("full-index") {
        options.id_abbrev(40);
    }
    if args.has("no-prefix") {
        options.old_prefix("").new_prefix("");
    }
    if let Some(prefix) = args.value("src-prefix") {
        options.old_prefix(prefix);
    }
    if let Some(prefix) = args.value("dst-prefix") {
        options.new_prefix(prefix);
    }
    if let Some(lines) = args.number("unified")? {
        options.context_lines(u32::try_from(lines).unwrap_or(u32::MAX));
    }
    for path in paths.iter().filter(|path| !path.is_empty()) {
        options.pathspec(path);
    }
    Ok(options)
}

/// Whether `--diff-filter` takes a kind of change: capital letters are wanted, small ones are not.
fn wanted(args: &Args, status: Delta) -> bool {
    let Some(filter) = args.value("diff-filter") else {
        return true;
    };
    let own = letter(status);
    let chosen = filter.chars().any(|letter| letter.is_ascii_uppercase());
    !filter.contains(own.to_ascii_lowercase()) && (!chosen || filter.contains(own))
}

/// Shows changes in the way that options choose; as a patch if they choose none and `patch` is set.
pub fn print(mut diff: Diff<'_>, args: &Args, patch: bool) -> Result<usize, Failure> {
    if !args.has("no-renames") {
        diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
    }
    let count = diff.deltas().filter(|delta| wanted(args, delta.status())).count();
    if args.has("no-patch") {
        return Ok(count);
    }
    let mut chosen = false;
    if args.has("name-only") || args.has("name-status") {
        for delta in diff.deltas().filter(|delta| wanted(args, delta.status())) {
            let (old, new) = names(&delta);
            if args.has("z") {
                let status = if args.has("name-only") {
                    String::new()
                } else {
                    format!("{}\0", letter(delta.status()))
                };
                out::text(&format!("{status}{new}\0"));
            } else if args.has("name-only") {
                out::line(&quoted(&new, false));
            } else if delta.status() == Delta::Renamed {
                crate::say!(
                    "R{:03}\t{}\t{}",
                    similarity(&diff, &new),
                    quoted(&old, false),
                    quoted(&new, false)
                );
            } else {
                crate::say!("{}\t{}", letter(delta.status()), quoted(&new, false));
            }
        }
        chosen = true;
    }
    if args.has("numstat") {
        for (row, insertions, deletions) in rows(&diff, &|status| wanted(args, status))? {
            match row.binary {
                true => crate::say!("-\t-\t{}", row.name),
                false => crate::say!("{insertions}\t{deletions}\t{}", row.name),
            }
        }
        chosen = true;
    }
    if args.has("raw") {
        for delta in diff.deltas().filter(|delta| wanted(args, delta.status())) {
            let (old, new) = (delta.old_file(), delta.new_file());
            crate::say!(
                ":{:06o} {:06o} {} {} {}\t{}",
                u32::from(old.mode()),
                u32::from(new.mode()),
                &old.id().to_string()[..7],
                &new.id().to_string()[..7],
                letter(delta.status()),
                quoted(&names(&delta).1, false)
            );
        }
        chosen = true;
    }
    if args.has("stat") || args.has("patch-with-stat") {
        stat(&diff, &|status| wanted(args, status))?;
        chosen = true;
    } else if args.has("shortstat") {
        let stats = diff.stats()?;
        if stats.files_changed() > 0 {
            out::line(&pretty::counts(
                stats.files_changed(),
                stats.insertions(),
                stats.deletions(),
            ));
        }
        chosen = true;
    }
    if args.has("summary") {
        modes(&diff);
        chosen = true;
    }
    if args.has("patch") || args.has("patch-with-stat") || (patch && !chosen) {
        if chosen {
            out::line("");
        }
        diff.print(DiffFormat::Patch, |delta, _, line| {
            if !wanted(args, delta.status()) {
                return true;
            }
            if matches!(line.origin(), '+' | '-' | ' ') {
                let mut buffer = [0; 4];
                out::text(line.origin().encode_utf8(&mut buffer));
            }
            if line.origin() == 'F' {
                header(line.content());
            } else {
                out::bytes(line.content());
            }
            true
        })?;
    }
    Ok(count)
}

/// The head of a file's changes; names with spaces end with a tab, so that programs see where they end.
fn header(content: &[u8]) {
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let name = line.strip_prefix(b"--- ").or_else(|| line.strip_prefix(b"+++ "));
        match (name.is_some_and(|name| name.contains(&b' ')), line.strip_suffix(b"\n")) {
            (true, Some(bare)) => {
                out::bytes(bare);
                out::bytes(b"\t\n");
            }
            _ => out::bytes(line),
        }
    }
}

/// How alike a renamed file is, in per cent; libgit2 says it only in a patch's head.
fn similarity(diff: &Diff<'_>, name: &str) -> usize {
    let mut found = 100;
    let _ = diff.print(DiffFormat::PatchHeader, |delta, _, line| {
        if names(&delta).1 == name
            && let Some(at) = memchr::memmem::find(line.content(), b"similarity index ")
        {
            let rest = String::from_utf8_lossy(&line.content()[at + 17..]);
            found = rest.split('%').next().and_then(|text| text.parse().ok()).unwrap_or(100);
        }
        true
    });
    found
}

fn letter(status: Delta) -> char {
    match status {
        Delta::Added | Delta::Untracked => 'A',
        Delta::Deleted => 'D',
        Delta::Renamed => 'R',
        Delta::Copied => 'C',
        Delta::Typechange => 'T',
        Delta::Conflicted => 'U',
        _ => 'M',
    }
}

fn names(delta: &DiffDelta<'_>) -> (String, String) {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let old = text(delta.old_file().path_bytes());
    let new = text(delta.new_file().path_bytes().or(delta.old_file().path_bytes()));
    (old, new)
}

struct Row {
    name: String,
    binary: bool,
}

/// `a/{b => c}/d`, as git joins the names of a renamed file.
fn joined(old: &str, new: &str) -> String {
    if old == new {
        return quoted(new, false);
    }
    let common = |one: &str, other: &str| one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let mut start = common(old, new);
    while start > 0 && old.as_bytes()[start - 1] != b'/' {
        start -= 1;
    }
    let backwards = |text: &str| text[start..].bytes().rev().collect::<Vec<u8>>();
    let mut end = backwards(old)
        .iter()
        .zip(&backwards(new))
        .take_while(|(a, b)| a == b)
        .count();
    while end > 0 && old.as_bytes()[old.len() - end] != b'/' {
        end -= 1;
    }
    if start == 0 && end == 0 {
        return format!("{old} => {new}");
    }
    format!(
        "{}{{{} => {}}}{}",
        &old[..start],
        &old[start..old.len() - end],
        &new[start..new.len() - end],
        &old[old.len() - end..]
    )
}

fn rows(diff: &Diff<'_>, wanted: &dyn Fn(Delta) -> bool) -> Result<Vec<(Row, usize, usize)>, Failure> {
    let mut rows = Vec::new();
    for (at, delta) in diff.deltas().enumerate() {
        if !wanted(delta.status()) {
            continue;
        }
        let patch = Patch::from_diff(diff, at)?;
        let (_, insertions, deletions) = match &patch {
            Some(patch) => patch.line_stats()?,
            None => (0, 0, 0),
        };
        let (old, new) = names(&delta);
        let binary = patch.as_ref().is_none_or(|patch| patch.delta().flags().is_binary());
        let name = if delta.status() == Delta::Renamed {
            joined(&old, &new)
        } else {
            quoted(&new, false)
        };
        rows.push((Row { name, binary }, insertions, deletions));
    }
    Ok(rows)
}

/// Columns of a table of changes.
const WIDTH: usize = 80;

fn stat(diff: &Diff<'_>, wanted: &dyn Fn(Delta) -> bool) -> Result<(), Failure> {
    let rows = rows(diff, wanted)?;
    if rows.is_empty() {
        return Ok(());
    }
    let most = rows
        .iter()
        .map(|(_, insertions, deletions)| insertions + deletions)
        .max()
        .unwrap_or(0);
    let digits = most
        .to_string()
        .len()
        .max(if rows.iter().any(|(row, ..)| row.binary) { 3 } else { 1 });
    let mut name_width = rows.iter().map(|(row, ..)| row.name.chars().count()).max().unwrap_or(0);
    // As git shares the width: the graph has three eighths, names the rest, and neither more than it needs.
    let mut graph = most;
    if name_width + digits + 6 + graph > WIDTH {
        graph = graph.min((WIDTH * 3 / 8).saturating_sub(digits + 6).max(6));
        if name_width > WIDTH.saturating_sub(digits + 6 + graph) {
            name_width = WIDTH.saturating_sub(digits + 6 + graph);
        } else {
            graph = WIDTH - digits - 6 - name_width;
        }
    }
    for (row, insertions, deletions) in &rows {
        let mut name = row.name.clone();
        let length = name.chars().count();
        if length > name_width {
            name = format!("...{}", name.chars().skip(length - name_width + 3).collect::<String>());
        }
        if row.binary {
            crate::say!(" {name:<name_width$} | {:>digits$}", "Bin");
            continue;
        }
        let scaled = |count: usize| if count == 0 { 0 } else { 1 + count * (graph - 1) / most };
        let total = insertions + deletions;
        let (mut plus, mut minus) = (*insertions, *deletions);
        if graph < most {
            let both = scaled(total).max(if plus > 0 && minus > 0 { 2 } else { 0 });
            if plus < minus {
                plus = scaled(plus);
                minus = both - plus;
            } else {
                minus = scaled(minus);
                plus = both - minus;
            }
        }
        let marks = format!("{}{}", "+".repeat(plus), "-".repeat(minus));
        let space = if marks.is_empty() { "" } else { " " };
        crate::say!(" {name:<name_width$} | {total:>digits$}{space}{marks}");
    }
    let insertions = rows.iter().map(|(_, insertions, _)| insertions).sum();
    let deletions = rows.iter().map(|(.., deletions)| deletions).sum();
    out::line(&pretty::counts(rows.len(), insertions, deletions));
    Ok(())
}

/// What is new, gone, renamed or has another mode.
fn modes(diff: &Diff<'_>) {
    for delta in diff.deltas() {
        let (old, new) = names(&delta);
        match delta.status() {
            Delta::Added => crate::say!(
                " create mode {:06o} {}",
                u32::from(delta.new_file().mode()),
                quoted(&new, false)
            ),
            Delta::Deleted => crate::say!(
                " delete mode {:06o} {}",
                u32::from(delta.old_file().mode()),
                quoted(&new, false)
            ),
            Delta::Renamed => crate::say!(" rename {} ({}%)", joined(&old, &new), similarity(diff, &new)),
            _ if delta.old_file().mode() != delta.new_file().mode() => crate::say!(
                " mode change {:06o} => {:06o} {}",
                u32::from(delta.old_file().mode()),
                u32::from(delta.new_file().mode()),
                quoted(&new, false)
            ),
            _ => {}
        }
    }
}

/// What a commit has changed: counts, and files that came or went.
pub fn summary(mut diff: Diff<'_>) -> Result<(), Failure> {
    diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
    let stats = diff.stats()?;
    if stats.files_changed() > 0 {
        out::line(&pretty::counts(
            stats.files_changed(),
            stats.insertions(),
            stats.deletions(),
        ));
    }
    modes(&diff);
    Ok(())
}

/// A table and what came or went, as after a merge.
pub fn table(mut diff: Diff<'_>) -> Result<(), Failure> {
    diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
    stat(&diff, &|_| true)?;
    modes(&diff);
    Ok(())
}

/// Words that name commits, and words that name paths: what is no revision is a path.
pub fn sorted(repository: &Repository, args: &Args) -> Result<(Vec<String>, Vec<String>), Failure> {
    let mut revisions = Vec::new();
    let mut paths = Vec::new();
    for word in &args.words {
        let names_commits = word.split("..").any(|part| !part.is_empty()) && {
            let parts: Vec<&str> = if word.contains("...") {
                word.split("...").collect()
            } else {
                word.split("..").collect()
            };
            parts
                .iter()
                .all(|part| part.is_empty() || repository.revparse_single(part.trim_start_matches('^')).is_ok())
        };
        if paths.is_empty() && names_commits {
            revisions.push(word.clone());
        } else if std::fs::symlink_metadata(word).is_ok() {
            paths.push(word.clone());
        } else {
            // Says what it might have meant.
            context::object(repository, word)?;
            revisions.push(word.clone());
        }
    }
    paths.extend(args.paths.iter().flatten().cloned());
    let paths = context::all_in_tree(repository, &paths)?;
    Ok((revisions, paths))
}

/// The command.
pub fn diff(arguments: Vec<String>) -> Result<i32, Failure> {
    let mut known = OPTIONS.to_vec();
    known.extend(["cached|staged", "quiet", "merge-base", "no-index"]);
    let args = Args::parse(arguments, &known)?;
    if args.has("no-index") {
        return Err(Failure::usage("--no-index is not supported here; use `diff`"));
    }
    let repository = context::repository()?;
    let (revisions, paths) = sorted(&repository, &args)?;
    let mut options = options(&args, &paths)?;
    let tree = |name: &str| {
        let name = if name.is_empty() { "HEAD" } else { name };
        context::object(&repository, name)?
            .peel_to_tree()
            .map_err(|_| Failure::fatal(Kind::NoReference, format!("'{name}' names no tree")))
    };
    let changes = match revisions.as_slice() {
        [] if args.has("cached") => {
            let head = context::head(&repository).map(|head| head.tree()).transpose()?;
            repository.diff_tree_to_index(head.as_ref(), None, Some(&mut options))?
        }
        [] => repository.diff_index_to_workdir(None, Some(&mut options))?,
        [one] if one.contains("...") => {
            let (from, to) = one.split_once("...").unwrap_or_default();
            let [from, to] = [from, to].map(|name| if name.is_empty() { "HEAD" } else { name });
            let base = repository.merge_base(
                context::commit(&repository, from)?.id(),
                context::commit(&repository, to)?.id(),
            )?;
            let base = repository.find_commit(base)?.tree()?;
            repository.diff_tree_to_tree(Some(&base), Some(&tree(to)?), Some(&mut options))?
        }
        [one] if one.contains("..") => {
            let (from, to) = one.split_once("..").unwrap_or_default();
            repository.diff_tree_to_tree(Some(&tree(from)?), Some(&tree(to)?), Some(&mut options))?
        }
        [one] if args.has("cached") => repository.diff_tree_to_index(Some(&tree(one)?), None, Some(&mut options))?,
        [one] => repository.diff_tree_to_workdir_with_index(Some(&tree(one)?), Some(&mut options))?,
        [from, to] => repository.diff_tree_to_tree(Some(&tree(from)?), Some(&tree(to)?), Some(&mut options))?,
        _ => return Err(Failure::usage("more than two revisions cannot be compared")),
    };
    let count = if args.has("quiet") {
        changes.deltas().len()
    } else {
        print(changes, &args, true)?
    };
    Ok(i32::from(count > 0 && (args.has("exit-code") || args.has("quiet"))))
}
