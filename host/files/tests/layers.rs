//! Snapshots, and layers on their way between two pools: what arrives is what was sent, and what is hostile does not.

#[path = "common/tar.rs"]
mod tar;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use sandbar_files::{Blob, Error, Kind, LayerError, Limits, NewTime, Pool, SNAPSHOTS, Tree};
use tar::{Tar, claim};

/// A directory of sandboxes over one base, as a cell has it.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("base");
        fs::create_dir_all(base.join("etc/deep")).unwrap();
        fs::create_dir_all(base.join("gone")).unwrap();
        fs::write(base.join("etc/passwd"), "base").unwrap();
        fs::write(base.join("etc/deep/file"), "deep").unwrap();
        fs::write(base.join("gone/file"), "gone").unwrap();
        let place = Self { dir };
        fs::create_dir_all(place.sandboxes().join(SNAPSHOTS)).unwrap();
        place
    }

    fn sandboxes(&self) -> PathBuf {
        self.dir.path().join("sandboxes")
    }

    fn pool(&self) -> Pool {
        Pool::at(self.sandboxes().join(".layers"))
    }

    fn snapshot(&self, id: &str) -> PathBuf {
        self.sandboxes().join(SNAPSHOTS).join(id)
    }

    fn open(&self, id: &str) -> Arc<Tree> {
        let directory = self.sandboxes().join(id);
        fs::create_dir_all(&directory).unwrap();
        Tree::open_stacked(
            &directory,
            &self.pool(),
            &[self.dir.path().join("base")],
            Limits::default(),
        )
        .unwrap()
    }

    fn begin(&self, snapshot: &str, id: &str) -> Arc<Tree> {
        fs::create_dir_all(self.sandboxes().join(id)).unwrap();
        self.pool()
            .begin(&self.snapshot(snapshot), &self.sandboxes().join(id))
            .unwrap();
        self.open(id)
    }

    fn take(&self, tree: &Tree, id: &str) {
        fs::create_dir_all(self.snapshot(id)).unwrap();
        tree.fork(&self.snapshot(id)).unwrap();
    }

    /// Names in the pool, as a test of what is left.
    fn layers(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.sandboxes().join(".layers")) else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }
}

/// Everything that a program could see of a tree, but inode numbers and times of access.
fn seen(tree: &Arc<Tree>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut inodes: BTreeMap<u64, String> = BTreeMap::new();
    let mut stack = vec![String::new()];
    while let Some(directory) = stack.pop() {
        let at = if directory.is_empty() { "/" } else { &directory };
        for entry in tree.read_dir(at).unwrap() {
            let path = format!("{directory}/{}", entry.name);
            if path == "/dev" || path == "/proc" {
                continue;
            }
            let status = tree.stat(&path, false).unwrap();
            let contents = match status.kind {
                Kind::Directory => {
                    stack.push(path.clone());
                    String::new()
                }
                Kind::Symlink => tree.read_link(&path).unwrap(),
                _ => String::from_utf8_lossy(&tree.read_file(&path, 64 << 20).unwrap()).into_owned(),
            };
            let first = inodes.entry(status.inode).or_insert_with(|| path.clone()).clone();
            let links = if status.links > 1 && status.kind == Kind::Regular {
                first
            } else {
                String::new()
            };
            let mode = if status.kind == Kind::Symlink { 0 } else { status.mode };
            all.insert(
                path,
                format!("{:?} {mode:o} {:?} {links} {contents}", status.kind, status.modified),
            );
        }
    }
    all
}

