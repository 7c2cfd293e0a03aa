//! Volumes: one tree that shows in several others, as one disk would.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use sandbar_files::{Error, Handle, Kind, Limits, OpenOptions, Tree};

struct Home {
    dir: tempfile::TempDir,
    volume: Arc<Tree>,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("base/etc")).unwrap();
        fs::write(dir.path().join("base/etc/name"), "base").unwrap();
        fs::write(dir.path().join("canary"), "canary").unwrap();
        let limits = Limits {
            bytes: 1 << 20,
            ..Limits::default()
        };
        let volume = Tree::open_volume(&dir.path().join("volume/upper"), limits).unwrap();
        Self { dir, volume }
    }

    fn bare(&self, name: &str) -> Arc<Tree> {
        let base: PathBuf = self.dir.path().join("base");
        Tree::open(&self.dir.path().join(name), &[base], Limits::default()).unwrap()
    }

    /// A sandbox with the volume at `/data`; `/etc/name` tells which one.
    fn sandbox(&self, name: &str, subpath: &str, read_only: bool) -> Arc<Tree> {
        let tree = self.bare(name);
        tree.write_file("/etc/name", name.as_bytes(), 0o644).unwrap();
        tree.mount("/data", &self.volume, subpath, read_only).unwrap();
        tree
    }
}

fn text(tree: &Arc<Tree>, path: &str) -> String {
    String::from_utf8(tree.read_file(path, 1 << 20).unwrap()).unwrap()
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "ok")
}

#[test]
fn what_one_sandbox_writes_the_other_reads() {
    let home = Home::new();
    let (a, b) = (home.sandbox("a", "", false), home.sandbox("b", "", false));
    a.create_dir_all("/data/x/y", 0o755).unwrap();
    a.write_file("/data/x/y/file", b"one", 0o640).unwrap();
    assert_eq!(text(&b, "/data/x/y/file"), "one");
    assert_eq!(b.stat("/data/x/y/file", true).unwrap().mode, 0o640);
    b.rename("/data/x/y", "/data/x/z").unwrap();
    assert_eq!(text(&a, "data/x/z/file"), "one");
    assert_eq!(code(a.stat("/data/x/y", true)), "ENOENT");
    b.link("/data/x/z/file", "/data/again", false).unwrap();
    a.remove_file("/data/x/z/file").unwrap();
    assert_eq!(text(&b, "/data/again"), "one");
    let names: Vec<_> = a
        .read_dir("/data")
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["again", "x"], "no devices there");
    b.remove_all("/data/x").unwrap();
    assert_eq!(code(a.stat("/data/x", true)), "ENOENT");
    // An open file goes on when another sandbox takes its name.
    let file = a.open_file("/data/again", &OpenOptions::read_only()).unwrap();
    b.remove_file("/data/again").unwrap();
    let mut buffer = [0; 8];
    assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 3);
    drop(file);
    assert_eq!((home.volume.usage().bytes, home.volume.usage().inodes), (0, 0));
    // Nothing of it is in the sandboxes' own layers but the place.
    assert_eq!(fs::read_dir(home.dir.path().join("a/data")).unwrap().count(), 0);
}

#[test]
fn paths_are_those_of_the_sandbox() {
    let home = Home::new();
    let (a, b) = (home.sandbox("a", "", false), home.sandbox("b", "", false));
    a.create_dir("/data/d", 0o755).unwrap();
    a.symlink("/etc/name", "/data/absolute").unwrap();
    a.symlink("../etc/name", "/data/relative").unwrap();
    a.symlink("../../../../../../../etc/name", "/data/d/far").unwrap();
    a.symlink("/data/d", "/data/self").unwrap();
    a.symlink("/data/loop", "/data/loop").unwrap();
    a.symlink("/data/d", "/into").unwrap();
    for tree in [&a, &b] {
        let name = text(tree, "/etc/name");
        for path in [
            "/data/absolute",
            "/data/relative",
            "/data/d/far",
            "/data/self/far",
            "/data/../etc/name",
            "/data/d/../../etc/name",
            "/data/d/../d/./../../data/relative",
        ] {
            assert_eq!(text(tree, path), name, "{path}");
        }
        assert_eq!(code(tree.stat("/data/loop", true)), "ELOOP");
        assert_eq!(tree.canonical("/data/self/.").unwrap(), "/data/d");
        assert_eq!(tree.canonical("/data/.").unwrap(), "/data");
        assert_eq!(tree.stat("/data", false).unwrap().kind, Kind::Directory);
    }
    a.write_file("/into/through", b"x", 0o644).unwrap();
    assert_eq!(text(&b, "/data/d/through"), "x");
    // Relative to open directories, inside and across.
    let directory = a.open_dir("/data/d").unwrap();
    assert_eq!(directory.path().unwrap(), "/data/d");
    assert_eq!(
        a.stat_at(&directory, "..", true).unwrap(),
        a.stat("/data", true).unwrap()
    );
    assert_eq!(a.stat_at(&directory, "../../etc/name", true).unwrap().size, 1);
    assert_eq!(a.canonical_at(&directory, "../..").unwrap(), "/");
    let how = OpenOptions::read_only();
    let Handle::Directory(outer) = a.open_at(&directory, "../../etc", &how).unwrap() else {
        panic!("not a directory");
    };
    assert_eq!(outer.path().unwrap(), "/etc");
    b.rename("/data/d", "/data/moved").unwrap();
    assert_eq!(directory.path().unwrap(), "/data/moved");
    b.remove_all("/data/moved").unwrap();
    assert_eq!(code(a.stat_at(&directory, ".", true)), "ENOENT");
}

