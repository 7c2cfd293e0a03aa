//! `git status`

use crate::args::Args;
use crate::failure::Failure;
use crate::{context, out};
use git2::{Repository, Status, StatusOptions};

/// What is not as it was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From the top of the work tree.
    pub path: String,
    /// What it was called, if it has been renamed.
    pub from: Option<String>,
    /// Of the index against HEAD, as `--short` has it.
    pub staged: char,
    /// Of the work tree against the index.
    pub unstaged: char,
}

/// Which files nobody asked git to know are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Untracked {
    /// None.
    No,
    /// Directories as one.
    Normal,
    /// Each.
    All,
}

/// Everything that differs, in the order of paths, and untracked files at the end.
///
/// # Errors
/// The repository cannot be read.
pub fn collect(repository: &Repository, untracked: Untracked, paths: &[String]) -> Result<Vec<Entry>, Failure> {
    collect_with(repository, untracked, false, paths)
}

fn collect_with(
    repository: &Repository,
    untracked: Untracked,
    ignored: bool,
    paths: &[String],
) -> Result<Vec<Entry>, Failure> {
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
    let statuses = repository.statuses(Some(&mut options))?;
    let mut entries: Vec<Entry> = statuses
        .iter()
        .filter(|entry| (ignored || !entry.status().is_ignored()) && entry.status() != Status::CURRENT)
        .flat_map(|entry| {
            let status = entry.status();
            let delta = entry.head_to_index();
            let (new, old) = match &delta {
                Some(delta) if status.is_index_renamed() => (
                    delta.new_file().path_bytes().map(<[u8]>::to_vec),
                    delta.old_file().path_bytes().map(<[u8]>::to_vec),
                ),
                _ => (None, None),
            };
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            let (staged, unstaged) = letters(repository, status, entry.path_bytes());
            let made = Entry {
                path: text(new.unwrap_or_else(|| entry.path_bytes().to_vec())),
                from: old.map(text),
                staged,
                unstaged,
            };
            // Taken out of the index, and still there.
            let left = (status.is_wt_new() && status.is_index_deleted()).then(|| Entry {
                path: made.path.clone(),
                from: None,
                staged: '?',
                unstaged: '?',
            });
            std::iter::once(made).chain(left)
        })
        .collect();
    let rank = |entry: &Entry| match entry.staged {
        '?' => 1,
        '!' => 2,
        _ => 0,
    };
    entries.sort_by(|one, other| (rank(one), &one.path).cmp(&(rank(other), &other.path)));
    Ok(entries)
}

pub(super) fn letters(repository: &Repository, status: Status, path: &[u8]) -> (char, char) {
    if status.is_conflicted() {
        return conflict(repository, path);
    }
    if status.is_ignored() {
        return ('!', '!');
    }
    if status.is_wt_new() && !status.is_index_deleted() {
        return ('?', '?');
    }
    if status.is_index_new() && is_intended(repository, path) {
        return (' ', 'A');
    }
    let staged = if status.is_index_renamed() {
        'R'
    } else if status.is_index_new() {
        'A'
    } else if status.is_index_modified() {
        'M'
    } else if status.is_index_deleted() {
        'D'
    } else if status.is_index_typechange() {
        'T'
    } else {
        ' '
    };
    let unstaged = if status.is_wt_modified() {
        'M'
    } else if status.is_wt_deleted() {
        'D'
    } else if status.is_wt_typechange() {
        'T'
    } else {
        ' '
    };
    (staged, unstaged)
}

/// Whether a file is only announced (`git add -N`).
fn is_intended(repository: &Repository, path: &[u8]) -> bool {
    let path = String::from_utf8_lossy(path).into_owned();
    repository
        .index()
        .ok()
        .and_then(|index| index.get_path(std::path::Path::new(&path), 0))
        .is_some_and(|entry| entry.flags_extended & super::add::INTENT_TO_ADD != 0)
}

/// By which of the three sides there are.
pub(super) fn conflict(repository: &Repository, path: &[u8]) -> (char, char) {
    let Ok(index) = repository.index() else {
        return ('U', 'U');
    };
    let side = |stage: u16| {
        index
            .iter()
            .any(|entry| entry.path == path && (entry.flags >> 12) & 3 == stage)
    };
    match (side(1), side(2), side(3)) {
        (true, false, false) => ('D', 'D'),
        (false, true, false) => ('A', 'U'),
        (true, true, false) => ('U', 'D'),
        (false, false, true) => ('U', 'A'),
        (true, false, true) => ('D', 'U'),
        (false, true, true) => ('A', 'A'),
        _ => ('U', 'U'),
    }
}

/// The remote's branch that the present one follows, and how far they are apart.
pub struct Following {
    /// Such as `origin/main`.
    pub name: String,
    /// Commits here that are not there, and the other way round; none if it is gone.
    pub apart: Option<(usize, usize)>,
}

