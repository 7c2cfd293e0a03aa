//! Forking: two sandboxes from one, without a copy, and neither knows.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use sandbar_files::{Error, Kind, Limits, MAX_STACK, OpenOptions, Pool, Tree};

struct World {
    dir: tempfile::TempDir,
    pool: Pool,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("base/etc/deep")).unwrap();
        fs::write(dir.path().join("base/etc/passwd"), "base").unwrap();
        fs::write(dir.path().join("base/etc/deep/file"), "deep").unwrap();
        let pool = Pool::at(dir.path().join("sandboxes/.layers"));
        Self { dir, pool }
    }

    fn sandboxes(&self) -> PathBuf {
        self.dir.path().join("sandboxes")
    }

    fn home(&self, name: &str) -> PathBuf {
        let home = self.sandboxes().join(name);
        fs::create_dir_all(&home).unwrap();
        home
    }

    fn open_with(&self, name: &str, limits: Limits) -> Arc<Tree> {
        let base = self.dir.path().join("base");
        Tree::open_stacked(&self.home(name), &self.pool, &[base], limits).unwrap()
    }

    fn open(&self, name: &str) -> Arc<Tree> {
        self.open_with(name, Limits::default())
    }

    fn layers(&self) -> usize {
        fs::read_dir(self.sandboxes().join(".layers")).map_or(0, Iterator::count)
    }
}

fn write(tree: &Arc<Tree>, path: &str, text: &str) {
    let file = tree.open_file(path, &OpenOptions::overwrite()).unwrap();
    file.write_at(text.as_bytes(), 0).unwrap();
}

fn text(tree: &Arc<Tree>, path: &str) -> String {
    String::from_utf8(tree.read_file(path, 1 << 20).unwrap()).unwrap()
}

/// Everything that a program can see: kinds, modes, contents.
fn picture(tree: &Arc<Tree>) -> BTreeMap<String, (Kind, u32, String)> {
    let mut seen = BTreeMap::new();
    let mut open = vec![String::new()];
    while let Some(path) = open.pop() {
        for entry in tree.read_dir(if path.is_empty() { "/" } else { &path }).unwrap() {
            let below = format!("{path}/{}", entry.name);
            if below == "/dev" || below == "/proc" {
                continue;
            }
            let contents = match entry.kind {
                Kind::Directory => {
                    open.push(below.clone());
                    String::new()
                }
                Kind::Regular => text(tree, &below),
                Kind::Symlink => tree.read_link(&below).unwrap(),
                _ => String::new(),
            };
            let mode = tree.stat(&below, false).unwrap().mode;
            seen.insert(below, (entry.kind, mode, contents));
        }
    }
    seen
}

#[test]
fn both_go_on_alone() {
    let world = World::new();
    let parent = world.open("parent");
    write(&parent, "/a", "one");
    parent.create_dir("/d", 0o750).unwrap();
    write(&parent, "/d/b", "two");
    parent.remove_file("/etc/passwd").unwrap();
    parent.fork(&world.home("child")).unwrap();
    let child = world.open("child");
    assert_eq!(picture(&parent), picture(&child));
    assert_eq!(parent.usage(), child.usage());

    write(&parent, "/a", "parent's");
    child.remove_file("/d/b").unwrap();
    write(&child, "/etc/passwd", "child's");
    assert_eq!(
        (text(&parent, "/a"), text(&child, "/a")),
        ("parent's".into(), "one".into())
    );
    assert_eq!(text(&parent, "/d/b"), "two");
    assert!(matches!(child.stat("/d/b", false), Err(Error::NotFound)));
    assert!(matches!(parent.stat("/etc/passwd", false), Err(Error::NotFound)));
    assert_eq!(text(&child, "/etc/passwd"), "child's");
}

