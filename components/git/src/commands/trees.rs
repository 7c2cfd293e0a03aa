//! What scripts make commits and archives of: `write-tree`, `read-tree`, `commit-tree`, `count-objects`, `archive`.

use crate::args::Args;
use crate::context;
use crate::failure::{Failure, Kind};
use git2::{ObjectType, Repository, Tree};
use std::io::{Read, Write};

/// `git write-tree`
pub fn write_tree(arguments: Vec<String>) -> Result<i32, Failure> {
    Args::parse(arguments, &["missing-ok"])?;
    let repository = context::repository()?;
    let mut index = repository.index()?;
    if index.has_conflicts() {
        return Err(Failure::fatal(
            Kind::Conflict,
            "git-write-tree: error building trees: there are unmerged files",
        ));
    }
    crate::say!("{}", index.write_tree()?);
    Ok(0)
}

/// `git read-tree`
pub fn read_tree(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["empty", "reset"])?;
    let repository = context::repository()?;
    let mut index = repository.index()?;
    match args.words.as_slice() {
        [] if args.has("empty") => index.clear()?,
        [name] => index.read_tree(&context::object(&repository, name)?.peel_to_tree()?)?,
        _ => {
            return Err(Failure::usage(
                "usage: git read-tree (--empty | <tree-ish>); merges of trees are not supported here",
            ));
        }
    }
    index.write()?;
    Ok(0)
}

/// `git update-index`
pub fn update_index(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "refresh",
            "really-refresh",
            "quiet|q",
            "add",
            "remove",
            "ignore-missing",
        ],
    )?;
    let repository = context::repository()?;
    let tree = context::work_tree(&repository)?.to_path_buf();
    let mut index = repository.index()?;
    for path in context::all_in_tree(&repository, &args.all())? {
        let path = std::path::Path::new(&path);
        let known = index.get_path(path, 0).is_some();
        if tree.join(path).symlink_metadata().is_err() {
            if !args.has("remove") {
                return Err(Failure::error(
                    Kind::NoReference,
                    format!("{}: does not exist and --remove not passed", path.display()),
                ));
            }
            if known {
                index.remove_path(path)?;
            }
        } else if known || args.has("add") {
            index.add_path(path)?;
        } else {
            return Err(Failure::error(
                Kind::NoReference,
                format!("{}: cannot add to the index - missing --add option?", path.display()),
            ));
        }
    }
    index.write()?;
    if args.has("refresh") || args.has("really-refresh") {
        let changed = super::status::collect(&repository, super::status::Untracked::No, &[])?;
        let mut code = 0;
        for entry in changed.iter().filter(|entry| entry.unstaged != ' ') {
            code = 1;
            if !args.has("quiet") {
                crate::say!("{}: needs update", entry.path);
            }
        }
        return Ok(code);
    }
    Ok(0)
}

/// `git commit-tree`
pub fn commit_tree(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["p=", "m=", "F=", "no-gpg-sign"])?;
    let repository = context::repository()?;
    let [name] = args.words.as_slice() else {
        return Err(Failure::usage(
            "usage: git commit-tree <tree> [(-p <parent>)...] [(-m <message>)...]",
        ));
    };
    let tree = context::object(&repository, name)?.peel_to_tree()?;
    let mut message = String::new();
    for part in args.values("m") {
        if !message.is_empty() {
            message.push('\n');
        }
        message.push_str(part);
        message.push('\n');
    }
    match args.value("F") {
        Some(path) if path != "-" => message.push_str(&std::fs::read_to_string(path)?),
        Some(_) => drop(std::io::stdin().read_to_string(&mut message)?),
        None if message.is_empty() => drop(std::io::stdin().read_to_string(&mut message)?),
        None => {}
    }
    let parents = args
        .values("p")
        .into_iter()
        .map(|name| context::commit(&repository, name))
        .collect::<Result<Vec<_>, _>>()?;
    let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
    let (author, committer) = (context::author(&repository)?, context::committer(&repository)?);
    let id = repository.commit(None, &author, &committer, &message, &tree, &parents)?;
    crate::say!("{id}");
    Ok(0)
}

/// `git count-objects`
pub fn count_objects(arguments: Vec<String>) -> Result<i32, Failure> {
    Args::parse(arguments, &["v", "human-readable|H"])?;
    let repository = context::repository()?;
    let (mut count, mut bytes) = (0_u64, 0_u64);
    for directory in std::fs::read_dir(repository.path().join("objects"))?.flatten() {
        if directory.file_name().len() != 2 {
            continue;
        }
        for object in std::fs::read_dir(directory.path())?.flatten() {
            count += 1;
            bytes += object.metadata().map_or(0, |data| data.len());
        }
    }
    crate::say!("{count} objects, {} kilobytes", bytes.div_ceil(1024));
    Ok(0)
}

/// Bytes of a record of a tar file.
const RECORD: usize = 512;
/// A tar file is made of so many records at a time.
const BLOCK: usize = 20 * RECORD;

struct Tar {
    out: Box<dyn Write>,
    written: usize,
    time: i64,
}