/// All that a layer can hold.
fn furnish(tree: &Arc<Tree>) {
    tree.create_dir_all("/home/daytona/project/src", 0o755).unwrap();
    tree.write_file("/home/daytona/project/src/main.py", b"print(1)\n", 0o644)
        .unwrap();
    tree.write_file("/home/daytona/secret", &[7; 10_000], 0o600).unwrap();
    tree.chmod("/home/daytona/secret", 0o000).unwrap();
    tree.write_file("/home/daytona/run", b"#!", 0o755).unwrap();
    tree.link("/home/daytona/run", "/home/daytona/again", false).unwrap();
    tree.link("/home/daytona/run", "/aa-first", false).unwrap();
    tree.symlink("../../../../../etc/passwd", "/home/daytona/out").unwrap();
    tree.symlink("/nowhere", "/home/daytona/dangling").unwrap();
    tree.remove_all("/gone").unwrap();
    tree.remove_file("/etc/deep/file").unwrap();
    tree.rename("/etc/deep", "/etc/renamed").unwrap();
    tree.rename("/etc/passwd", "/etc/shadow").unwrap();
    tree.write_file("/etc/deep", b"a file now", 0o644).unwrap();
    let long = format!("/{}", "n".repeat(255));
    tree.create_dir(&long, 0o711).unwrap();
    tree.write_file(&format!("{long}/{}ä", "m".repeat(250)), b"long", 0o644)
        .unwrap();
    tree.write_file("/empty", b"", 0o644).unwrap();
    let times = [
        ("/empty", UNIX_EPOCH - Duration::new(5, 1)),
        ("/home/daytona/project", UNIX_EPOCH + Duration::from_secs(1)),
        ("/home", UNIX_EPOCH + Duration::new(1 << 34, 999_999_999)),
        ("/home/daytona/out", UNIX_EPOCH + Duration::new(1_700_000_000, 5)),
    ];
    for (path, time) in times {
        tree.set_times(path, false, NewTime::Keep, NewTime::At(time)).unwrap();
    }
}

/// Sends a snapshot from one place to another, lowest layer first.
fn send(from: &Place, to: &Place, id: &str) -> Vec<Blob> {
    let mut sent = Vec::new();
    for layer in from
        .pool()
        .snapshot(&from.snapshot(id))
        .unwrap()
        .unwrap()
        .layers
        .iter()
        .rev()
    {
        let mut bytes = Vec::new();
        let blob = from.pool().export(&layer.id, &mut bytes).unwrap();
        if !to.pool().reuse(&to.snapshot(id), &blob.digest).unwrap() {
            to.pool().import(&to.snapshot(id), &blob, bytes.as_slice()).unwrap();
        }
        sent.push(blob);
    }
    to.pool().complete(&to.snapshot(id)).unwrap();
    sent
}

#[test]
fn what_arrives_is_what_was_sent() {
    let (here, there) = (Place::new(), Place::new());
    let tree = here.open("s");
    furnish(&tree);
    here.take(&tree, "one");
    tree.write_file("/second", b"layer", 0o644).unwrap();
    tree.remove_all("/home/daytona/project").unwrap();
    here.take(&tree, "two");
    let whole = seen(&tree);
    let usage = tree.usage();
    assert_eq!(seen(&here.begin("two", "local")), whole);
    assert_ne!(seen(&here.begin("one", "older")), whole);

    let sent = send(&here, &there, "two");
    assert_eq!(sent.len(), 2);
    let arrived = there.begin("two", "far");
    assert_eq!(seen(&arrived), whole);
    let bytes = |usage: sandbar_files::Usage| (usage.bytes, usage.inodes);
    assert_eq!(bytes(arrived.usage()), bytes(usage), "both pay the same");

    // The same files make the same archives, wherever they are.
    let back = there.pool().snapshot(&there.snapshot("two")).unwrap().unwrap();
    for (layer, blob) in back.layers.iter().rev().zip(&sent) {
        assert_eq!(layer.blob.as_ref(), Some(blob));
        assert_eq!(&there.pool().export(&layer.id, io::sink()).unwrap(), blob);
    }

    // A second snapshot of the same layers brings nothing new.
    let before = there.layers().len();
    fs::rename(here.snapshot("one"), here.dir.path().join("aside")).unwrap();
    for blob in &sent {
        assert!(there.pool().reuse(&there.snapshot("same"), &blob.digest).unwrap());
    }
    there.pool().complete(&there.snapshot("same")).unwrap();
    assert_eq!(there.layers().len(), before);
    assert_eq!(seen(&there.begin("same", "other")), whole);
}

#[test]
fn layers_go_with_their_last_user() {
    let (here, there) = (Place::new(), Place::new());
    let tree = here.open("s");
    furnish(&tree);
    here.take(&tree, "snap");
    send(&here, &there, "snap");
    let far = there.begin("snap", "far");
    there.pool().remove(&there.snapshot("snap")).unwrap();
    assert!(matches!(
        there
            .pool()
            .begin(&there.snapshot("snap"), &there.sandboxes().join("late")),
        Err(Error::NotFound)
    ));
    there.pool().sweep(&there.sandboxes()).unwrap();
    assert_eq!(seen(&far), seen(&tree), "who began as it keeps it");
    drop(far);
    there.pool().remove(&there.sandboxes().join("far")).unwrap();
    assert!(there.layers().is_empty(), "{:?}", there.layers());
}

