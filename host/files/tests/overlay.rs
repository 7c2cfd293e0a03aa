//! The overlay: what shows, what hides, what is copied up, and that lower layers never change.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use common::Fixture;
use sandbar_files::{Kind, Layer, Limits, NewTime, OpenOptions};

#[test]
fn lower_files_show_and_upper_ones_win() {
    let f = Fixture::new();
    assert_eq!(f.text("/etc/passwd"), "root of the sandbox");
    assert_eq!(f.tree().stat("/etc/passwd", true).unwrap().layer, Layer::Lower(0));
    f.tree().write_file("/etc/passwd", b"new", 0o644).unwrap();
    assert_eq!(f.text("etc/passwd"), "new");
    assert_eq!(f.tree().stat("/etc/passwd", true).unwrap().layer, Layer::Upper);
    assert_eq!(
        fs::read_to_string(f.base().join("etc/passwd")).unwrap(),
        "root of the sandbox"
    );
    assert_eq!(f.names("/etc"), ["passwd"]);
    assert_eq!(f.names("/"), ["bin", "dev", "empty", "etc", "lib", "proc", "sh"]);
}

#[test]
fn removed_lower_entries_stay_away_and_can_come_back() {
    let mut f = Fixture::new();
    f.tree().remove_file("/etc/passwd").unwrap();
    assert_eq!(f.code(f.tree().stat("/etc/passwd", true)), "ENOENT");
    assert!(f.names("/etc").is_empty());
    f.reopen();
    assert_eq!(f.code(f.tree().stat("/etc/passwd", true)), "ENOENT");
    f.tree().write_file("/etc/passwd", b"again", 0o600).unwrap();
    assert_eq!(f.text("/etc/passwd"), "again");
    f.tree().remove_file("/etc/passwd").unwrap();
    assert_eq!(f.code(f.tree().stat("/etc/passwd", true)), "ENOENT");
    f.tree().remove_dir("/etc").unwrap();
    f.tree().create_dir("/etc", 0o755).unwrap();
    assert!(
        f.names("/etc").is_empty(),
        "a new directory must not show the old one's entries"
    );
    f.reopen();
    assert!(f.names("/etc").is_empty());
    assert!(f.base().join("etc/passwd").exists());
}

#[test]
fn a_directory_can_be_replaced_by_a_file_and_back() {
    let f = Fixture::new();
    f.tree().remove_all("/lib").unwrap();
    assert_eq!(f.code(f.tree().stat("/lib", true)), "ENOENT");
    f.tree().write_file("/lib", b"file", 0o644).unwrap();
    assert_eq!(f.code(f.tree().stat("/lib/deep", true)), "ENOTDIR");
    f.tree().remove_file("/lib").unwrap();
    f.tree().create_dir_all("/lib/deep", 0o755).unwrap();
    assert!(f.names("/lib/deep").is_empty());
    assert!(f.base().join("lib/deep/er/file").exists());
}

#[test]
fn appending_to_a_lower_file_copies_it_up_and_keeps_mode_and_old_readers() {
    let f = Fixture::new();
    let reader = f.tree().open_file("/bin/tool", &OpenOptions::read_only()).unwrap();
    let writer = f.tree().open_file("/bin/tool", &OpenOptions::appending()).unwrap();
    assert_eq!(writer.append(b" more").unwrap(), 5);
    assert_eq!(f.text("/bin/tool"), "#!tool more");
    assert_eq!(f.tree().stat("/bin/tool", true).unwrap().mode, 0o755);
    let mut old = [0; 64];
    assert_eq!(reader.read_at(&mut old, 0).unwrap(), 6, "as in the kernel's overlayfs");
    assert_eq!(f.text("/sh"), "#!tool more", "through the lower link");
}

#[test]
fn renaming_a_lower_directory_takes_all_of_it_along() {
    let mut f = Fixture::new();
    f.tree().write_file("/lib/deep/own", b"own", 0o644).unwrap();
    f.tree().rename("/lib", "/moved").unwrap();
    assert_eq!(f.code(f.tree().stat("/lib", true)), "ENOENT");
    assert_eq!(f.text("/moved/deep/er/file"), "deep");
    assert_eq!(f.names("/moved/deep"), ["er", "own"]);
    f.assert_usage_is_exact();
    assert_eq!(f.text("/moved/deep/er/file"), "deep");
    f.tree().remove_file("/moved/deep/er/file").unwrap();
    f.tree().rename("/moved", "/lib").unwrap();
    f.reopen();
    assert!(f.names("/lib/deep/er").is_empty(), "the lower file must not come back");
    assert_eq!(f.names("/lib/deep"), ["er", "own"]);
}

