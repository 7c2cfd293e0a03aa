//! `git log` and `git show`

use crate::args::Args;
use crate::commands::diff;
use crate::dates;
use crate::failure::{Failure, Kind};
use crate::history::Walk;
use crate::pretty::{self, Style};
use crate::{context, out};
use git2::{Commit, DiffOptions, ObjectType, Repository};

/// A format that shows nothing of the commit itself.
const NOTHING: &str = "tformat:";

/// Whether a commit is one line, or what a text with `%` makes of it.
fn is_line(style: &Style) -> bool {
    matches!(style.format.as_str(), "oneline" | "reference" | NOTHING) || style.format.contains('%')
}

fn style(repository: &Repository, args: &Args) -> Style {
    let oneline = args.has("oneline");
    let format = args
        .value("pretty")
        .map(|format| if format.is_empty() { NOTHING } else { format })
        .unwrap_or(if oneline { "oneline" } else { "medium" });
    let custom = format.contains('%');
    let decorate = match args.value("decorate") {
        Some("no") => false,
        Some(_) => true,
        None => out::is_terminal() && !custom,
    };
    let wanted = (decorate && !args.has("no-decorate")) || custom;
    Style {
        format: format.to_owned(),
        date: args.value("date").unwrap_or_default().to_owned(),
        abbreviate: (oneline || args.has("abbrev-commit")) && !args.has("no-abbrev-commit"),
        decorations: if wanted {
            pretty::decorations(repository, args.value("decorate") == Some("full"))
        } else {
            pretty::Decorations::new()
        },
    }
}

/// Begins a walk at revisions and ranges; at HEAD without any.
pub fn walk<'a>(repository: &'a Repository, revisions: &[String], all: bool) -> Result<Walk<'a>, Failure> {
    let mut walk = Walk::new(repository);
    if all {
        if let Some(head) = context::head(repository) {
            walk.push(head.id());
        }
        for reference in repository.references()?.flatten() {
            if let Ok(commit) = reference.peel_to_commit() {
                walk.push(commit.id());
            }
        }
    }
    let id = |name: &str| -> Result<git2::Oid, Failure> {
        Ok(context::commit(repository, if name.is_empty() { "HEAD" } else { name })?.id())
    };
    let mut pushed = all;
    for revision in revisions {
        if let Some((from, to)) = revision.split_once("...") {
            let (from, to) = (id(from)?, id(to)?);
            walk.push(from);
            walk.push(to);
            if let Ok(bases) = repository.merge_bases(from, to) {
                for base in bases.iter() {
                    walk.hide(*base);
                }
            }
            pushed = true;
        } else if let Some((from, to)) = revision.split_once("..") {
            walk.hide(id(from)?);
            walk.push(id(to)?);
            pushed = true;
        } else if let Some(not) = revision.strip_prefix('^') {
            walk.hide(id(not)?);
        } else {
            walk.push(id(revision)?);
            pushed = true;
        }
    }
    if !pushed {
        let Some(head) = context::head(repository) else {
            let branch = context::branch(repository).unwrap_or_default();
            return Err(Failure::fatal(
                Kind::NoReference,
                format!("your current branch '{branch}' does not have any commits yet"),
            ));
        };
        walk.push(head.id());
    }
    Ok(walk)
}

/// What a commit has changed against its first parent.
fn changes<'a>(
    repository: &'a Repository,
    commit: &Commit<'_>,
    options: &mut DiffOptions,
) -> Result<git2::Diff<'a>, Failure> {
    let parent = commit.parent(0).ok().map(|parent| parent.tree()).transpose()?;
    Ok(repository.diff_tree_to_tree(parent.as_ref(), Some(&commit.tree()?), Some(options))?)
}

