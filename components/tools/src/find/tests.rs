//! Walks over a small tree.

use super::evaluate::Evaluator;
use super::{Stop, Walk, parse};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("find-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("sub/deep")).unwrap();
        fs::write(root.join("a.txt"), "hello").unwrap();
        fs::write(root.join("sub/B.TXT"), vec![0; 3000]).unwrap();
        fs::write(root.join("sub/deep/empty"), "").unwrap();
        fs::set_permissions(root.join("a.txt"), fs::Permissions::from_mode(0o751)).unwrap();
        symlink("a.txt", root.join("link")).unwrap();
        Self(root)
    }

    /// The output of find with the root of the tree put first, without that root.
    fn find(&self, words: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        let line = std::iter::once(self.0.clone().into_os_string()).chain(words.iter().map(OsString::from));
        let plan = parse::parse(line).unwrap();
        let mut walk = Walk {
            plan: &plan,
            evaluator: Evaluator::new(&plan, &mut out),
        };
        let outcome = plan
            .roots
            .iter()
            .try_for_each(|root| walk.root(root))
            .and_then(|()| walk.evaluator.finish());
        assert!(matches!(outcome, Ok(()) | Err(Stop::Quit)));
        let text = String::from_utf8(out).unwrap();
        let root = self.0.to_str().unwrap();
        text.split_terminator(['\n', '\0'])
            .map(|line| line.strip_prefix(root).unwrap_or(line).to_owned())
            .collect()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn tests_and_operators() {
    let tree = Tree::new("tests");
    for (words, found) in [
        (
            &[][..],
            &[
                "",
                "/a.txt",
                "/link",
                "/sub",
                "/sub/B.TXT",
                "/sub/deep",
                "/sub/deep/empty",
            ][..],
        ),
        (&["-name", "*.txt"], &["/a.txt"]),
        (&["-iname", "*.txt"], &["/a.txt", "/sub/B.TXT"]),
        (&["-type", "d"], &["", "/sub", "/sub/deep"]),
        (&["-type", "l"], &["/link"]),
        (&["-maxdepth", "1", "-type", "f"], &["/a.txt"]),
        (&["-mindepth", "3"], &["/sub/deep/empty"]),
        (&["-empty"], &["/sub/deep/empty"]),
        (&["-size", "+1k", "-type", "f"], &["/sub/B.TXT"]),
        (&["-size", "5c", "-type", "f"], &["/a.txt"]),
        (&["-perm", "751"], &["/a.txt"]),
        (&["-type", "f", "-perm", "/u+x"], &["/a.txt"]),
        (&["-path", "*/sub/*", "-type", "f"], &["/sub/B.TXT", "/sub/deep/empty"]),
        (&["-name", "sub", "-prune", "-o", "-type", "f", "-print"], &["/a.txt"]),
        (
            &["(", "-name", "a*", "-o", "-name", "e*", ")", "-type", "f"],
            &["/a.txt", "/sub/deep/empty"],
        ),
        (
            &["!", "-type", "d", "-not", "-name", "*.txt"],
            &["/link", "/sub/B.TXT", "/sub/deep/empty"],
        ),
        (&["-type", "f", "-print0"], &["/a.txt", "/sub/B.TXT", "/sub/deep/empty"]),
        (&["-name", "a.txt", "-printf", "%f %s %m %d\\n"], &["a.txt 5 751 1"]),
        (&["-depth", "-type", "d"], &["/sub/deep", "/sub", ""]),
        (&["-mtime", "-1", "-name", "a.txt"], &["/a.txt"]),
        (&["-mtime", "+1"], &[]),
        (&["-newermt", "2001-01-01", "-name", "empty"], &["/sub/deep/empty"]),
        (&["-type", "f", "-print", "-quit"], &["/a.txt"]),
        (&["-regex", ".*/sub/[A-Z].*"], &["/sub/B.TXT"]),
    ] {
        assert_eq!(tree.find(words), found, "{words:?}");
    }
}

#[test]
fn actions() {
    let tree = Tree::new("actions");
    assert_eq!(
        tree.find(&["-name", "a.txt", "-exec", "test", "-f", "{}", ";", "-print"]),
        ["/a.txt"]
    );
    assert!(
        tree.find(&["-name", "a.txt", "-exec", "false", ";", "-print"])
            .is_empty()
    );
    tree.find(&["-type", "f", "-exec", "rm", "{}", "+"]);
    assert!(tree.find(&["-type", "f"]).is_empty());
    tree.find(&["-mindepth", "1", "-delete"]);
    assert_eq!(tree.find(&[]), [""]);
}

#[test]
fn mistakes() {
    for line in [
        &["-nope"][..],
        &["-name"],
        &["(", "-true"],
        &["-true", ")"],
        &["-exec", "ls"],
        &["-size", "x"],
        &["-type", "z"],
        &["-perm", "u*x"],
        &["-maxdepth", "-1"],
        &["-o"],
    ] {
        assert!(parse::parse(line.iter().map(OsString::from)).is_err(), "{line:?}");
    }
}