impl Tar {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes)?;
        self.written += bytes.len();
        let over = self.written % RECORD;
        if over > 0 {
            self.out.write_all(&[0; RECORD][over..])?;
            self.written += RECORD - over;
        }
        Ok(())
    }

    /// One member, as POSIX has it; a name too long for it goes before in a record of GNU's.
    fn member(&mut self, name: &str, mode: u32, kind: u8, link: &str, content: &[u8]) -> Result<(), Failure> {
        for (text, kind) in [(name, b'L'), (link, b'K')] {
            if text.len() > 100 {
                self.put(&self.head("././@LongLink", 0o644, kind, "", text.len() + 1))?;
                self.put(format!("{text}\0").as_bytes())?;
            }
        }
        self.put(&self.head(name, mode, kind, link, content.len()))?;
        if content.is_empty() { Ok(()) } else { self.put(content) }
    }

    fn head(&self, name: &str, mode: u32, kind: u8, link: &str, size: usize) -> [u8; RECORD] {
        let mut head = [0; RECORD];
        let mut set = |at: usize, bytes: &[u8], most: usize| {
            let length = bytes.len().min(most);
            head[at..at + length].copy_from_slice(&bytes[..length]);
        };
        set(0, name.as_bytes(), 100);
        set(100, format!("{mode:07o}").as_bytes(), 8);
        set(108, b"0000000", 8);
        set(116, b"0000000", 8);
        set(124, format!("{size:011o}").as_bytes(), 12);
        set(136, format!("{:011o}", self.time.max(0)).as_bytes(), 12);
        set(148, b"        ", 8);
        set(156, &[kind], 1);
        set(157, link.as_bytes(), 100);
        set(257, b"ustar\x0000", 8);
        set(265, b"root", 32);
        set(297, b"root", 32);
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        head
    }

    fn tree(
        &mut self,
        repository: &Repository,
        tree: &Tree<'_>,
        at: (&str, &str),
        paths: &[String],
    ) -> Result<(), Failure> {
        let (prefix, inside) = at;
        for entry in tree {
            let path = format!("{inside}{}", String::from_utf8_lossy(entry.name_bytes()));
            let under = |one: &str, other: &str| {
                one == other || one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
            };
            let wanted = paths.is_empty() || paths.iter().any(|named| under(&path, named.trim_end_matches('/')));
            let above = paths.iter().any(|named| under(named.trim_end_matches('/'), &path));
            if !wanted && !above {
                continue;
            }
            let name = format!("{prefix}{path}");
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    self.member(&format!("{name}/"), 0o775, b'5', "", b"")?;
                    self.tree(
                        repository,
                        &repository.find_tree(entry.id())?,
                        (prefix, &format!("{path}/")),
                        paths,
                    )?;
                }
                Some(ObjectType::Blob) => {
                    let blob = repository.find_blob(entry.id())?;
                    match entry.filemode() {
                        0o120_000 => {
                            let link = String::from_utf8_lossy(blob.content()).into_owned();
                            self.member(&name, 0o777, b'2', &link, b"")?;
                        }
                        0o100_755 => self.member(&name, 0o775, b'0', "", blob.content())?,
                        _ => self.member(&name, 0o664, b'0', "", blob.content())?,
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// `git archive`
pub fn archive(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(arguments, &["format=", "prefix=", "output|o=", "verbose|v"])?;
    let repository = context::repository()?;
    let named = args.value("output").unwrap_or_default();
    if args.value("format").is_some_and(|format| format != "tar")
        || (args.value("format").is_none() && [".zip", ".gz", ".tgz"].iter().any(|end| named.ends_with(end)))
    {
        return Err(Failure::fatal(
            Kind::Invalid,
            "only the format tar is supported here; pipe it to gzip for .tar.gz",
        ));
    }
    let mut words = args.all();
    if words.is_empty() {
        return Err(Failure::usage(
            "usage: git archive [--prefix=<prefix>/] [-o <file>] <tree-ish> [<path>...]",
        ));
    }
    let name = words.remove(0);
    let object = context::object(&repository, &name)?;
    let time = object
        .peel(ObjectType::Commit)
        .ok()
        .and_then(|object| object.into_commit().ok())
        .map_or_else(crate::dates::now, |commit| commit.committer().when().seconds());
    let tree = object.peel_to_tree()?;
    for path in &words {
        tree.get_path(std::path::Path::new(path.trim_end_matches('/')))
            .map_err(|_| Failure::fatal(Kind::NoReference, format!("pathspec '{path}' did not match any files")))?;
    }
    let out: Box<dyn Write> = match args.value("output") {
        Some(path) => Box::new(std::io::BufWriter::new(std::fs::File::create(path)?)),
        None => Box::new(std::io::BufWriter::new(std::io::stdout())),
    };
    let mut tar = Tar { out, written: 0, time };
    let prefix = args.value("prefix").unwrap_or_default();
    if prefix.ends_with('/') {
        tar.member(prefix, 0o775, b'5', "", b"")?;
    }
    tar.tree(&repository, &tree, (prefix, ""), &words)?;
    let rest = BLOCK - tar.written % BLOCK;
    let rest = if rest < 2 * RECORD { rest + BLOCK } else { rest };
    tar.out.write_all(&vec![0; rest])?;
    tar.out.flush()?;
    Ok(0)
}
