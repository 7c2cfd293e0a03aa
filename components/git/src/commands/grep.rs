//! `git grep`: where texts stand in what git knows. Patterns are texts; what would be more is refused, not misread.

use crate::args::Args;
use crate::commands::branch::matches;
use crate::commands::status::quoted;
use crate::context;
use crate::failure::{Failure, Kind};
use git2::{Repository, TreeWalkMode, TreeWalkResult};

/// Beginning of a file in which a NUL makes it binary, as git looks.
const LOOKED_AT: usize = 8000;

struct Search {
    texts: Vec<String>,
    folded: bool,
    words: bool,
    inverted: bool,
}

impl Search {
    fn holds(&self, line: &str) -> bool {
        let line = if self.folded {
            line.to_lowercase()
        } else {
            line.to_owned()
        };
        let wordlike = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        let found = self.texts.iter().any(|text| {
            line.match_indices(text.as_str()).any(|(at, found)| {
                !self.words
                    || (!wordlike(line[..at].chars().next_back()) && !wordlike(line[at + found.len()..].chars().next()))
            })
        });
        found != self.inverted
    }
}

fn tell(args: &Args, search: &Search, name: &str, content: &[u8]) -> bool {
    let binary = content[..content.len().min(LOOKED_AT)].contains(&0);
    let text = String::from_utf8_lossy(content);
    let mut count = 0_usize;
    for (at, line) in text.lines().enumerate() {
        if !search.holds(line) {
            continue;
        }
        count += 1;
        if args.has("quiet") || args.has("files-with-matches") || args.has("files-without-match") || args.has("count") {
            continue;
        }
        if binary {
            crate::say!("Binary file {name} matches");
            return true;
        }
        let before = if args.has("h") {
            String::new()
        } else {
            format!("{name}:")
        };
        if args.has("line-number") {
            crate::say!("{before}{}:{line}", at + 1);
        } else {
            crate::say!("{before}{line}");
        }
    }
    if args.has("files-without-match") {
        if count == 0 {
            crate::say!("{name}");
        }
        return count == 0;
    }
    if count > 0 && args.has("files-with-matches") {
        crate::say!("{name}");
    } else if count > 0 && args.has("count") {
        crate::say!("{name}:{count}");
    }
    count > 0
}

/// The command.
pub fn grep(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "line-number|n",
            "ignore-case|i",
            "files-with-matches|l|name-only",
            "files-without-match|L",
            "count|c",
            "fixed-strings|F",
            "extended-regexp|E",
            "basic-regexp|G",
            "word-regexp|w",
            "invert-match|v",
            "quiet|q",
            "h",
            "I",
            "e=",
            "cached",
            "untracked",
            "no-color",
            "color=?",
        ],
    )?;
    let repository = context::repository()?;
    let mut words = args.words.clone();
    let mut texts: Vec<String> = args.values("e").into_iter().map(str::to_owned).collect();
    if texts.is_empty() {
        if words.is_empty() {
            return Err(Failure::fatal(Kind::Invalid, "no pattern given"));
        }
        texts.push(words.remove(0));
    }
    let special: &[char] = &['.', '*', '[', '\\', '^', '$', '(', ')', '+', '?', '{', '|'];
    if let Some(text) = texts
        .iter()
        .find(|text| text.contains(special))
        .filter(|_| !args.has("fixed-strings"))
    {
        return Err(Failure::fatal(
            Kind::Invalid,
            format!(
                "'{text}' is a pattern, and `git grep` takes texts here: say -F if it is one, or use `git ls-files | xargs grep`"
            ),
        ));
    }
    let folded = args.has("ignore-case");
    if folded {
        texts = texts.into_iter().map(|text| text.to_lowercase()).collect();
    }
    let search = Search {
        texts,
        folded,
        words: args.has("word-regexp"),
        inverted: args.has("invert-match"),
    };
    let mut revisions = Vec::new();
    while let Some(word) = words.first() {
        if std::fs::symlink_metadata(word).is_ok() || repository.revparse_single(word).is_err() {
            break;
        }
        revisions.push(words.remove(0));
    }
    words.extend(args.paths.iter().flatten().cloned());
    let paths = context::all_in_tree(&repository, &words)?;
    let here = context::in_tree(&repository, ".")?;
    let under = |path: &str, top: &str| {
        top.is_empty() || path == top || path.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'))
    };
    let fits = |path: &str| {
        if paths.is_empty() {
            under(path, &here)
        } else {
            paths.iter().any(|named| under(path, named) || matches(named, path))
        }
    };
    let mut found = false;
    for revision in &revisions {
        found |= in_tree(&repository, revision, &args, &search, &fits)?;
    }
    if revisions.is_empty() {
        let tree = context::work_tree(&repository)?.to_path_buf();
        for entry in repository.index()?.iter() {
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            if !fits(&path) {
                continue;
            }
            let content = if args.has("cached") {
                repository.find_blob(entry.id).map(|blob| blob.content().to_vec()).ok()
            } else {
                std::fs::read(tree.join(&path)).ok()
            };
            if let Some(content) = content {
                let shown = quoted(&context::from_here(&repository, &path), false);
                found |= tell(&args, &search, &shown, &content);
            }
        }
    }
    Ok(i32::from(!found))
}

fn in_tree(
    repository: &Repository,
    revision: &str,
    args: &Args,
    search: &Search,
    fits: &dyn Fn(&str) -> bool,
) -> Result<bool, Failure> {
    let tree = context::object(repository, revision)?.peel_to_tree()?;
    let mut found = false;
    tree.walk(TreeWalkMode::PreOrder, |top, entry| {
        let path = format!("{top}{}", String::from_utf8_lossy(entry.name_bytes()));
        if fits(&path)
            && let Ok(blob) = repository.find_blob(entry.id())
        {
            found |= tell(args, search, &format!("{revision}:{path}"), blob.content());
        }
        TreeWalkResult::Ok
    })?;
    Ok(found)
}
