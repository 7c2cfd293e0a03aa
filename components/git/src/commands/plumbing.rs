//! What scripts use: `ls-files`, `ls-tree`, `ls-remote`, `cat-file`, `hash-object`, `check-ignore`.

use crate::args::Args;
use crate::commands::status::quoted;
use crate::failure::{Failure, Kind};
use crate::{context, out, remotes};
use git2::{Direction, ObjectType, Repository, Tree};
use std::io::Read;

fn end(args: &Args) -> &'static str {
    if args.has("z") { "\0" } else { "\n" }
}

/// `git ls-files`
pub fn ls_files(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "cached|c",
            "modified|m",
            "deleted|d",
            "others|o",
            "stage|s",
            "z",
            "exclude-standard",
            "unmerged|u",
            "error-unmatch",
            "full-name",
        ],
    )?;
    let repository = context::repository()?;
    context::work_tree(&repository)?;
    let named = context::all_in_tree(&repository, &args.all())?;
    let here = context::in_tree(&repository, ".")?;
    let fits = |path: &str| {
        let under = |top: &str| {
            top.is_empty() || path == top || path.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'))
        };
        if named.is_empty() {
            under(&here)
        } else {
            named
                .iter()
                .any(|name| under(name) || super::branch::matches(name, path))
        }
    };
    let shown = |path: &str| {
        let path = if args.has("full-name") {
            path.to_owned()
        } else {
            context::from_here(&repository, path)
        };
        if args.has("z") { path } else { quoted(&path, false) }
    };
    let mut found = false;
    if args.has("others") || args.has("modified") || args.has("deleted") {
        use super::status::{Untracked, collect};
        for entry in collect(&repository, Untracked::All, &[])? {
            let wanted = match entry.unstaged {
                '?' => args.has("others"),
                'D' => args.has("deleted") || args.has("modified"),
                'M' | 'T' => args.has("modified"),
                _ => false,
            };
            if wanted && fits(&entry.path) {
                found = true;
                out::text(&format!("{}{}", shown(&entry.path), end(&args)));
            }
        }
    }
    if args.has("cached")
        || args.has("stage")
        || args.has("unmerged")
        || !(args.has("others") || args.has("modified") || args.has("deleted"))
    {
        for entry in repository.index()?.iter() {
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            let stage = (entry.flags >> 12) & 3;
            if !fits(&path) || (args.has("unmerged") && stage == 0) {
                continue;
            }
            found = true;
            if args.has("stage") || args.has("unmerged") {
                out::text(&format!(
                    "{:06o} {} {stage}\t{}{}",
                    entry.mode,
                    entry.id,
                    shown(&path),
                    end(&args)
                ));
            } else {
                out::text(&format!("{}{}", shown(&path), end(&args)));
            }
        }
    }
    if args.has("error-unmatch") && !found {
        return Err(Failure::error(
            Kind::NoReference,
            format!(
                "pathspec '{}' did not match any file(s) known to git\nDid you forget to 'git add'?",
                args.all().join(" ")
            ),
        ));
    }
    Ok(0)
}

/// `git ls-tree`
pub fn ls_tree(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &["r", "name-only|name-status", "z", "d", "t", "long|l", "full-tree"],
    )?;
    let repository = context::repository()?;
    let Some(name) = args.words.first() else {
        return Err(Failure::usage(
            "usage: git ls-tree [-r] [--name-only] <tree-ish> [<path>...]",
        ));
    };
    let tree = context::object(&repository, name)?
        .peel_to_tree()
        .map_err(|_| Failure::fatal(Kind::NoReference, "not a tree object"))?;
    let mut paths = args.words[1..].to_vec();
    paths.extend(args.paths.iter().flatten().cloned());
    list_tree(&repository, &tree, "", &paths, &args)?;
    Ok(0)
}

fn list_tree(
    repository: &Repository,
    tree: &Tree<'_>,
    prefix: &str,
    paths: &[String],
    args: &Args,
) -> Result<(), Failure> {
    for entry in tree {
        let path = format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes()));
        let is_tree = entry.kind() == Some(ObjectType::Tree);
        let below = |named: &str| {
            named
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let fits = paths.is_empty()
            || paths.iter().any(|named| {
                let clean = named.trim_end_matches('/');
                path == clean || path.strip_prefix(clean).is_some_and(|rest| rest.starts_with('/'))
            });
        if is_tree && (args.has("r") && fits || paths.iter().any(|named| below(named))) {
            let inner = repository.find_tree(entry.id())?;
            list_tree(repository, &inner, &format!("{path}/"), paths, args)?;
        } else if fits && (is_tree || !args.has("d")) {
            let shown = if args.has("z") {
                path.clone()
            } else {
                quoted(&path, false)
            };
            if args.has("name-only") {
                out::text(&format!("{shown}{}", end(args)));
            } else {
                let kind = entry.kind().map_or("commit", |kind| kind.str());
                let size = match (args.has("long"), entry.kind()) {
                    (false, _) => String::new(),
                    (true, Some(ObjectType::Blob)) => {
                        format!(" {:>7}", repository.odb()?.read_header(entry.id())?.0)
                    }
                    (true, _) => format!(" {:>7}", "-"),
                };
                out::text(&format!(
                    "{:06o} {kind} {}{size}\t{shown}{}",
                    entry.filemode(),
                    entry.id(),
                    end(args)
                ));
            }
        }
    }
    Ok(())
}