#[test]
fn a_thousand_snapshots_and_starts_change_nothing() {
    let place = Place::new();
    let mut tree = place.open("s0");
    furnish(&tree);
    let whole = seen(&tree);
    for round in 1..=1000 {
        let snapshot = format!("snap{round}");
        place.take(&tree, &snapshot);
        let next = place.begin(&snapshot, &format!("s{round}"));
        // The whole comparison every now and then; something small every time.
        if round % 100 == 0 {
            assert_eq!(seen(&next), whole, "round {round}");
        }
        assert_eq!(next.read_file("/etc/deep", 100).unwrap(), b"a file now");
        drop(tree);
        place
            .pool()
            .remove(&place.sandboxes().join(format!("s{}", round - 1)))
            .unwrap();
        place.pool().remove(&place.snapshot(&snapshot)).unwrap();
        tree = next;
    }
    assert_eq!(place.layers().len(), 1);
}

#[test]
fn twenty_sandboxes_begin_as_one_at_once() {
    let place = Place::new();
    let tree = place.open("s");
    furnish(&tree);
    place.take(&tree, "snap");
    let whole = seen(&tree);
    std::thread::scope(|scope| {
        for number in 0..20 {
            let (place, whole) = (&place, &whole);
            scope.spawn(move || {
                let own = place.begin("snap", &format!("child{number}"));
                assert_eq!(&seen(&own), whole);
                own.write_file("/own", number.to_string().as_bytes(), 0o644).unwrap();
                assert_eq!(own.read_file("/own", 10).unwrap(), number.to_string().as_bytes());
            });
        }
    });
    assert_eq!(seen(&tree), whole, "nobody wrote into what all share");
}

/// Offers an archive; it must be refused with this in the reason, and leave nothing.
fn refused(what: &str, (claim, bytes): (Blob, Vec<u8>), reason: &str) {
    let place = Place::new();
    fs::write(place.dir.path().join("canary"), "canary").unwrap();
    let result = place.pool().import(&place.snapshot("bad"), &claim, bytes.as_slice());
    let text = result.expect_err(what).to_string();
    assert!(text.contains(reason), "{what}: {text}");
    assert!(place.layers().is_empty(), "{what} left {:?}", place.layers());
    assert!(
        place.pool().snapshot(&place.snapshot("bad")).unwrap().is_none(),
        "{what}"
    );
    assert_eq!(
        fs::read_to_string(place.dir.path().join("canary")).unwrap(),
        "canary",
        "{what}"
    );
    let around: Vec<_> = fs::read_dir(place.dir.path()).unwrap().collect();
    assert_eq!(around.len(), 3, "{what}: base, canary, sandboxes");
}

#[test]
fn paths_that_lead_out_are_refused() {
    let tar = Tar::default;
    for name in ["/abs", "../up", "..", ".", "", "a//b", "a/", "./a"] {
        refused(name, tar().file(name, b"x").end().packed(1 << 20, 10), "refused");
    }
    let below_link = tar().symlink("a", "../../..").file("a/canary", b"x").end();
    refused(
        "through a link",
        below_link.packed(1 << 20, 10),
        "directory is not the one before it",
    );
    let below_link = tar().dir("b").symlink("b/a", "/").link("c", "b/a/canary").end();
    refused("a link through a link", below_link.packed(1 << 20, 10), "not in it");
    for target in ["../../../canary", "/canary", "nothing", "", "d", "../x"] {
        let linked = tar().dir("d").link("e", target).end();
        refused(target, linked.packed(1 << 20, 10), "refused");
    }
    let onto_link = tar().symlink("a", "../../../../canary").file("a", b"x").end();
    refused("over a link", onto_link.packed(1 << 20, 10), "twice, or out of order");
    let pax = tar().pax("18 path=../canary\n").file("x", b"x").end();
    refused("pax path", pax.packed(1 << 20, 10), "refused");
}