/// Whether a commit has touched one of the paths.
///
/// # Errors
/// It cannot be read.
pub fn touches(repository: &Repository, commit: &Commit<'_>, paths: &[String]) -> Result<bool, Failure> {
    let mut options = DiffOptions::new();
    for path in paths.iter().filter(|path| !path.is_empty()) {
        options.pathspec(path);
    }
    if commit.parent_count() > 1 {
        // A merge is shown only if it agrees with none of its parents.
        for parent in commit.parents() {
            let diff =
                repository.diff_tree_to_tree(Some(&parent.tree()?), Some(&commit.tree()?), Some(&mut options))?;
            if diff.deltas().len() == 0 {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    Ok(changes(repository, commit, &mut options)?.deltas().len() > 0)
}

fn shows_changes(args: &Args) -> bool {
    [
        "patch",
        "stat",
        "shortstat",
        "numstat",
        "name-only",
        "name-status",
        "summary",
    ]
    .iter()
    .any(|name| args.has(name))
}

/// Whether a text stands somewhere; after `^` at the beginning of a line, before `$` at its end.
fn holds(text: &str, pattern: &str) -> bool {
    let (start, pattern) = pattern.strip_prefix('^').map_or((false, pattern), |rest| (true, rest));
    let (end, pattern) = pattern.strip_suffix('$').map_or((false, pattern), |rest| (true, rest));
    match (start, end) {
        (false, false) => text.contains(pattern),
        (true, true) => text.lines().any(|line| line == pattern),
        (true, false) => text.lines().any(|line| line.starts_with(pattern)),
        (false, true) => text.lines().any(|line| line.ends_with(pattern)),
    }
}

/// Whether a commit has made a text stand there more or less often.
fn counts_differ(repository: &Repository, commit: &Commit<'_>, text: &str) -> Result<bool, Failure> {
    if commit.parent_count() > 1 {
        return Ok(false);
    }
    let count = |id: git2::Oid| {
        repository.find_blob(id).map_or(0, |blob| {
            memchr::memmem::find_iter(blob.content(), text.as_bytes()).count()
        })
    };
    let diff = changes(repository, commit, &mut DiffOptions::new())?;
    Ok(diff
        .deltas()
        .any(|delta| count(delta.old_file().id()) != count(delta.new_file().id())))
}

/// A moment of `--since`.
fn moment(text: &str) -> Result<i64, Failure> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    dates::parse(text).map(|time| time.seconds()).ok_or_else(|| {
        Failure::fatal(
            Kind::Invalid,
            format!("'{text}' is no date here; write YYYY-MM-DD, seconds of Unix time, or N days ago"),
        )
    })
}

/// `git log`
pub fn log(arguments: Vec<String>) -> Result<i32, Failure> {
    let mut known = diff::OPTIONS.to_vec();
    known.extend([
        "oneline",
        "max-count|n=",
        "#",
        "pretty|format=?",
        "date=",
        "all",
        "reverse",
        "decorate=?",
        "no-decorate",
        "abbrev-commit",
        "no-abbrev-commit",
        "author=",
        "grep=",
        "since|after=",
        "until|before=",
        "skip=",
        "no-merges",
        "merges",
        "first-parent",
        "graph",
        "follow",
        "topo-order",
        "regexp-ignore-case|i",
        "invert-grep",
        "date-order",
        "S=",
    ]);
    let args = Args::parse(arguments, &known)?;
    let repository = context::repository()?;
    let (revisions, paths) = diff::sorted(&repository, &args)?;
    let mut walk = walk(&repository, &revisions, args.has("all"))?;
    if args.has("topo-order") || args.has("graph") {
        walk.topological();
    }
    if args.has("first-parent") {
        walk.first_parent();
    }
    let most = args.number("max-count")?.or(args.number("#")?).unwrap_or(usize::MAX);
    let skip = args.number("skip")?.unwrap_or(0);
    let since = args.value("since").map(moment).transpose()?;
    let until = args.value("until").map(moment).transpose()?;
    let folded = |text: &str| {
        if args.has("regexp-ignore-case") {
            text.to_lowercase()
        } else {
            text.to_owned()
        }
    };
    let style = style(&repository, &args);
    let mut picked = Vec::new();
    let mut passed = 0;
    for id in walk {
        if picked.len() >= most {
            break;
        }
        let commit = repository.find_commit(id?)?;
        let time = commit.committer().when().seconds();
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let author = commit.author().to_string();
        let fits = since.is_none_or(|since| time >= since)
            && until.is_none_or(|until| time <= until)
            && args
                .value("author")
                .is_none_or(|text| folded(&author).contains(&folded(text)))
            && (args.values("grep").is_empty()
                || args
                    .values("grep")
                    .iter()
                    .any(|text| holds(&folded(&message), &folded(text)))
                    != args.has("invert-grep"))
            && args
                .value("S")
                .map_or(Ok(true), |text| counts_differ(&repository, &commit, text))?
            && !(args.has("no-merges") && commit.parent_count() > 1)
            && !(args.has("merges") && commit.parent_count() < 2);
        if !fits || (!paths.is_empty() && !touches(&repository, &commit, &paths)?) {
            continue;
        }
        passed += 1;
        if passed > skip {
            if shows_changes(&args) || args.has("reverse") {
                picked.push(commit);
            } else {
                // Shown at once, so that `git log | head` is quick.
                one(&repository, &commit, &args, &style, picked.is_empty(), &paths)?;
                picked.push(commit);
            }
        }
    }
    // Chosen first, then turned round, as git does.
    if args.has("reverse") {
        picked.reverse();
    }
    if shows_changes(&args) || args.has("reverse") {
        for (at, commit) in picked.iter().enumerate() {
            one(&repository, commit, &args, &style, at == 0, &paths)?;
        }
    }
    Ok(0)
}

fn one(
    repository: &Repository,
    commit: &Commit<'_>,
    args: &Args,
    style: &Style,
    first: bool,
    paths: &[String],
) -> Result<(), Failure> {
    let text = pretty::show(commit, style);
    let one_line = is_line(style);
    if !first && (!one_line || !pretty::ends_lines(&style.format)) {
        out::text("\n");
    }
    let graph = if args.has("graph") && one_line { "* " } else { "" };
    out::text(graph);
    if style.format == NOTHING {
        return changed(repository, commit, args, style, paths);
    }
    out::text(text.trim_end_matches(if one_line { '\0' } else { '\n' }));
    if pretty::ends_lines(&style.format) {
        out::text("\n");
    }
    changed(repository, commit, args, style, paths)
}

fn changed(
    repository: &Repository,
    commit: &Commit<'_>,
    args: &Args,
    style: &Style,
    paths: &[String],
) -> Result<(), Failure> {
    if shows_changes(args) && commit.parent_count() < 2 {
        if !matches!(style.format.as_str(), "oneline" | NOTHING) {
            out::text("\n");
        }
        diff::print(
            changes(repository, commit, &mut diff::options(args, paths)?)?,
            args,
            false,
        )?;
    }
    Ok(())
}

/// `git show`
pub fn show(arguments: Vec<String>) -> Result<i32, Failure> {
    let mut known = diff::OPTIONS.to_vec();
    known.extend([
        "oneline",
        "pretty|format=?",
        "date=",
        "decorate=?",
        "no-decorate",
        "abbrev-commit",
        "quiet|q",
    ]);
    let args = Args::parse(arguments, &known)?;
    let repository = context::repository()?;
    let style = style(&repository, &args);
    let paths = context::all_in_tree(&repository, args.paths.as_deref().unwrap_or_default())?;
    let names = if args.words.is_empty() {
        vec!["HEAD".to_owned()]
    } else {
        args.words.clone()
    };
    for name in names {
        let mut object = context::object(&repository, &name)?;
        if let Some(tag) = object.as_tag() {
            crate::say!("tag {}", tag.name().unwrap_or_default());
            if let Some(tagger) = tag.tagger() {
                crate::say!(
                    "Tagger: {tagger}\nDate:   {}",
                    pretty::dated(tagger.when(), &style.date)
                );
            }
            crate::say!("\n{}", String::from_utf8_lossy(tag.message_bytes().unwrap_or_default()));
            let target = object.peel(ObjectType::Commit)?;
            object = target;
        }
        if let Some(blob) = object.as_blob() {
            out::bytes(blob.content());
        } else if let Some(tree) = object.as_tree() {
            crate::say!("tree {name}\n");
            for entry in tree {
                let slash = if entry.kind() == Some(ObjectType::Tree) {
                    "/"
                } else {
                    ""
                };
                crate::say!("{}{slash}", String::from_utf8_lossy(entry.name_bytes()));
            }
        } else if let Some(commit) = object.as_commit() {
            let one_line = is_line(&style);
            if style.format != NOTHING {
                out::text(pretty::show(commit, &style).trim_end_matches(if one_line { '\0' } else { '\n' }));
                out::text("\n");
            }
            if !args.has("quiet") && !args.has("no-patch") && commit.parent_count() < 2 {
                if !matches!(style.format.as_str(), "oneline" | NOTHING) {
                    out::text("\n");
                }
                diff::print(
                    changes(&repository, commit, &mut diff::options(&args, &paths)?)?,
                    &args,
                    true,
                )?;
            }
        }
    }
    Ok(0)
}
