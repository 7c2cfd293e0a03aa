//! `git rev-parse`, `rev-list`, `merge-base`, `symbolic-ref`, `show-ref`.

use crate::args::Args;
use crate::commands::{diff, log};
use crate::failure::{Failure, Kind};
use crate::{context, out, remotes};

/// `git rev-parse`
pub fn rev_parse(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "verify",
            "quiet|q",
            "short=?",
            "abbrev-ref=?",
            "show-toplevel",
            "git-dir",
            "is-inside-work-tree",
            "is-bare-repository",
            "is-inside-git-dir",
            "show-prefix",
            "show-cdup",
            "absolute-git-dir",
            "git-common-dir",
            "symbolic-full-name",
            "is-shallow-repository",
        ],
    )?;
    let repository = context::repository()?;
    let tree = repository.workdir().map(std::path::Path::to_path_buf);
    let clean = |path: &std::path::Path| {
        let text = path.to_string_lossy();
        if text.len() > 1 {
            text.trim_end_matches('/').to_owned()
        } else {
            text.into_owned()
        }
    };
    if args.has("show-toplevel") {
        let tree = context::work_tree(&repository)?;
        out::line(&clean(&std::fs::canonicalize(tree)?));
    }
    if args.has("git-dir") || args.has("git-common-dir") || args.has("absolute-git-dir") {
        let here = std::env::current_dir()?;
        let at_top = tree
            .as_ref()
            .is_some_and(|tree| std::fs::canonicalize(tree).is_ok_and(|tree| tree == here));
        let relative = at_top && !args.has("absolute-git-dir") && repository.path().ends_with(".git");
        out::line(&if relative {
            ".git".to_owned()
        } else {
            clean(repository.path())
        });
    }
    if args.has("is-inside-work-tree") {
        crate::say!(
            "{}",
            tree.is_some() && !std::env::current_dir()?.starts_with(repository.path())
        );
    }
    if args.has("is-inside-git-dir") {
        crate::say!("{}", std::env::current_dir()?.starts_with(repository.path()));
    }
    if args.has("is-bare-repository") {
        crate::say!("{}", repository.is_bare());
    }
    if args.has("is-shallow-repository") {
        crate::say!("{}", repository.is_shallow());
    }
    if args.has("show-prefix") || args.has("show-cdup") {
        let prefix = context::in_tree(&repository, ".")?;
        if args.has("show-prefix") {
            out::line(&if prefix.is_empty() {
                prefix.clone()
            } else {
                format!("{prefix}/")
            });
        }
        if args.has("show-cdup") {
            let depth = prefix.split('/').filter(|part| !part.is_empty()).count();
            out::line(&"../".repeat(depth));
        }
    }
    for name in &args.words {
        if args.has("abbrev-ref") || args.has("symbolic-full-name") {
            let full = match name.as_str() {
                "HEAD" | "@" => match context::branch(&repository) {
                    Some(branch) if context::head(&repository).is_some() => format!("refs/heads/{branch}"),
                    Some(_) => {
                        context::object(&repository, name)?;
                        String::new()
                    }
                    None => "HEAD".into(),
                },
                other => {
                    if let Some(branch) = other.strip_suffix("@{upstream}").or_else(|| other.strip_suffix("@{u}")) {
                        let branch = match branch {
                            "" | "HEAD" => context::branch(&repository).unwrap_or_default(),
                            named => named.to_owned(),
                        };
                        let there = remotes::upstream(&repository, &branch).ok_or_else(|| {
                            Failure::fatal(
                                Kind::NoReference,
                                format!("no upstream configured for branch '{branch}'"),
                            )
                        })?;
                        format!("refs/remotes/{}/{there}", remotes::default_remote(&repository))
                    } else {
                        repository
                            .resolve_reference_from_short_name(other)
                            .ok()
                            .and_then(|reference| reference.name().ok().map(str::to_owned))
                            .unwrap_or_else(|| other.to_owned())
                    }
                }
            };
            out::line(if args.has("abbrev-ref") {
                remotes::shorten(&full)
            } else {
                &full
            });
            continue;
        }
        let found = context::object(&repository, name);
        match found {
            Ok(object) => match args.value("short") {
                Some("") => out::line(&context::short(&object)),
                Some(length) => {
                    let length = length.parse::<usize>().unwrap_or(7).clamp(4, 40);
                    out::line(&object.id().to_string()[..length]);
                }
                None => crate::say!("{}", object.id()),
            },
            Err(_) if args.has("quiet") => return Ok(1),
            Err(_) if args.has("verify") => return Err(Failure::fatal(Kind::NoReference, "Needed a single revision")),
            Err(failure) => {
                out::line(name);
                return Err(failure);
            }
        }
    }
    Ok(0)
}