#[test]
fn what_no_layer_has_is_refused() {
    let tar = Tar::default;
    refused(
        "twice",
        tar().file("a", b"1").file("a", b"2").end().packed(1 << 20, 10),
        "twice",
    );
    refused(
        "order",
        tar().file("b", b"1").file("a", b"2").end().packed(1 << 20, 10),
        "out of order",
    );
    for kind in *b"34567gKLSV" {
        if kind != b'5' {
            let odd = tar().header(b"odd", kind, "0000644", 0, b"").end();
            refused("kind", odd.packed(1 << 20, 10), "no file, directory or link");
        }
    }
    let setuid = tar().header(b"su", b'0', "0004755", 0, b"").end();
    refused("setuid", setuid.packed(1 << 20, 10), "mode");
    refused(
        "long",
        tar()
            .pax(&pax("path", &"x".repeat(300)))
            .file("x", b"")
            .end()
            .packed(1 << 20, 10),
        "too long",
    );
    refused(
        "unknown pax",
        tar()
            .pax(&pax("SCHILY.xattr.user.x", "1"))
            .file("x", b"")
            .end()
            .packed(1 << 20, 10),
        "pax",
    );
    refused(
        "pax twice",
        tar()
            .pax(&format!("{0}{0}", pax("path", "x")))
            .file("x", b"")
            .end()
            .packed(1 << 20, 10),
        "pax",
    );
    for mark in [".wh..wh.tmp.1", ".wh.", ".wh..", ".wh...", ".wh..wh.x"] {
        refused(mark, tar().file(mark, b"").end().packed(1 << 20, 10), "refused");
    }
    refused(
        "marker with bytes",
        tar().file(".wh.x", b"1").end().packed(1 << 20, 10),
        "not empty",
    );
    refused(
        "marker as link",
        tar().symlink(".wh.x", "/").end().packed(1 << 20, 10),
        "not empty",
    );
    let mut deep = tar();
    let mut path = String::new();
    for _ in 0..300 {
        path = if path.is_empty() {
            "d".into()
        } else {
            format!("{path}/d")
        };
        deep = deep.pax(&pax("path", &path)).dir("d");
    }
    refused("deep", deep.end().packed(1 << 30, 1000), "levels of directories");
}

fn pax(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let length = (rest + 1..)
        .find(|length| rest + length.to_string().len() == *length)
        .unwrap();
    format!("{length} {key}={value}\n")
}

#[test]
fn bombs_and_wrong_claims_are_refused() {
    let tar = Tar::default;
    let two = tar().file("a", &[0; 5000]).file("b", b"x").end();
    let place = Place::new();
    let (right, bytes) = two.packed(3 * 4096, 2);
    place
        .pool()
        .import(&place.snapshot("good"), &right, bytes.as_slice())
        .unwrap();
    refused("bytes", two.packed(2 * 4096, 2), "more than the 8192 bytes");
    refused("names", two.packed(3 * 4096, 1), "more than the 1 names");
    refused("too many claimed", two.packed(4 * 4096, 2), "the number of bytes is");
    refused(
        "too many names claimed",
        two.packed(3 * 4096, 3),
        "the number of names is",
    );
    refused("beyond all", two.packed(1 << 50, 2), "more than the");
    // A gibibyte of zeros in some kilobytes, said to be little.
    let head = tar().header(b"z", b'0', "0000644", 1 << 30, b"");
    let bomb = zstd::encode_all(head.bytes().chain(io::repeat(0).take(1 << 30)), 1).unwrap();
    assert!(bomb.len() < 1 << 20);
    refused("bomb", (claim(&bomb, 1 << 20, 1), bomb), "more than the 1048576 bytes");
    let sparse = tar().header(b"s", b'0', "0000644", (1 << 33) - 1, b"").end();
    refused("a size that is not there", sparse.packed(1 << 33, 1), "ends too early");

    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    let error = Place::new();
    let result = error.pool().import(&error.snapshot("x"), &right, flipped.as_slice());
    assert!(result.is_err() && error.layers().is_empty());
    let other = Blob {
        digest: "0".repeat(64),
        ..right.clone()
    };
    refused("digest", (other, bytes.clone()), "the digest is");
    let other = Blob {
        digest: "../../x".into(),
        ..right.clone()
    };
    refused("no digest", (other, bytes.clone()), "a digest that is none");
    for cut in [0, 1, 10, bytes.len() / 2, bytes.len() - 1] {
        refused("cut", (right.clone(), bytes[..cut].to_vec()), "");
    }
    let longer = [bytes.clone(), b"more".to_vec()].concat();
    refused("longer than claimed", (right.clone(), longer.clone()), "");
    refused(
        "after its end",
        (claim(&longer, 3 * 4096, 2), longer),
        "after the archive's end",
    );
    let frames = [bytes.clone(), zstd::encode_all(&b"second frame"[..], 3).unwrap()].concat();
    refused(
        "two frames",
        (claim(&frames, 3 * 4096, 2), frames),
        "after the archive's end",
    );
    refused(
        "after the end mark",
        two.clone().raw(&[1; 512]).packed(3 * 4096, 2),
        "after its end",
    );
    refused("no end mark", tar().file("a", b"x").packed(1 << 20, 1), "too early");
    refused("no tar", Tar::default().raw(&[7; 4096]).packed(1 << 20, 1), "ustar");
}

