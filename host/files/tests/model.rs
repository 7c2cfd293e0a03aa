//! Random operations on a tree and on a model of it in memory must agree, step by step, and what a fresh
//! count finds must be what was counted. A failure prints its operations, shrunk, and how to repeat it.

mod common;

use std::collections::BTreeMap;

use common::Fixture;
use proptest::prelude::*;
use sandbar_files::{Kind, OpenOptions};

/// What the model knows: absolute path to contents.
#[derive(Debug, Clone, PartialEq)]
enum Object {
    File { bytes: Vec<u8>, mode: u32 },
    Directory,
    Link(String),
}

#[derive(Debug, Clone)]
enum Op {
    Write(String, Vec<u8>),
    Append(String, Vec<u8>),
    Truncate(String, u64),
    CreateDir(String),
    RemoveFile(String),
    RemoveDir(String),
    RemoveAll(String),
    Rename(String, String),
    Symlink(String, String),
    Chmod(String, u32),
    Trim,
    Reopen,
}

/// Few names, so that operations meet; `etc`, `lib`, `bin` are in the lower layer.
fn path() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "etc", "lib", "bin", "deep", "er", "passwd", "tool", "file", "a", "b",
    ]);
    prop::collection::vec(name, 1..4).prop_map(|names| format!("/{}", names.join("/")))
}

fn op() -> impl Strategy<Value = Op> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        4 => (path(), bytes()).prop_map(|(p, b)| Op::Write(p, b)),
        2 => (path(), bytes()).prop_map(|(p, b)| Op::Append(p, b)),
        1 => (path(), 0..9000_u64).prop_map(|(p, n)| Op::Truncate(p, n)),
        3 => path().prop_map(Op::CreateDir),
        3 => path().prop_map(Op::RemoveFile),
        2 => path().prop_map(Op::RemoveDir),
        1 => path().prop_map(Op::RemoveAll),
        5 => (path(), path()).prop_map(|(a, b)| Op::Rename(a, b)),
        1 => (path(), path()).prop_map(|(a, b)| Op::Symlink(a, b)),
        1 => (path(), 0..0o1000_u32).prop_map(|(p, m)| Op::Chmod(p, m)),
        1 => Just(Op::Trim),
        1 => Just(Op::Reopen),
    ]
}

#[derive(Debug, Clone)]
struct Model(BTreeMap<String, Object>);

type Outcome = Result<(), &'static str>;

impl Model {
    /// What the fixture's lower layer holds.
    fn new() -> Self {
        let file = |text: &str, mode| Object::File {
            bytes: text.into(),
            mode,
        };
        let mut objects = BTreeMap::new();
        for dir in ["/etc", "/bin", "/lib", "/lib/deep", "/lib/deep/er", "/empty"] {
            objects.insert(dir.to_owned(), Object::Directory);
        }
        objects.insert("/etc/passwd".into(), file("root of the sandbox", 0o644));
        objects.insert("/bin/tool".into(), file("#!tool", 0o755));
        objects.insert("/lib/deep/er/file".into(), file("deep", 0o644));
        objects.insert("/sh".into(), Object::Link("bin/tool".into()));
        Self(objects)
    }

    /// The canonical path of an entry: links above it followed, and those at its end if `follow`.
    fn locate(&self, path: &str, follow: bool) -> Result<String, &'static str> {
        let mut rest: Vec<String> = path
            .split('/')
            .rev()
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let mut at = String::new();
        let mut links = 0;
        while let Some(name) = rest.pop() {
            if !at.is_empty() && self.0.get(&at) != Some(&Object::Directory) {
                return Err(if self.0.contains_key(&at) { "ENOTDIR" } else { "ENOENT" });
            }
            let next = format!("{at}/{name}");
            match self.0.get(&next) {
                Some(Object::Link(target)) if follow || !rest.is_empty() => {
                    links += 1;
                    if links > 40 {
                        return Err("ELOOP");
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    rest.extend(
                        target
                            .split('/')
                            .rev()
                            .filter(|name| !name.is_empty())
                            .map(str::to_owned),
                    );
                }
                None if !rest.is_empty() => return Err("ENOENT"),
                _ => at = next,
            }
        }
        Ok(at)
    }

    fn has_children(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        self.0
            .range(prefix.clone()..)
            .next()
            .is_some_and(|(name, _)| name.starts_with(&prefix))
    }

    fn take_all(&mut self, path: &str) -> Vec<(String, Object)> {
        let prefix = format!("{path}/");
        let inside = |name: &String| name == path || name.starts_with(&prefix);
        let taken = self
            .0
            .iter()
            .filter(|(name, _)| inside(name))
            .map(|(n, o)| (n.clone(), o.clone()))
            .collect();
        self.0.retain(|name, _| !inside(name));
        taken
    }