/// `git ls-remote`
pub fn ls_remote(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &["heads|branches|h", "tags|t", "quiet|q", "exit-code", "symref", "refs"],
    )?;
    let repository = context::repository();
    let name = match (args.words.first(), &repository) {
        (Some(name), _) => name.clone(),
        (None, Ok(repository)) => remotes::default_remote(repository),
        (None, Err(failure)) => return Err(failure.clone()),
    };
    let mut remote = match repository
        .as_ref()
        .ok()
        .and_then(|repository| repository.find_remote(&name).ok())
    {
        Some(remote) => remote,
        None => git2::Remote::create_detached(remotes::address(&name)?.as_str())?,
    };
    remote.connect(Direction::Fetch)?;
    let patterns = args.words.get(1..).unwrap_or_default();
    let mut found = false;
    for head in remote.list()? {
        let name = head.name();
        let kind = match (args.has("heads"), args.has("tags")) {
            (false, false) => true,
            (heads, tags) => heads && name.starts_with("refs/heads/") || tags && name.starts_with("refs/tags/"),
        };
        let fits = patterns.is_empty()
            || patterns
                .iter()
                .any(|pattern| name == pattern || name.ends_with(&format!("/{pattern}")));
        if kind && fits && !(args.has("refs") && (name == "HEAD" || name.ends_with("^{}"))) {
            found = true;
            crate::say!("{}\t{name}", head.oid());
        }
    }
    Ok(if found || !args.has("exit-code") { 0 } else { 2 })
}

/// `git cat-file`
pub fn cat_file(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["t", "s", "p", "e", "batch=?", "batch-check=?"])?;
    let repository = context::repository()?;
    if args.has("batch") || args.has("batch-check") {
        return batch(&repository, args.has("batch"));
    }
    let (kind, name) = match args.words.as_slice() {
        [name] => (None, name),
        [kind, name] => (Some(kind.as_str()), name),
        _ => {
            return Err(Failure::usage(
                "usage: git cat-file (-t | -s | -e | -p | <type>) <object>",
            ));
        }
    };
    let found = repository.revparse_single(name);
    if args.has("e") {
        return Ok(if found.is_err() { 128 } else { 0 });
    }
    let mut object = found.map_err(|_| Failure::fatal(Kind::NoReference, format!("Not a valid object name {name}")))?;
    if let Some(kind) = kind {
        let kind = ObjectType::from_str(kind)
            .ok_or_else(|| Failure::fatal(Kind::Invalid, format!("invalid object type \"{kind}\"")))?;
        object = object
            .peel(kind)
            .map_err(|_| Failure::fatal(Kind::NoReference, format!("git cat-file {name}: bad file")))?;
    }
    let odb = repository.odb()?;
    let raw = odb.read(object.id())?;
    if args.has("t") {
        out::line(raw.kind().str());
    } else if args.has("s") {
        crate::say!("{}", raw.len());
    } else if let (true, Some(tree)) = (args.has("p"), object.as_tree()) {
        for entry in tree {
            crate::say!(
                "{:06o} {} {}\t{}",
                entry.filemode(),
                entry.kind().map_or("commit", |kind| kind.str()),
                entry.id(),
                quoted(&String::from_utf8_lossy(entry.name_bytes()), false)
            );
        }
    } else {
        out::bytes(raw.data());
    }
    Ok(0)
}

/// Objects named on standard input, one a line.
fn batch(repository: &Repository, contents: bool) -> Result<i32, Failure> {
    let odb = repository.odb()?;
    for line in std::io::stdin().lines() {
        let name = line?;
        let found = repository
            .revparse_single(&name)
            .and_then(|object| odb.read(object.id()));
        match found {
            Ok(raw) => {
                crate::say!("{} {} {}", raw.id(), raw.kind().str(), raw.len());
                if contents {
                    out::bytes(raw.data());
                    out::line("");
                }
            }
            Err(_) => crate::say!("{name} missing"),
        }
        out::flush();
    }
    Ok(0)
}

/// `git hash-object`
pub fn hash_object(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["w", "stdin", "t="])?;
    let kind = args.value("t").unwrap_or("blob");
    let kind = ObjectType::from_str(kind)
        .ok_or_else(|| Failure::fatal(Kind::Invalid, format!("invalid object type \"{kind}\"")))?;
    let mut contents = Vec::new();
    if args.has("stdin") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        contents.push(bytes);
    }
    for path in args.all() {
        contents.push(std::fs::read(&path).map_err(|error| {
            Failure::fatal(
                Kind::NoReference,
                format!(
                    "could not open '{path}' for reading: {}",
                    crate::console::reason(&error)
                ),
            )
        })?);
    }
    for bytes in contents {
        let id = if args.has("w") {
            context::repository()?.odb()?.write(kind, &bytes)?
        } else {
            git2::Oid::hash_object(kind, &bytes)?
        };
        crate::say!("{id}");
    }
    Ok(0)
}

/// `git check-ignore`
pub fn check_ignore(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["quiet|q", "no-index"])?;
    let repository = context::repository()?;
    let index = repository.index()?;
    let mut found = false;
    for name in args.all() {
        let path = context::in_tree(&repository, &name)?;
        let tracked = index.get_path(std::path::Path::new(&path), 0).is_some() && !args.has("no-index");
        if !tracked && repository.is_path_ignored(&path)? {
            found = true;
            if !args.has("quiet") {
                out::line(&name);
            }
        }
    }
    Ok(i32::from(!found))
}