#[test]
fn open_files_stay_with_who_opened_them() {
    let world = World::new();
    let parent = world.open("parent");
    let how = OpenOptions {
        read: true,
        write: true,
        create: true,
        ..OpenOptions::default()
    };
    parent.create_dir("/log", 0o755).unwrap();
    let file = parent.open_file("/log/now", &how).unwrap();
    let reader = parent.open_file("/log/now", &OpenOptions::read_only()).unwrap();
    let gone = parent.open_file("/gone", &how).unwrap();
    parent.remove_file("/gone").unwrap();
    file.write_at(b"before", 0).unwrap();
    gone.write_at(b"before", 0).unwrap();
    let only_read = {
        write(&parent, "/script", "print");
        parent.open_file("/script", &OpenOptions::read_only()).unwrap()
    };

    for round in 0..3 {
        let name = format!("child-{round}");
        parent.fork(&world.home(&name)).unwrap();
        file.write_at(format!("after{round}").as_bytes(), 0).unwrap();
        gone.write_at(b"after", 0).unwrap();
        let expected = if round == 0 {
            "before".into()
        } else {
            format!("after{}", round - 1)
        };
        assert_eq!(
            text(&world.open(&name), "/log/now"),
            expected,
            "the child has what was there at the fork"
        );
        assert_eq!(
            text(&parent, "/log/now"),
            format!("after{round}"),
            "a new look sees what the handle wrote"
        );
        let mut seen = [0; 6];
        reader.read_at(&mut seen, 0).unwrap();
        assert_eq!(
            seen,
            *format!("after{round}").as_bytes(),
            "a reader beside a writer sees its writes"
        );
    }
    // The attributes of what is frozen belong to all.
    assert!(matches!(only_read.chmod(0o700), Err(Error::ReadOnly)));
    parent.chmod("/script", 0o700).unwrap();
    assert_eq!(world.open("child-0").stat("/script", false).unwrap().mode, 0o644);
    drop((file, gone, reader, only_read));
    let usage = parent.usage();
    drop(parent);
    assert_eq!(world.open("parent").usage(), usage);
}

#[test]
fn what_is_removed_after_a_fork_is_given_back() {
    let world = World::new();
    let limits = Limits {
        bytes: 100 * 4096,
        ..Limits::default()
    };
    let parent = world.open_with("parent", limits);
    for round in 0..8 {
        let file = parent.open_file("/big", &OpenOptions::overwrite()).unwrap();
        file.write_at(&vec![7; 60 * 4096], 0).unwrap();
        drop(file);
        parent.fork(&world.home(&format!("child-{round}"))).unwrap();
        if round % 2 == 0 {
            parent.remove_file("/big").unwrap();
            assert_eq!(parent.usage().bytes, 0, "round {round}");
        }
    }
    assert!(
        matches!(parent.open_file("/big", &OpenOptions::overwrite()).unwrap().write_at(&vec![1; 101 * 4096], 0), Ok(n) if n == 100 * 4096)
    );
}

#[test]
fn a_stack_has_an_end_and_unchanged_sandboxes_add_nothing() {
    let world = World::new();
    let parent = world.open("parent");
    for round in 0..3 {
        parent.fork(&world.home(&format!("empty-{round}"))).unwrap();
    }
    assert_eq!(world.layers(), 0);
    for round in 0..MAX_STACK {
        write(&parent, &format!("/{round}"), "x");
        parent.fork(&world.home(&format!("a-{round}"))).unwrap();
        parent.fork(&world.home(&format!("b-{round}"))).unwrap();
    }
    write(&parent, "/more", "x");
    let before = picture(&parent);
    assert!(matches!(parent.fork(&world.home("over")), Err(Error::TooManyLayers)));
    assert_eq!(picture(&parent), before);
    write(&parent, "/more", "y");
    assert!(matches!(
        parent.fork(&world.home("a-0")),
        Err(Error::TooManyLayers | Error::Exists)
    ));
}

#[test]
fn layers_go_with_their_last_user() {
    let world = World::new();
    let parent = world.open("parent");
    write(&parent, "/a", "x");
    parent.fork(&world.home("child")).unwrap();
    let child = world.open("child");
    write(&child, "/b", "x");
    child.fork(&world.home("grandchild")).unwrap();
    drop((parent, child));
    assert_eq!(world.layers(), 2);
    world.pool.remove(&world.home("parent")).unwrap();
    world.pool.remove(&world.home("child")).unwrap();
    let grandchild = world.open("grandchild");
    assert_eq!(
        (text(&grandchild, "/a"), text(&grandchild, "/b")),
        ("x".into(), "x".into())
    );
    drop(grandchild);
    world.pool.remove(&world.home("grandchild")).unwrap();
    world.pool.remove(&world.home("grandchild")).unwrap();
    assert_eq!(world.layers(), 0);
}