#[test]
fn between_sandbox_and_volume_nothing_is_renamed_or_linked() {
    let home = Home::new();
    let a = home.sandbox("a", "", false);
    a.mount("/other", &home.volume, "sub", false).unwrap();
    a.write_file("/data/in", b"in", 0o644).unwrap();
    a.write_file("/out", b"out", 0o644).unwrap();
    for (from, to) in [("/data/in", "/here"), ("/out", "/data/there"), ("/data/in", "/other/x")] {
        assert_eq!(code(a.rename(from, to)), "EXDEV", "{from} {to}");
        assert_eq!(code(a.link(from, to, false)), "EXDEV", "{from} {to}");
    }
    assert_eq!(code(a.rename("/data", "/elsewhere")), "EBUSY");
    assert_eq!(code(a.remove_dir("/data")), "EBUSY");
    assert_eq!(code(a.remove_all("/data")), "EBUSY");
    a.create_dir("/empty", 0o755).unwrap();
    assert_eq!(code(a.rename("/empty", "/data")), "EBUSY");
    assert_eq!(code(a.create_dir("/data", 0o755)), "EEXIST");
    assert_eq!(text(&a, "/data/in"), "in");
    // What holds the place may be renamed, not removed whole.
    a.mount("/deep/er/place", &home.volume, "", false).unwrap();
    assert_eq!(code(a.remove_all("/deep")), "EBUSY");
    a.rename("/deep", "/deeper").unwrap();
    assert_eq!(text(&a, "/deeper/er/place/in"), "in");
    assert_eq!(a.canonical("/deeper/er/place/in").unwrap(), "/deeper/er/place/in");
    for bad in ["/", "/proc", "/dev/x", "/data/inner"] {
        assert_ne!(code(a.mount(bad, &home.volume, "", false)), "ok", "{bad}");
    }
    assert_eq!(code(a.mount("/z", &home.volume, "../up", false)), "EINVAL");
}

#[test]
fn a_subpath_is_all_that_shows() {
    let home = Home::new();
    let whole = home.sandbox("whole", "", false);
    let part = home.sandbox("part", "users/one", false);
    whole.write_file("/data/secret", b"secret", 0o644).unwrap();
    whole.write_file("/data/users/one/mine", b"mine", 0o644).unwrap();
    assert_eq!(text(&part, "/data/mine"), "mine");
    for path in [
        "/data/../secret",
        "/data/../../secret",
        "/data/../users",
        "/data/secret",
        "/secret",
    ] {
        assert_eq!(code(part.stat(path, true)), "ENOENT", "{path}");
    }
    part.symlink("../../secret", "/data/climb").unwrap();
    part.symlink("/secret", "/data/absolute").unwrap();
    assert_eq!(code(part.read_file("/data/climb", 100)), "ENOENT");
    assert_eq!(code(part.read_file("/data/absolute", 100)), "ENOENT");
    // One whose directory is moved out of what shows does not climb from there.
    part.create_dir("/data/held", 0o755).unwrap();
    let held = part.open_dir("/data/held").unwrap();
    whole.rename("/data/users/one/held", "/data/held").unwrap();
    assert_eq!(code(part.stat_at(&held, "../secret", true)), "ENOENT");
    assert_eq!(code(part.read_dir_at(&held, "..")), "ENOENT");
    assert_eq!(code(held.path()), "ENOENT");
}

