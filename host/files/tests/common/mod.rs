//! A sandbox's root in a temporary directory, with one lower layer.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use sandbar_files::{Error, Limits, Tree, Usage};

pub struct Fixture {
    pub dir: tempfile::TempDir,
    pub tree: Option<Arc<Tree>>,
    pub limits: Limits,
    lowers: Vec<PathBuf>,
}

impl Fixture {
    /// An empty upper layer over `etc/passwd`, `bin/tool` (0755), `lib/deep/er/file` and the link
    /// `sh -> bin/tool`.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub fn with_limits(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("base");
        for sub in ["etc", "bin", "lib/deep/er", "empty"] {
            fs::create_dir_all(base.join(sub)).unwrap();
        }
        fs::write(base.join("etc/passwd"), "root of the sandbox").unwrap();
        fs::write(base.join("bin/tool"), "#!tool").unwrap();
        fs::set_permissions(base.join("bin/tool"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(base.join("lib/deep/er/file"), "deep").unwrap();
        std::os::unix::fs::symlink("bin/tool", base.join("sh")).unwrap();
        fs::write(dir.path().join("canary"), "canary").unwrap();
        let lowers = vec![base];
        Self::over(dir, lowers, limits)
    }

    pub fn over(dir: tempfile::TempDir, lowers: Vec<PathBuf>, limits: Limits) -> Self {
        let tree = Tree::open(&dir.path().join("upper"), &lowers, limits).unwrap();
        Self {
            dir,
            tree: Some(tree),
            limits,
            lowers,
        }
    }

    pub fn tree(&self) -> &Arc<Tree> {
        self.tree.as_ref().unwrap()
    }

    pub fn upper(&self) -> PathBuf {
        self.dir.path().join("upper")
    }

    pub fn base(&self) -> PathBuf {
        self.lowers[0].clone()
    }

    pub fn canary(&self) -> PathBuf {
        self.dir.path().join("canary")
    }

    /// Closes the tree and opens it again, as after a crash. All handles must be dropped.
    pub fn reopen(&mut self) {
        drop(self.tree.take());
        self.tree = Some(Tree::open(&self.upper(), &self.lowers, self.limits).unwrap());
    }

    /// The counters must be what a fresh count finds.
    pub fn assert_usage_is_exact(&mut self) {
        let counted = self.tree().usage();
        self.reopen();
        assert_eq!(counted, self.tree().usage());
    }

    pub fn text(&self, path: &str) -> String {
        String::from_utf8(self.tree().read_file(path, 1 << 20).unwrap()).unwrap()
    }

    pub fn names(&self, path: &str) -> Vec<String> {
        let entries = self.tree().read_dir(path).unwrap();
        entries.into_iter().map(|entry| entry.name).collect()
    }

    pub fn code(&self, result: Result<impl Sized, Error>) -> &'static str {
        match result {
            Ok(_) => "ok",
            Err(error) => error.code(),
        }
    }
}

pub fn used(bytes: u64, inodes: u64) -> Usage {
    Usage {
        bytes,
        inodes,
        handles: 0,
    }
}