#[test]
fn renaming_over_things_follows_posix() {
    let mut f = Fixture::new();
    let tree = f.tree().clone();
    tree.write_file("/a", b"a", 0o644).unwrap();
    tree.write_file("/b", &[7; 10_000], 0o644).unwrap();
    tree.rename("/a", "/b").unwrap();
    assert_eq!(f.text("/b"), "a");
    assert_eq!(f.code(tree.rename("/b", "/etc")), "EISDIR");
    assert_eq!(f.code(tree.rename("/etc", "/b")), "ENOTDIR");
    assert_eq!(f.code(tree.rename("/etc", "/lib")), "ENOTEMPTY");
    assert_eq!(f.code(tree.rename("/lib", "/lib/deep/x")), "EINVAL");
    assert_eq!(f.code(tree.rename("/", "/x")), "EBUSY");
    assert_eq!(f.code(tree.rename("/dev", "/x")), "EBUSY");
    assert_eq!(f.code(tree.rename("/b", "/c/")), "ENOTDIR");
    tree.rename("/etc", "/empty").unwrap();
    assert_eq!(f.names("/empty"), ["passwd"]);
    tree.rename("/empty", "/empty").unwrap();
    tree.rename("/b", "/empty/passwd").unwrap();
    assert_eq!(f.text("/empty/passwd"), "a");
    drop(tree);
    f.assert_usage_is_exact();
    assert_eq!(f.names("/"), ["bin", "dev", "empty", "lib", "proc", "sh"]);
}

#[test]
fn an_open_directory_survives_its_renaming_but_not_its_removal() {
    let f = Fixture::new();
    f.tree().create_dir("/one", 0o755).unwrap();
    let dir = f.tree().open_dir("/one").unwrap();
    f.tree().rename("/one", "/two").unwrap();
    assert_eq!(dir.path().unwrap(), "/two");
    f.tree().create_dir_at(&dir, "sub", 0o755).unwrap();
    assert_eq!(f.names("/two"), ["sub"]);
    assert_eq!(f.tree().canonical_at(&dir, "../two/./sub").unwrap(), "/two/sub");
    let below = f.tree().open_dir("/two/sub").unwrap();
    f.tree().remove_all("/two").unwrap();
    assert_eq!(f.code(f.tree().create_dir_at(&below, "x", 0o755)), "ENOENT");
    assert_eq!(f.code(f.tree().stat_at(&below, "..", true)), "ENOENT");
    assert_eq!(f.code(f.tree().create_dir_at(&dir, "x", 0o755)), "ENOENT");
    assert_eq!(f.code(f.tree().stat_at(&dir, ".", true)), "ENOENT");
    assert_eq!(f.code(f.tree().stat_at(&dir, "..", true)), "ENOENT");
    f.tree().create_dir("/two", 0o755).unwrap();
    assert_eq!(f.code(f.tree().read_dir_at(&dir, ".")), "ENOENT");
}

#[test]
fn modes_are_kept_whatever_the_host_needs() {
    let mut f = Fixture::new();
    for mode in [0, 0o111, 0o444, 0o600, 0o755, 0o777] {
        f.tree().write_file("/file", b"x", 0o644).unwrap();
        f.tree().chmod("/file", mode).unwrap();
        f.tree().create_dir("/dir", mode).unwrap();
        f.tree().chmod("/etc/passwd", mode).unwrap();
        f.reopen();
        for path in ["/file", "/dir", "/etc/passwd"] {
            assert_eq!(f.tree().stat(path, true).unwrap().mode, mode, "{path}");
        }
        let on_disk = fs::metadata(f.upper().join("file")).unwrap().permissions().mode();
        assert_eq!(on_disk & 0o600, 0o600, "the host must keep its own access");
        assert_eq!(on_disk & 0o6000, 0, "never setuid or setgid");
        assert_eq!(f.text("/file"), "x");
        f.tree().remove_dir("/dir").unwrap();
        f.tree().remove_file("/file").unwrap();
    }
    assert_eq!(f.code(f.tree().chmod("/etc", 0o1777)), "EINVAL");
    assert_eq!(f.code(f.tree().chmod("/dev/null", 0o600)), "EROFS");
    let how = OpenOptions {
        mode: 0o4751,
        ..OpenOptions::overwrite()
    };
    f.tree().open_file("/new", &how).unwrap();
    assert_eq!(f.tree().stat("/new", true).unwrap().mode, 0o751);
}

#[test]
fn times_are_set_on_any_layer_even_before_the_epoch() {
    let f = Fixture::new();
    for time in [
        SystemTime::UNIX_EPOCH - Duration::from_millis(1500),
        SystemTime::UNIX_EPOCH + Duration::from_secs(7),
    ] {
        for path in ["/etc/passwd", "/lib", "/sh"] {
            f.tree()
                .set_times(path, false, NewTime::Keep, NewTime::At(time))
                .unwrap();
            assert_eq!(f.tree().stat(path, false).unwrap().modified, time, "{path}");
        }
    }
    assert_eq!(f.tree().stat("/sh", false).unwrap().kind, Kind::Symlink);
}