#[test]
fn a_half_imported_snapshot_is_no_snapshot() {
    let (here, there) = (Place::new(), Place::new());
    let tree = here.open("s");
    furnish(&tree);
    here.take(&tree, "snap");
    tree.write_file("/second", b"layer", 0o644).unwrap();
    here.take(&tree, "snap2");
    let layers = here.pool().snapshot(&here.snapshot("snap2")).unwrap().unwrap().layers;
    let mut bytes = Vec::new();
    let blob = here.pool().export(&layers[1].id, &mut bytes).unwrap();
    there
        .pool()
        .import(&there.snapshot("half"), &blob, bytes.as_slice())
        .unwrap();
    let half = there.pool().snapshot(&there.snapshot("half")).unwrap().unwrap();
    assert!(!half.whole && half.layers.len() == 1);
    fs::create_dir_all(there.sandboxes().join("child")).unwrap();
    let begun = there
        .pool()
        .begin(&there.snapshot("half"), &there.sandboxes().join("child"));
    assert!(matches!(begun, Err(Error::NotFound)));
    // As at the start after a crash.
    there.pool().sweep(&there.sandboxes()).unwrap();
    assert!(there.layers().is_empty() && !there.snapshot("half").exists());
    // A whole one takes no more.
    assert!(matches!(
        here.pool().import(&here.snapshot("snap"), &blob, bytes.as_slice()),
        Err(LayerError::Files(Error::Exists))
    ));
}

/// Whose import is killed; see the test below.
const KILLED: &str = "SANDBAR_TEST_KILLED_IMPORT";

/// Gives some bytes, and then takes its time.
struct Dawdling<'a>(&'a [u8]);

impl Read for Dawdling<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            eprintln!("half");
            std::thread::sleep(Duration::from_secs(60));
        }
        self.0.read(buffer)
    }
}

#[test]
fn killed_in_the_middle_of_an_import_leaves_nothing() {
    let mut noise = vec![0_u8; 4 << 20];
    let mut state = 1_u64;
    for byte in &mut noise {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    let tar = Tar::default().file("a", &noise).file("b", &noise).end();
    let (claim, bytes) = tar.packed(8 << 20, 2);
    if let Ok(root) = std::env::var(KILLED) {
        let pool = Pool::at(Path::new(&root).join(".layers"));
        let snapshot = Path::new(&root).join(SNAPSHOTS).join("snap");
        let _ = pool.import(&snapshot, &claim, Dawdling(&bytes[..6 << 20]));
        return;
    }
    let place = Place::new();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "killed_in_the_middle_of_an_import_leaves_nothing",
            "--nocapture",
        ])
        .env(KILLED, place.sandboxes())
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut said = [0; 4];
    child.stderr.take().unwrap().read_exact(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(place.layers().len(), 1, "it was killed in the middle");
    place.pool().sweep(&place.sandboxes()).unwrap();
    assert!(place.layers().is_empty(), "{:?}", place.layers());
    place
        .pool()
        .import(&place.snapshot("snap"), &claim, bytes.as_slice())
        .unwrap();
    assert_eq!(place.layers().len(), 1);
}