/// What the branch checked out follows, if anything.
pub fn following(repository: &Repository) -> Option<Following> {
    following_of(repository, &context::branch(repository)?)
}

/// The same of another branch.
pub fn following_of(repository: &Repository, branch: &str) -> Option<Following> {
    let remote = repository
        .config()
        .ok()?
        .get_string(&format!("branch.{branch}.remote"))
        .ok()?;
    let there = crate::remotes::upstream(repository, branch)?;
    let name = format!("{remote}/{there}");
    let theirs = repository.refname_to_id(&format!("refs/remotes/{name}")).ok();
    let ours = repository.refname_to_id(&format!("refs/heads/{branch}")).ok();
    let apart = theirs
        .zip(ours)
        .and_then(|(theirs, ours)| repository.graph_ahead_behind(ours, theirs).ok());
    Some(Following { name, apart })
}

/// The command.
pub fn status(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "short|s",
            "porcelain=?",
            "branch|b",
            "untracked-files|u=?",
            "long",
            "z|null",
            "ignored=?",
            "verbose|v",
            "ahead-behind",
            "no-ahead-behind",
            "no-renames",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    let untracked = match args.value("untracked-files") {
        Some("no") => Untracked::No,
        Some("all" | "") => Untracked::All,
        _ => Untracked::Normal,
    };
    let paths = context::all_in_tree(&repository, &args.all())?;
    let ignored = args.has("ignored") && args.value("ignored") != Some("no");
    if matches!(args.value("porcelain"), Some("v2" | "2")) {
        return super::status_v2::print(
            &repository,
            untracked,
            ignored,
            &paths,
            args.has("branch"),
            args.has("z"),
        );
    }
    let entries = collect_with(&repository, untracked, ignored, &paths)?;
    let porcelain = args.has("porcelain") || args.has("z");
    if porcelain || args.has("short") {
        if args.has("branch") {
            out::line(&branch_line(&repository));
        }
        for entry in &entries {
            short(&repository, entry, porcelain, args.has("z"));
        }
        return Ok(0);
    }
    long(&repository, &entries);
    Ok(0)
}

fn branch_line(repository: &Repository) -> String {
    let Some(branch) = context::branch(repository) else {
        return "## HEAD (no branch)".into();
    };
    if context::head(repository).is_none() {
        return format!("## No commits yet on {branch}");
    }
    match following(repository) {
        None => format!("## {branch}"),
        Some(Following { name, apart: None }) => format!("## {branch}...{name} [gone]"),
        Some(Following {
            name,
            apart: Some(apart),
        }) => {
            let far = match apart {
                (0, 0) => String::new(),
                (ahead, 0) => format!(" [ahead {ahead}]"),
                (0, behind) => format!(" [behind {behind}]"),
                (ahead, behind) => format!(" [ahead {ahead}, behind {behind}]"),
            };
            format!("## {branch}...{name}{far}")
        }
    }
}

/// A path as git writes it where spaces and controls would mislead.
pub fn quoted(path: &str, spaces: bool) -> String {
    let odd = |byte: u8| byte < 0x20 || byte == 0x7f || byte >= 0x80 || byte == b'"' || byte == b'\\';
    if !path.bytes().any(|byte| odd(byte) || (spaces && byte == b' ')) {
        return path.to_owned();
    }
    let mut text = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            byte if odd(byte) => text.push_str(&format!("\\{byte:03o}")),
            byte => text.push(char::from(byte)),
        }
    }
    text.push('"');
    text
}

fn short(repository: &Repository, entry: &Entry, porcelain: bool, nul: bool) {
    let Entry { staged, unstaged, .. } = entry;
    if nul {
        out::text(&format!("{staged}{unstaged} {}\0", entry.path));
        if let Some(from) = &entry.from {
            out::text(&format!("{from}\0"));
        }
        return;
    }
    let shown = |path: &str| {
        let path = if porcelain {
            path.to_owned()
        } else {
            context::from_here(repository, path)
        };
        quoted(&path, true)
    };
    match &entry.from {
        Some(from) => crate::say!("{staged}{unstaged} {} -> {}", shown(from), shown(&entry.path)),
        None => crate::say!("{staged}{unstaged} {}", shown(&entry.path)),
    }
}

fn words(letter: char) -> &'static str {
    match letter {
        'A' => "new file:   ",
        'D' => "deleted:    ",
        'R' => "renamed:    ",
        'T' => "typechange: ",
        _ => "modified:   ",
    }
}