#[test]
fn markers_of_imported_layers_are_honoured() {
    let dir = tempfile::tempdir().unwrap();
    let (top, middle, bottom) = (
        dir.path().join("top"),
        dir.path().join("middle"),
        dir.path().join("bottom"),
    );
    for layer in [&top, &middle, &bottom] {
        fs::create_dir_all(layer.join("d/sub")).unwrap();
    }
    for (layer, name) in [
        (&bottom, "x"),
        (&bottom, "y"),
        (&bottom, "sub/z"),
        (&middle, "m"),
        (&top, "t"),
    ] {
        fs::write(layer.join("d").join(name), name).unwrap();
    }
    fs::write(middle.join("d/.wh.x"), "").unwrap();
    fs::write(top.join("d/sub/.wh..wh..opq"), "").unwrap();
    let f = Fixture::over(dir, vec![top, middle, bottom], Limits::default());
    assert_eq!(f.names("/d"), ["m", "sub", "t", "y"]);
    assert!(f.names("/d/sub").is_empty());
    assert_eq!(f.code(f.tree().stat("/d/x", true)), "ENOENT");
    assert_eq!(f.code(f.tree().stat("/d/sub/z", true)), "ENOENT");
    assert_eq!(f.text("/d/y"), "y");
    f.tree().remove_all("/d").unwrap();
    assert_eq!(f.code(f.tree().stat("/d/t", true)), "ENOENT");
    f.tree().create_dir("/d", 0o755).unwrap();
    assert!(f.names("/d").is_empty());
}

#[test]
fn long_names_of_a_lower_layer_can_be_removed() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().join("base");
    fs::create_dir(&base).unwrap();
    let long = "n".repeat(255);
    fs::write(base.join(&long), "").unwrap();
    let mut f = Fixture::over(dir, vec![base], Limits::default());
    f.tree().remove_file(&long).unwrap();
    f.reopen();
    assert_eq!(f.names("/"), ["dev", "proc"]);
    assert_eq!(f.code(f.tree().stat(&long, true)), "ENOENT");
    f.tree().write_file(&long, b"mine", 0o644).unwrap();
    assert_eq!(f.text(&long), "mine");
}

#[test]
fn leftovers_of_a_crash_are_removed_at_opening() {
    let mut f = Fixture::new();
    drop(f.tree.take());
    fs::create_dir_all(f.upper().join(".wh..wh.tmp.3/a/b")).unwrap();
    fs::write(f.upper().join(".wh..wh.tmp.3/a/file"), "x").unwrap();
    fs::write(f.upper().join(".wh..wh.tmp.4"), "x").unwrap();
    f.reopen();
    assert_eq!(f.tree().usage(), common::used(0, 0));
    assert_eq!(fs::read_dir(f.upper()).unwrap().count(), 0);
}

#[test]
fn devices_answer_and_never_touch_the_disk() {
    let f = Fixture::new();
    let open = |path: &str, how: OpenOptions| f.tree().open_file(path, &how);
    let mut buffer = [1; 64];
    let both = OpenOptions {
        read: true,
        write: true,
        ..OpenOptions::default()
    };
    assert_eq!(open("/dev/null", both).unwrap().read_at(&mut buffer, 0).unwrap(), 0);
    assert_eq!(
        open("/dev/null", OpenOptions::overwrite())
            .unwrap()
            .write_at(&buffer, 9)
            .unwrap(),
        64
    );
    assert_eq!(
        open("/dev/zero", both).unwrap().read_at(&mut buffer, 1 << 50).unwrap(),
        64
    );
    assert_eq!(buffer, [0; 64]);
    open("/dev/urandom", both).unwrap().read_at(&mut buffer, 0).unwrap();
    assert_ne!(buffer, [0; 64]);
    assert_eq!(f.code(open("/dev/full", both).unwrap().write_at(b"x", 0)), "ENOSPC");
    assert!(f.text("/proc/version").starts_with("Linux"));
    assert_eq!(f.code(open("/proc/version", both)), "EACCES");
    assert_eq!(f.code(open("/dev/new", OpenOptions::overwrite())), "EROFS");
    assert_eq!(f.code(f.tree().remove_file("/dev/null")), "EROFS");
    assert_eq!(f.code(f.tree().remove_dir("/dev")), "EBUSY");
    assert_eq!(f.code(f.tree().remove_all("/proc")), "EBUSY");
    assert_eq!(f.tree().usage(), common::used(0, 0));
    assert_eq!(fs::read_dir(f.upper()).unwrap().count(), 0);
}

#[test]
fn only_one_tree_owns_an_upper_directory() {
    let f = Fixture::new();
    let second = sandbar_files::Tree::open(&f.upper(), &[], Limits::default());
    assert_eq!(f.code(second), "EBUSY");
}