#[test]
fn a_read_only_volume_is_not_written() {
    let home = Home::new();
    let (writer, reader) = (home.sandbox("w", "", false), home.sandbox("r", "", true));
    writer.create_dir("/data/d", 0o755).unwrap();
    writer.write_file("/data/file", b"text", 0o644).unwrap();
    assert_eq!(text(&reader, "/data/file"), "text");
    let keep = sandbar_files::NewTime::Now;
    let tries = [
        code(reader.write_file("/data/file", b"x", 0o644)),
        code(reader.write_file("/data/new", b"x", 0o644)),
        code(reader.open_file("/data/file", &OpenOptions::appending())),
        code(reader.create_dir("/data/e", 0o755)),
        code(reader.remove_file("/data/file")),
        code(reader.remove_dir("/data/d")),
        code(reader.remove_all("/data/d")),
        code(reader.rename("/data/file", "/data/g")),
        code(reader.symlink("x", "/data/s")),
        code(reader.link("/data/file", "/data/l", false)),
        code(reader.chmod("/data/file", 0o600)),
        code(reader.chmod("/data", 0o700)),
        code(reader.set_times("/data/file", true, keep, keep)),
        code(reader.set_times("/data/d", true, keep, keep)),
    ];
    assert_eq!(tries, ["EROFS"; 14]);
    assert_eq!(reader.read_dir("/data").unwrap().len(), 2);
    writer.write_file("/data/file", b"more", 0o644).unwrap();
    assert_eq!(text(&reader, "/data/file"), "more");
}

#[test]
fn the_quota_is_the_volumes_own() {
    let home = Home::new();
    let (a, b) = (home.sandbox("a", "", false), home.sandbox("b", "", false));
    let before = a.usage();
    a.write_file("/data/a", &[1; 600_000], 0o644).unwrap();
    assert_eq!(code(b.write_file("/data/b", &[1; 600_000], 0o644)), "EDQUOT");
    assert_eq!(a.usage(), before, "the sandbox pays nothing for it");
    a.remove_file("/data/a").unwrap();
    b.write_file("/data/b", &[1; 600_000], 0o644).unwrap();
    let counted = home.volume.usage();
    let dir = home.dir.path().join("volume/upper");
    let limits = home.volume.limits();
    drop((a, b));
    let Home { dir: _kept, volume } = home;
    drop(volume);
    assert_eq!(Tree::open_volume(&dir, limits).unwrap().usage(), counted);
}

/// As a lock file or a journal does it: of all who try to make a name, one does, whichever sandbox it is in.
#[test]
fn names_are_taken_once_among_all_sandboxes() {
    let home = Home::new();
    let trees: Vec<_> = (0..4).map(|n| home.sandbox(&format!("s{n}"), "", false)).collect();
    home.volume.write_file("/count", b"0", 0o644).unwrap();
    std::thread::scope(|scope| {
        for tree in &trees {
            scope.spawn(move || {
                for _ in 0..100 {
                    while code(tree.create_dir("/data/count.lock", 0o755)) == "EEXIST" {
                        std::thread::yield_now();
                    }
                    let count: u32 = text(tree, "/data/count").parse().unwrap();
                    tree.write_file("/data/count.new", (count + 1).to_string().as_bytes(), 0o644)
                        .unwrap();
                    tree.rename("/data/count.new", "/data/count").unwrap();
                    tree.remove_dir("/data/count.lock").unwrap();
                }
            });
        }
    });
    assert_eq!(text(&trees[0], "/data/count"), "400");
}

#[test]
fn a_frozen_sandbox_leaves_the_volume_alone() {
    let home = Home::new();
    let root = home.dir.path().join("sandboxes");
    fs::create_dir_all(root.join("parent")).unwrap();
    fs::create_dir_all(root.join("child")).unwrap();
    let pool = sandbar_files::Pool::at(root.join(".layers"));
    let base = [home.dir.path().join("base")];
    let open = |name: &str| Tree::open_stacked(&root.join(name), &pool, &base, Limits::default()).unwrap();
    let parent = open("parent");
    parent.mount("/data", &home.volume, "", false).unwrap();
    parent.write_file("/data/shared", b"shared", 0o644).unwrap();
    parent.write_file("/own", b"own", 0o644).unwrap();
    parent.fork(&root.join("child")).unwrap();
    parent.write_file("/data/after", b"after", 0o644).unwrap();
    let child = open("child");
    assert_eq!(text(&child, "/own"), "own");
    assert!(child.read_dir("/data").unwrap().is_empty());
    child.mount("/data", &home.volume, "", true).unwrap();
    assert_eq!(text(&child, "/data/after"), "after");
}