fn long(repository: &Repository, entries: &[Entry]) {
    match context::branch(repository) {
        Some(branch) => crate::say!("On branch {branch}"),
        None => {
            let head = context::head(repository).map_or_else(String::new, |head| context::short(head.as_object()));
            crate::say!("HEAD detached at {head}");
        }
    }
    if let Some(Following { name, apart }) = following(repository) {
        let plural = |count| if count == 1 { "" } else { "s" };
        match apart {
            None => crate::say!("Your branch is based on '{name}', but the upstream is gone."),
            Some((0, 0)) => crate::say!("Your branch is up to date with '{name}'."),
            Some((ahead, 0)) => crate::say!(
                "Your branch is ahead of '{name}' by {ahead} commit{}.\n  (use \"git push\" to publish your local commits)",
                plural(ahead)
            ),
            Some((0, behind)) => crate::say!(
                "Your branch is behind '{name}' by {behind} commit{}, and can be fast-forwarded.\n  \
                 (use \"git pull\" to update your local branch)",
                plural(behind)
            ),
            Some((ahead, behind)) => crate::say!(
                "Your branch and '{name}' have diverged,\nand have {ahead} and {behind} different commits each, respectively.\n  \
                 (use \"git pull\" if you want to integrate the remote branch with yours)"
            ),
        }
        out::line("");
    }
    let fresh = context::head(repository).is_none();
    if fresh {
        out::line("\nNo commits yet\n");
    }
    let merging = repository.state() == git2::RepositoryState::Merge;
    let is_conflict = |entry: &&Entry| {
        entry.staged == 'U'
            || entry.unstaged == 'U'
            || matches!((entry.staged, entry.unstaged), ('A', 'A') | ('D', 'D'))
    };
    let conflicts: Vec<&Entry> = entries.iter().filter(is_conflict).collect();
    if merging {
        if conflicts.is_empty() {
            out::line("All conflicts fixed but you are still merging.\n  (use \"git commit\" to conclude merge)\n");
        } else {
            out::line(
                "You have unmerged paths.\n  (fix conflicts and run \"git commit\")\n  \
                 (use \"git merge --abort\" to abort the merge)\n",
            );
        }
    }
    let path = |entry: &Entry| match &entry.from {
        Some(from) => format!(
            "{} -> {}",
            context::from_here(repository, from),
            context::from_here(repository, &entry.path)
        ),
        None => context::from_here(repository, &entry.path),
    };
    let plain = |entry: &&Entry| !is_conflict(entry) && !matches!(entry.staged, '?' | '!');
    let staged: Vec<&Entry> = entries
        .iter()
        .filter(plain)
        .filter(|entry| entry.staged != ' ')
        .collect();
    let unstaged: Vec<&Entry> = entries
        .iter()
        .filter(plain)
        .filter(|entry| entry.unstaged != ' ')
        .collect();
    let untracked: Vec<&Entry> = entries.iter().filter(|entry| entry.staged == '?').collect();
    if !staged.is_empty() {
        out::line("Changes to be committed:");
        if fresh {
            out::line("  (use \"git rm --cached <file>...\" to unstage)");
        } else if !merging {
            out::line("  (use \"git restore --staged <file>...\" to unstage)");
        }
        for entry in &staged {
            crate::say!("\t{}{}", words(entry.staged), path(entry));
        }
        out::line("");
    }
    if !conflicts.is_empty() {
        out::line("Unmerged paths:\n  (use \"git add <file>...\" to mark resolution)");
        for entry in &conflicts {
            let how = match (entry.staged, entry.unstaged) {
                ('D', 'D') => "both deleted:    ",
                ('A', 'U') => "added by us:     ",
                ('U', 'D') => "deleted by them: ",
                ('U', 'A') => "added by them:   ",
                ('D', 'U') => "deleted by us:   ",
                ('A', 'A') => "both added:      ",
                _ => "both modified:   ",
            };
            crate::say!("\t{how}{}", path(entry));
        }
        out::line("");
    }
    if !unstaged.is_empty() {
        let deleted = unstaged.iter().any(|entry| entry.unstaged == 'D');
        crate::say!(
            "Changes not staged for commit:\n  (use \"git add{} <file>...\" to update what will be committed)\n  \
             (use \"git restore <file>...\" to discard changes in working directory)",
            if deleted { "/rm" } else { "" }
        );
        for entry in &unstaged {
            crate::say!(
                "\t{}{}",
                words(entry.unstaged),
                context::from_here(repository, &entry.path)
            );
        }
        out::line("");
    }
    if !untracked.is_empty() {
        out::line("Untracked files:\n  (use \"git add <file>...\" to include in what will be committed)");
        for entry in &untracked {
            crate::say!("\t{}", context::from_here(repository, &entry.path));
        }
        out::line("");
    }
    if staged.is_empty() && (!merging || !conflicts.is_empty()) {
        out::line(
            match (unstaged.is_empty() && conflicts.is_empty(), untracked.is_empty(), fresh) {
                (false, _, _) => "no changes added to commit (use \"git add\" and/or \"git commit -a\")",
                (true, false, _) => "nothing added to commit but untracked files present (use \"git add\" to track)",
                (true, true, true) => "nothing to commit (create/copy files and use \"git add\" to track)",
                (true, true, false) => "nothing to commit, working tree clean",
            },
        );
    }
}