    fn file(&mut self, path: &str, create: bool) -> Result<&mut Vec<u8>, &'static str> {
        let at = self.locate(path, true)?;
        if create && !self.0.contains_key(&at) {
            self.0.insert(
                at.clone(),
                Object::File {
                    bytes: Vec::new(),
                    mode: 0o644,
                },
            );
        }
        match self.0.get_mut(&at) {
            Some(Object::File { bytes, .. }) => Ok(bytes),
            Some(_) => Err("EISDIR"),
            None => Err("ENOENT"),
        }
    }

    fn create(&mut self, path: &str, object: Object) -> Outcome {
        let at = self.locate(path, false)?;
        if self.0.contains_key(&at) {
            return Err("EEXIST");
        }
        self.0.insert(at, object);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Outcome {
        let (from, to) = (self.locate(from, false), self.locate(to, false));
        let (from, to) = (from?, to?);
        let source = self.0.get(&from).ok_or("ENOENT")?;
        if *source == Object::Directory {
            if to.starts_with(&format!("{from}/")) {
                return Err("EINVAL");
            }
            match self.0.get(&to) {
                _ if from == to => return Ok(()),
                Some(Object::Directory) if self.has_children(&to) => return Err("ENOTEMPTY"),
                Some(Object::Directory) | None => {}
                Some(_) => return Err("ENOTDIR"),
            }
        } else if self.0.get(&to) == Some(&Object::Directory) {
            return Err("EISDIR");
        }
        for (name, object) in self.take_all(&from) {
            self.0.insert(format!("{to}{}", &name[from.len()..]), object);
        }
        Ok(())
    }

    fn apply(&mut self, op: &Op) -> Outcome {
        match op {
            Op::Write(path, contents) => self.file(path, true).map(|bytes| *bytes = contents.clone()),
            Op::Append(path, more) => self.file(path, true).map(|bytes| bytes.extend(more)),
            Op::Truncate(path, size) => self.file(path, false).map(|bytes| bytes.resize(*size as usize, 0)),
            Op::CreateDir(path) => self.create(path, Object::Directory),
            Op::Symlink(target, path) => self.create(path, Object::Link(target.clone())),
            Op::RemoveFile(path) => {
                let at = self.locate(path, false)?;
                match self.0.get(&at).ok_or("ENOENT")? {
                    Object::Directory => Err("EISDIR"),
                    _ => {
                        self.0.remove(&at);
                        Ok(())
                    }
                }
            }
            Op::RemoveDir(path) => {
                let at = self.locate(path, false)?;
                match self.0.get(&at).ok_or("ENOENT")? {
                    Object::Directory if self.has_children(&at) => Err("ENOTEMPTY"),
                    Object::Directory => {
                        self.0.remove(&at);
                        Ok(())
                    }
                    _ => Err("ENOTDIR"),
                }
            }
            Op::RemoveAll(path) => {
                let at = self.locate(path, false)?;
                self.0.get(&at).ok_or("ENOENT")?;
                self.take_all(&at);
                Ok(())
            }
            Op::Rename(from, to) => self.rename(from, to),
            Op::Chmod(path, wanted) => {
                let at = self.locate(path, true)?;
                match self.0.get_mut(&at).ok_or("ENOENT")? {
                    Object::File { mode, .. } => *mode = *wanted,
                    _ => return Err("not a file"),
                }
                Ok(())
            }
            Op::Trim | Op::Reopen => Ok(()),
        }
    }
}

fn perform(f: &mut Fixture, op: &Op) -> Outcome {
    let tree = f.tree().clone();
    let done = match op {
        Op::Write(path, contents) => tree.write_file(path, contents, 0o644),
        Op::Append(path, more) => tree.open_file(path, &OpenOptions::appending()).and_then(|file| {
            let written = file.append(more)?;
            assert_eq!(written, more.len());
            Ok(())
        }),
        Op::Truncate(path, size) => {
            let how = OpenOptions {
                write: true,
                ..OpenOptions::default()
            };
            tree.open_file(path, &how).and_then(|file| file.set_len(*size))
        }
        Op::CreateDir(path) => tree.create_dir(path, 0o755),
        Op::Symlink(target, path) => tree.symlink(target, path),
        Op::RemoveFile(path) => tree.remove_file(path),
        Op::RemoveDir(path) => tree.remove_dir(path),
        Op::RemoveAll(path) => tree.remove_all(path),
        Op::Rename(from, to) => tree.rename(from, to),
        Op::Chmod(path, mode) => match tree.stat(path, true) {
            Ok(status) if status.kind != Kind::Regular => return Err("not a file"),
            _ => tree.chmod(path, *mode),
        },
        Op::Trim => {
            tree.trim();
            Ok(())
        }
        Op::Reopen => {
            drop(tree);
            f.assert_usage_is_exact();
            Ok(())
        }
    };
    done.map_err(|error| error.code())
}

/// Everything that shows, as the model would hold it.
fn walk(f: &Fixture) -> BTreeMap<String, Object> {
    let mut objects = BTreeMap::new();
    let mut todo = vec![String::new()];
    while let Some(dir) = todo.pop() {
        for entry in f.tree().read_dir(if dir.is_empty() { "/" } else { &dir }).unwrap() {
            let path = format!("{dir}/{}", entry.name);
            if path == "/dev" || path == "/proc" {
                continue;
            }
            let object = match entry.kind {
                Kind::Directory => {
                    todo.push(path.clone());
                    Object::Directory
                }
                Kind::Symlink => Object::Link(f.tree().read_link(&path).unwrap()),
                _ => Object::File {
                    bytes: f.tree().read_file(&path, 1 << 20).unwrap(),
                    mode: f.tree().stat(&path, false).unwrap().mode,
                },
            };
            objects.insert(path, object);
        }
    }
    objects
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_behaves_as_its_model(ops in prop::collection::vec(op(), 1..40)) {
        let mut f = Fixture::new();
        let mut model = Model::new();
        for op in &ops {
            let expected = model.apply(op);
            let seen = perform(&mut f, op);
            prop_assert_eq!(seen, expected, "{:?}", op);
            prop_assert_eq!(&walk(&f), &model.0, "after {:?}", op);
        }
        f.assert_usage_is_exact();
        prop_assert_eq!(&walk(&f), &model.0, "after opening again");
        for name in ["etc/passwd", "bin/tool", "lib/deep/er/file"] {
            prop_assert!(f.base().join(name).is_file(), "the lower layer must never change");
        }
    }
}