/// A crash at each step of a freeze: before the move nothing has happened, after it everything has.
#[test]
fn a_freeze_cut_short_is_ended_at_the_next_opening() {
    let world = World::new();
    let pool = world.sandboxes().join(".layers");
    let layer = "0123456789abcdef0123456789abcdef";
    let prepare = |name: &str| {
        let tree = world.open(name);
        write(&tree, "/a", "x");
        drop(tree);
        fs::create_dir_all(pool.join(layer).join("users")).unwrap();
        fs::write(pool.join(layer).join("about"), "bytes 4096\ninodes 1\n").unwrap();
        fs::write(pool.join(layer).join("users").join(name), "").unwrap();
        fs::write(world.home(name).join("stack"), format!("{layer}\n")).unwrap();
        fs::create_dir_all(world.home(name).join("fresh")).unwrap();
    };
    prepare("early");
    assert_eq!(text(&world.open("early"), "/a"), "x");
    assert!(!world.home("early").join("stack").exists());
    assert_eq!(world.layers(), 0);

    prepare("late");
    fs::rename(world.home("late").join("upper"), pool.join(layer).join("files")).unwrap();
    let tree = world.open("late");
    assert_eq!(text(&tree, "/a"), "x");
    assert_eq!(tree.usage().bytes, 4096);
    drop(tree);

    // What only a reference file remembers is swept away, with layers that nobody stands on.
    fs::write(pool.join(layer).join("users/ghost"), "").unwrap();
    world.pool.sweep(&world.sandboxes()).unwrap();
    assert!(!pool.join(layer).join("users/ghost").exists());
    assert_eq!(text(&world.open("late"), "/a"), "x");
    fs::remove_dir_all(world.home("late")).unwrap();
    world.pool.sweep(&world.sandboxes()).unwrap();
    assert_eq!(world.layers(), 0);
}

#[derive(Debug, Clone)]
enum Step {
    Write(usize, u16),
    Append(usize, u16),
    Remove(usize),
    RemoveAll(usize),
    Rename(usize, usize),
    Mkdir(usize),
    Link(usize),
    Chmod(usize, u32),
    Reopen,
    Fork,
}

const PATHS: [&str; 9] = [
    "/a",
    "/b",
    "/d",
    "/d/a",
    "/d/e",
    "/d/e/f",
    "/etc/passwd",
    "/etc/deep",
    "/etc/deep/file",
];

fn step() -> impl Strategy<Value = Step> {
    let path = 0..PATHS.len();
    prop_oneof![
        4 => (path.clone(), any::<u16>()).prop_map(|(p, n)| Step::Write(p, n)),
        2 => (path.clone(), any::<u16>()).prop_map(|(p, n)| Step::Append(p, n)),
        2 => path.clone().prop_map(Step::Remove),
        1 => path.clone().prop_map(Step::RemoveAll),
        2 => (path.clone(), path.clone()).prop_map(|(a, b)| Step::Rename(a, b)),
        2 => path.clone().prop_map(Step::Mkdir),
        1 => path.clone().prop_map(Step::Link),
        1 => (path, 0..0o1000_u32).prop_map(|(p, m)| Step::Chmod(p, m | 0o600)),
        1 => Just(Step::Reopen),
        3 => Just(Step::Fork),
    ]
}

/// Does a step; the outcome as a code.
fn take(tree: &Arc<Tree>, step: &Step) -> &'static str {
    let outcome = match step {
        Step::Write(path, size) => tree
            .open_file(PATHS[*path], &OpenOptions::overwrite())
            .and_then(|file| file.write_at(&vec![b'w'; usize::from(*size)], 0).map(drop)),
        Step::Append(path, size) => tree
            .open_file(PATHS[*path], &OpenOptions::appending())
            .and_then(|file| file.append(&vec![b'a'; usize::from(*size)]).map(drop)),
        Step::Remove(path) => match tree.remove_file(PATHS[*path]) {
            Err(Error::IsDirectory) => tree.remove_dir(PATHS[*path]),
            other => other,
        },
        Step::RemoveAll(path) => tree.remove_all(PATHS[*path]),
        Step::Rename(from, to) => tree.rename(PATHS[*from], PATHS[*to]),
        Step::Mkdir(path) => tree.create_dir(PATHS[*path], 0o755),
        Step::Link(path) => tree.symlink("/etc/passwd", PATHS[*path]),
        Step::Chmod(path, mode) => tree.chmod(PATHS[*path], *mode),
        Step::Reopen | Step::Fork => Ok(()),
    };
    outcome.map_or_else(|error| error.code(), |()| "ok")
}

