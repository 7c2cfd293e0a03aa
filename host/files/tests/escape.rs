//! Nothing that a guest, a client or a planted entry can say leads out of the root.

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use common::Fixture;
use sandbar_files::{Kind, NewTime, OpenOptions};

/// Every operation on a path that would be the canary if anything followed it.
fn assert_canary_out_of_reach(f: &Fixture, path: &str) {
    let tree = f.tree();
    for how in [
        OpenOptions::read_only(),
        OpenOptions::appending(),
        OpenOptions::overwrite(),
    ] {
        for follow in [true, false] {
            let how = OpenOptions { follow, ..how };
            if let Ok(file) = tree.open_file(path, &how) {
                let mut seen = [0; 64];
                let read = file.read_at(&mut seen, 0).unwrap_or(0);
                assert_ne!(&seen[..read], b"canary", "{path}");
            }
        }
    }
    let _ = tree.chmod(path, 0o600);
    let _ = tree.set_times(path, true, NewTime::Keep, NewTime::Now);
    let _ = tree.link(path, "/stolen", true);
    if let Ok(text) = tree.read_file("/stolen", 100) {
        assert_ne!(text, b"canary");
    }
    let _ = tree.rename(path, "/moved");
    let _ = tree.remove_file(path);
    let _ = tree.remove_all(path);
    assert_eq!(fs::read_to_string(f.canary()).unwrap(), "canary", "{path}");
}

#[test]
fn dots_and_slashes_stop_at_the_root() {
    let f = Fixture::new();
    let absolute = f.canary().to_str().unwrap().to_owned();
    for path in [
        "../canary",
        "/../canary",
        "/../../../../../../../../etc/passwd/../../canary",
        "etc/../../canary",
        "etc/../../../canary/",
        "//..//canary",
        "./.././canary",
        &absolute,
        &format!("..{absolute}"),
        &format!("../../../../../../../..{absolute}"),
    ] {
        assert_canary_out_of_reach(&f, path);
    }
    assert_eq!(f.text("/../../etc/./../etc//passwd"), "root of the sandbox");
}

#[test]
fn links_are_resolved_within_the_root() {
    let f = Fixture::new();
    let up = "../../../../../../../../../../etc/passwd";
    f.tree().symlink(up, "/up").unwrap();
    f.tree().symlink("/etc/passwd", "/absolute").unwrap();
    f.tree().symlink("/", "/bin/root").unwrap();
    f.tree().symlink("/etc/passwd/", "/slashed").unwrap();
    for path in [
        "/up",
        "/absolute",
        "/bin/root/etc/passwd",
        "/bin/root/bin/root/../etc/passwd",
    ] {
        assert_eq!(f.text(path), "root of the sandbox", "{path}");
    }
    assert_eq!(f.code(f.tree().stat("/slashed", true)), "ENOTDIR");
    assert_eq!(f.code(f.tree().stat("/up/", false)), "ENOTDIR");
    assert_eq!(f.tree().read_link("/up").unwrap(), up);
    assert_eq!(f.code(f.tree().read_link("/etc")), "EINVAL");
    f.tree().symlink(f.canary().to_str().unwrap(), "/out").unwrap();
    assert_canary_out_of_reach(&f, "/out");
}

#[test]
fn planted_links_do_not_lead_out() {
    let f = Fixture::new();
    let outside = f.dir.path().to_str().unwrap().to_owned();
    fs::create_dir_all(f.upper().join("d")).unwrap();
    for (target, name) in [
        (f.canary().to_str().unwrap(), "file"),
        ("../../canary", "relative"),
        (outside.as_str(), "dir"),
        ("../..", "parent"),
        ("/proc/self/root", "magic"),
    ] {
        symlink(target, f.upper().join("d").join(name)).unwrap();
    }
    for path in [
        "/d/file",
        "/d/file/",
        "/d/relative",
        "/d/dir/canary",
        "/d/dir/",
        "/d/parent/canary",
        "/d/parent/../canary",
        &format!("/d/magic{outside}/canary"),
    ] {
        assert_canary_out_of_reach(&f, path);
    }
    assert_eq!(f.code(f.tree().create_dir("/d/dir/new", 0o755)), "ENOENT");
    // Removing what holds the links removes the links.
    f.tree().remove_all("/d").unwrap();
    assert_eq!(fs::read_to_string(f.canary()).unwrap(), "canary");
    assert!(!f.upper().join("d").exists());
}

#[test]
fn a_link_swapped_in_under_a_cached_directory_is_not_followed() {
    let f = Fixture::new();
    f.tree().create_dir_all("/a/b", 0o755).unwrap();
    f.tree().write_file("/a/b/canary", b"inside", 0o644).unwrap();
    // Somebody breaks the rule that nobody else renames here: still nothing outside is reached.
    fs::rename(f.upper().join("a/b"), f.upper().join("a/c")).unwrap();
    symlink(f.dir.path(), f.upper().join("a/b")).unwrap();
    assert_eq!(f.text("/a/b/canary"), "inside");
    f.tree().trim();
    assert_eq!(f.code(f.tree().read_file("/a/b/canary", 100)), "ENOENT");
}