/// `git rev-list`
pub fn rev_list(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "count",
            "max-count|n=",
            "#",
            "all",
            "reverse",
            "left-right",
            "no-merges",
            "merges",
            "first-parent",
            "parents",
            "max-parents=",
            "topo-order",
            "date-order",
        ],
    )?;
    let repository = context::repository()?;
    let (revisions, paths) = diff::sorted(&repository, &args)?;
    let mut walk = log::walk(&repository, &revisions, args.has("all"))?;
    if args.has("topo-order") {
        walk.topological();
    }
    if args.has("first-parent") {
        walk.first_parent();
    }
    let most_parents = args.number("max-parents")?.unwrap_or(usize::MAX);
    let most = args.number("max-count")?.or(args.number("#")?).unwrap_or(usize::MAX);
    let mut ids = Vec::new();
    for id in walk {
        let id = id?;
        let commit = repository.find_commit(id)?;
        let parents = commit.parent_count();
        if (args.has("no-merges") && parents > 1) || (args.has("merges") && parents < 2) || parents > most_parents {
            continue;
        }
        if !paths.is_empty() && !log::touches(&repository, &commit, &paths)? {
            continue;
        }
        if ids.len() >= most {
            break;
        }
        ids.push(id);
    }
    if args.has("reverse") {
        ids.reverse();
    }
    let range = revisions.iter().find_map(|revision| revision.split_once("..."));
    if args.has("count")
        && args.has("left-right")
        && let Some((from, to)) = range
    {
        let id = |name: &str| {
            context::commit(&repository, if name.is_empty() { "HEAD" } else { name }).map(|commit| commit.id())
        };
        let (ahead, behind) = repository.graph_ahead_behind(id(from)?, id(to)?)?;
        crate::say!("{ahead}\t{behind}");
        return Ok(0);
    }
    if args.has("count") {
        crate::say!("{}", ids.len());
    } else {
        for id in ids {
            crate::say!("{id}");
        }
    }
    Ok(0)
}

/// `git merge-base`
pub fn merge_base(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["is-ancestor", "all|a"])?;
    let repository = context::repository()?;
    let [one, other] = args.words.as_slice() else {
        return Err(Failure::usage(
            "usage: git merge-base [--is-ancestor] <commit> <commit>",
        ));
    };
    let (one, other) = (
        context::commit(&repository, one)?.id(),
        context::commit(&repository, other)?.id(),
    );
    if args.has("is-ancestor") {
        return Ok(i32::from(
            !(one == other || repository.graph_descendant_of(other, one)?),
        ));
    }
    match repository.merge_base(one, other) {
        Ok(base) => crate::say!("{base}"),
        Err(_) => return Ok(1),
    }
    Ok(0)
}

/// `git symbolic-ref`
pub fn symbolic_ref(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["short", "quiet|q"])?;
    let repository = context::repository()?;
    match args.words.as_slice() {
        [name] => {
            let target = repository
                .find_reference(name)
                .ok()
                .and_then(|reference| reference.symbolic_target().ok().flatten().map(str::to_owned));
            match target {
                Some(target) => out::line(if args.has("short") {
                    remotes::shorten(&target)
                } else {
                    &target
                }),
                None if args.has("quiet") => return Ok(1),
                None => {
                    return Err(Failure::fatal(
                        Kind::NoReference,
                        format!("ref {name} is not a symbolic ref"),
                    ));
                }
            }
        }
        [name, target] => {
            repository.reference_symbolic(name, target, true, "symbolic-ref")?;
        }
        _ => return Err(Failure::usage("usage: git symbolic-ref [--short] <name> [<ref>]")),
    }
    Ok(0)
}

/// `git show-ref`
pub fn show_ref(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["heads|branches", "tags", "verify", "quiet|q", "head"])?;
    let repository = context::repository()?;
    let mut rows: Vec<(String, git2::Oid)> = repository
        .references()?
        .flatten()
        .filter_map(|reference| Some((reference.name().ok()?.to_owned(), reference.resolve().ok()?.target()?)))
        .collect();
    rows.sort();
    let mut found = false;
    for (name, id) in rows {
        let kind = match (args.has("heads"), args.has("tags")) {
            (false, false) => true,
            (heads, tags) => heads && name.starts_with("refs/heads/") || tags && name.starts_with("refs/tags/"),
        };
        let fits = args.words.is_empty()
            || args
                .words
                .iter()
                .any(|word| name == *word || (!args.has("verify") && name.ends_with(&format!("/{word}"))));
        if kind && fits {
            found = true;
            if !args.has("quiet") {
                crate::say!("{id} {name}");
            }
        }
    }
    Ok(i32::from(!found))
}