fn differ(steps: &[Step]) -> Result<(), TestCaseError> {
    let world = World::new();
    let (mut forked, mut plain) = (world.open("forked"), world.open("plain"));
    let mut children = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Fork if children.len() < 12 => {
                let name = format!("child-{number}");
                forked.fork(&world.home(&name)).unwrap();
                children.push((name, picture(&forked), forked.usage()));
            }
            Step::Reopen => {
                drop((forked, plain));
                (forked, plain) = (world.open("forked"), world.open("plain"));
            }
            step => {
                let (a, b) = (take(&forked, step), take(&plain, step));
                prop_assert_eq!(a, b, "step {}: {:?}", number, step);
            }
        }
        prop_assert_eq!(picture(&forked), picture(&plain), "after step {}: {:?}", number, step);
        let (a, b) = (forked.usage(), plain.usage());
        prop_assert_eq!(
            (a.bytes, a.inodes),
            (b.bytes, b.inodes),
            "after step {}: {:?}",
            number,
            step
        );
    }
    for (name, then, usage) in children {
        let child = world.open(&name);
        prop_assert_eq!(picture(&child), then, "{} has changed", name);
        prop_assert_eq!(child.usage().bytes, usage.bytes);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    /// A sandbox that is forked now and then looks, counts and answers as one that never was; its children stay as
    /// they were at the moment of their making.
    #[test]
    fn nobody_can_tell(steps in prop::collection::vec(step(), 1..40)) {
        differ(&steps)?;
    }
}

/// Not a figure, a bound: nothing about a fork may grow with the files.
#[test]
fn forking_ten_thousand_files_reads_none() {
    let world = World::new();
    let parent = world.open("parent");
    for dir in 0..20 {
        parent.create_dir(&format!("/{dir}"), 0o755).unwrap();
        for file in 0..500 {
            write(&parent, &format!("/{dir}/{file}"), "x");
        }
    }
    let begin = std::time::Instant::now();
    parent.fork(&world.home("child")).unwrap();
    let child = world.open("child");
    let took = begin.elapsed();
    assert_eq!(child.usage(), parent.usage());
    assert_eq!(text(&child, "/19/499"), "x");
    eprintln!("fork and open: {took:?}");
    assert!(took.as_millis() < 500, "{took:?}");
}

/// Writers at full speed during forks: nothing written is lost, and each child has every write that had returned
/// before its fork began.
#[test]
fn writers_are_not_disturbed() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let world = World::new();
    let parent = world.open("parent");
    let written: Arc<Vec<AtomicU64>> = Arc::new((0..3).map(|_| AtomicU64::new(0)).collect());
    std::thread::scope(|scope| {
        let mut writers = Vec::new();
        for number in 0..3 {
            let (tree, written) = (Arc::clone(&parent), Arc::clone(&written));
            writers.push(scope.spawn(move || {
                let log = tree
                    .open_file(&format!("/log-{number}"), &OpenOptions::appending())
                    .unwrap();
                for line in 1..=3000_u64 {
                    log.append(&line.to_le_bytes()).unwrap();
                    written[number].store(line, Ordering::SeqCst);
                }
            }));
        }
        let mut round = 0;
        while writers.iter().any(|writer| !writer.is_finished()) && round < 20 {
            let before: Vec<u64> = written.iter().map(|n| n.load(Ordering::SeqCst)).collect();
            parent.fork(&world.home(&format!("child-{round}"))).unwrap();
            let child = world.open(&format!("child-{round}"));
            for (number, before) in before.iter().enumerate().filter(|(_, before)| **before > 0) {
                let log = child.read_file(&format!("/log-{number}"), 1 << 20).unwrap();
                let lines: Vec<u64> = log
                    .chunks(8)
                    .map(|line| u64::from_le_bytes(line.try_into().unwrap()))
                    .collect();
                assert!(
                    lines.len() as u64 >= *before,
                    "round {round}: {} of {before}",
                    lines.len()
                );
                assert!(
                    lines.iter().zip(1..).all(|(line, expected)| *line == expected),
                    "round {round}"
                );
            }
            round += 1;
        }
    });
    for number in 0..3 {
        assert_eq!(
            parent.read_file(&format!("/log-{number}"), 1 << 20).unwrap().len(),
            24_000
        );
    }
    let usage = parent.usage();
    drop(parent);
    assert_eq!(world.open("parent").usage(), usage);
}