#[test]
fn loops_and_long_chains_end() {
    let f = Fixture::new();
    f.tree().symlink("loop", "/loop").unwrap();
    f.tree().symlink("ping", "/pong").unwrap();
    f.tree().symlink("pong", "/ping").unwrap();
    f.tree().symlink("nest/nest", "/nest").unwrap();
    for path in ["/loop", "/ping", "/nest", "/loop/x", "/nest/"] {
        assert_eq!(f.code(f.tree().stat(path, true)), "ELOOP", "{path}");
        assert_eq!(
            f.code(f.tree().open_file(path, &OpenOptions::overwrite())),
            "ELOOP",
            "{path}"
        );
    }
    f.tree().write_file("/link0", b"end", 0o644).unwrap();
    for n in 1..=41 {
        f.tree()
            .symlink(&format!("link{}", n - 1), &format!("/link{n}"))
            .unwrap();
    }
    assert_eq!(f.text("/link40"), "end");
    assert_eq!(f.code(f.tree().read_file("/link41", 100)), "ELOOP");
    // The product of long paths and links is bounded, too.
    let long = "etc/../".repeat(580) + "big";
    f.tree().symlink(&long, "/big").unwrap();
    assert_eq!(f.code(f.tree().stat("/big", true)), "ENAMETOOLONG");
}

#[test]
fn hostile_names_are_refused_everywhere() {
    let f = Fixture::new();
    let (long, path) = ("x".repeat(256), "d/".repeat(2049));
    for (name, code) in [
        ("a\0b", "EINVAL"),
        (".wh.etc", "EINVAL"),
        (".wh..wh..opq", "EINVAL"),
        ("etc/.wh.passwd", "EINVAL"),
        (long.as_str(), "ENAMETOOLONG"),
        (path.as_str(), "ENAMETOOLONG"),
        ("", "ENOENT"),
    ] {
        let tree = f.tree();
        assert_eq!(f.code(tree.stat(name, true)), code, "{name:?}");
        assert_eq!(
            f.code(tree.open_file(name, &OpenOptions::overwrite())),
            code,
            "{name:?}"
        );
        assert_eq!(f.code(tree.create_dir(name, 0o755)), code, "{name:?}");
        assert_eq!(f.code(tree.symlink("x", name)), code, "{name:?}");
        assert_eq!(f.code(tree.remove_all(name)), code, "{name:?}");
        assert_eq!(f.code(tree.rename("/etc", name)), code, "{name:?}");
        assert_eq!(f.code(tree.rename(name, "/y")), code, "{name:?}");
        assert_eq!(f.code(tree.link("/etc/passwd", name, false)), code, "{name:?}");
    }
    assert_eq!(f.code(f.tree().symlink("a\0b", "/l")), "EINVAL");
    assert_eq!(f.code(f.tree().symlink(&path, "/l")), "ENAMETOOLONG");
    let longest = &long[1..];
    f.tree().write_file(longest, b"fits", 0o644).unwrap();
    assert_eq!(f.text(longest), "fits");
    assert_eq!(f.tree().usage().inodes, 1);
}

#[test]
fn trailing_slashes_mean_directories() {
    let f = Fixture::new();
    let tree = f.tree();
    tree.write_file("/file", b"x", 0o644).unwrap();
    tree.symlink("etc", "/to-dir").unwrap();
    tree.symlink("missing", "/dangling").unwrap();
    assert_eq!(f.code(tree.stat("/file/", true)), "ENOTDIR");
    assert_eq!(f.code(tree.open_file("/file/", &OpenOptions::read_only())), "ENOTDIR");
    assert_eq!(f.code(tree.open_file("/new/", &OpenOptions::overwrite())), "EISDIR");
    assert_eq!(f.code(tree.remove_file("/file/")), "ENOTDIR");
    assert_eq!(f.code(tree.remove_file("/to-dir/")), "ENOTDIR");
    assert_eq!(f.code(tree.remove_dir("/to-dir/")), "ENOTDIR");
    assert_eq!(f.code(tree.create_dir("/dangling/", 0o755)), "EEXIST");
    assert_eq!(tree.stat("/to-dir/", false).unwrap().kind, Kind::Directory);
    assert_eq!(tree.stat("/to-dir", false).unwrap().kind, Kind::Symlink);
    assert_eq!(f.code(tree.remove_dir("/etc/.")), "EINVAL");
    assert_eq!(f.code(tree.remove_all("/")), "EBUSY");
    tree.create_dir("/made/", 0o755).unwrap();
    tree.rename("/made/", "/renamed/").unwrap();
    tree.remove_dir("/renamed/").unwrap();
    // Creating through a dangling link creates what it points to, inside.
    tree.write_file("/dangling", b"made", 0o644).unwrap();
    assert_eq!(f.text("/missing"), "made");
}

#[test]
fn special_files_are_refused_at_once_and_removable() {
    let f = Fixture::new();
    fs::create_dir_all(f.upper().join("d")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(f.upper().join("d/fifo"))
        .status()
        .unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(f.upper().join("d/socket")).unwrap();
    let start = Instant::now();
    for path in ["/d/fifo", "/d/socket"] {
        assert_eq!(f.tree().stat(path, true).unwrap().kind, Kind::Other);
        for how in [
            OpenOptions::read_only(),
            OpenOptions::overwrite(),
            OpenOptions::appending(),
        ] {
            assert_eq!(f.code(f.tree().open_file(path, &how)), "EACCES", "{path}");
        }
        assert_eq!(f.code(f.tree().read_file(path, 10)), "EACCES");
        assert_eq!(f.code(f.tree().chmod(path, 0o600)), "EACCES");
        assert_eq!(f.code(f.tree().link(path, "/l", true)), "EPERM");
    }
    f.tree().remove_file("/d/fifo").unwrap();
    f.tree().remove_all("/d").unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "nothing may wait for the other end"
    );
}
