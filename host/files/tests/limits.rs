//! Quota, inodes, handles, depth: exact, and given back.

mod common;

use std::fs;

use common::{Fixture, used};
use sandbar_files::{BLOCK, Limits, MAX_CACHED_DIRECTORIES, MAX_DEPTH, MAX_LISTED, OpenOptions};

const SMALL: Limits = Limits {
    bytes: 64 * BLOCK,
    inodes: 40,
    handles: 16,
};

#[test]
fn bytes_are_charged_in_blocks_and_given_back() {
    let mut f = Fixture::with_limits(SMALL);
    let tree = f.tree().clone();
    tree.write_file("/a", &[1; 1], 0o644).unwrap();
    assert_eq!(tree.usage(), used(BLOCK, 1));
    tree.write_file("/a", &vec![1; BLOCK as usize + 1], 0o644).unwrap();
    assert_eq!(tree.usage(), used(2 * BLOCK, 1));
    tree.create_dir("/d", 0o755).unwrap();
    tree.symlink("x", "/l").unwrap();
    tree.link("/a", "/d/b", false).unwrap();
    assert_eq!(tree.usage(), used(4 * BLOCK, 3));
    tree.remove_file("/a").unwrap();
    assert_eq!(tree.usage(), used(4 * BLOCK, 3), "another name remains");
    drop(tree);
    f.assert_usage_is_exact();
    f.tree().remove_all("/d").unwrap();
    f.tree().remove_file("/l").unwrap();
    assert_eq!(f.tree().usage(), used(0, 0));
    f.assert_usage_is_exact();
}

#[test]
fn the_quota_is_exact_to_the_block() {
    let mut f = Fixture::with_limits(SMALL);
    let file = f.tree().open_file("/big", &OpenOptions::overwrite()).unwrap();
    let piece = vec![7; 10_000];
    let mut written = 0;
    let end = loop {
        match file.write_at(&piece, written) {
            Ok(n) => written += n as u64,
            Err(error) => break error,
        }
    };
    assert_eq!(end.code(), "EDQUOT");
    assert_eq!(written, SMALL.bytes, "what fits is written, to the last byte");
    assert_eq!(file.stat().unwrap().size, written);
    assert_eq!(f.code(f.tree().create_dir("/d", 0o755)), "EDQUOT");
    file.write_at(b"in place", 0).unwrap();
    file.set_len(BLOCK).unwrap();
    f.tree().create_dir("/d", 0o755).unwrap();
    drop(file);
    f.assert_usage_is_exact();
}

#[test]
fn sparse_growth_is_charged_before_it_happens() {
    let mut f = Fixture::with_limits(SMALL);
    let file = f.tree().open_file("/sparse", &OpenOptions::overwrite()).unwrap();
    assert_eq!(f.code(file.set_len(1 << 39)), "EDQUOT");
    assert_eq!(f.code(file.set_len(u64::MAX)), "EFBIG");
    assert_eq!(f.code(file.write_at(b"x", 1 << 39)), "EDQUOT");
    assert_eq!(f.code(file.write_at(b"x", u64::MAX)), "EFBIG");
    assert_eq!(f.code(file.write_at(b"x", SMALL.bytes)), "EDQUOT");
    assert_eq!(file.stat().unwrap().size, 0);
    assert_eq!(f.tree().usage().bytes, 0);
    assert_eq!(file.write_at(b"x", SMALL.bytes - 1).unwrap(), 1);
    assert_eq!(f.tree().usage().bytes, SMALL.bytes);
    for _ in 0..100 {
        file.set_len(0).unwrap();
        file.set_len(SMALL.bytes).unwrap();
    }
    drop(file);
    f.assert_usage_is_exact();
}

#[test]
fn an_unlinked_open_file_counts_until_it_is_closed() {
    let f = Fixture::with_limits(SMALL);
    let how = OpenOptions {
        read: true,
        ..OpenOptions::overwrite()
    };
    let file = f.tree().open_file("/gone", &how).unwrap();
    let second = f.tree().open_file("/gone", &OpenOptions::read_only()).unwrap();
    file.write_at(&[3; 5000], 0).unwrap();
    f.tree().remove_file("/gone").unwrap();
    assert_eq!(f.tree().usage().bytes, 2 * BLOCK);
    f.tree().write_file("/gone", b"another", 0o644).unwrap();
    file.write_at(&[4; 1], 20_000).unwrap();
    let mut byte = [0];
    second.read_at(&mut byte, 20_000).unwrap();
    assert_eq!(byte, [4]);
    assert_eq!(f.text("/gone"), "another");
    drop(file);
    assert_eq!(f.tree().usage().inodes, 2);
    drop(second);
    assert_eq!(f.tree().usage(), used(BLOCK, 1));
}

#[test]
fn replacing_an_open_file_by_a_rename_settles_it_too() {
    let mut f = Fixture::new();
    f.tree().write_file("/old", &[0; 9000], 0o644).unwrap();
    let held = f.tree().open_file("/old", &OpenOptions::read_only()).unwrap();
    f.tree().write_file("/new", b"n", 0o644).unwrap();
    f.tree().rename("/new", "/old").unwrap();
    assert_eq!(f.tree().usage().bytes, 4 * BLOCK);
    drop(held);
    assert_eq!(f.tree().usage(), used(BLOCK, 1));
    f.assert_usage_is_exact();
}

#[test]
fn inodes_end_too_and_a_full_sandbox_can_still_be_emptied() {
    let mut f = Fixture::with_limits(SMALL);
    let mut made = 0;
    while f.tree().write_file(&format!("/f{made}"), b"", 0o644).is_ok() {
        made += 1;
    }
    assert_eq!(made, SMALL.inodes);
    assert_eq!(f.code(f.tree().symlink("x", "/l")), "EDQUOT");
    assert_eq!(f.code(f.tree().create_dir("/d", 0o755)), "EDQUOT");
    assert_eq!(f.code(f.tree().write_file("/etc/passwd", b"x", 0o644)), "EDQUOT");
    f.tree().remove_file("/lib/deep/er/file").unwrap();
    for n in 0..made {
        f.tree().remove_file(&format!("/f{n}")).unwrap();
    }
    f.assert_usage_is_exact();
    f.tree().write_file("/etc/passwd", b"x", 0o644).unwrap();
}

#[test]
fn a_copy_up_over_the_quota_changes_nothing() {
    let f = Fixture::with_limits(Limits {
        bytes: 2 * BLOCK,
        ..SMALL
    });
    fs::write(f.base().join("etc/large"), vec![1; 3 * BLOCK as usize]).unwrap();
    assert_eq!(
        f.code(f.tree().open_file("/etc/large", &OpenOptions::appending())),
        "EDQUOT"
    );
    assert_eq!(f.tree().stat("/etc/large", true).unwrap().size, 3 * BLOCK);
    assert_eq!(f.tree().usage(), used(BLOCK, 1), "only the directory above");
    assert_eq!(f.names("/etc"), ["large", "passwd"]);
    f.tree()
        .write_file("/etc/large", b"cut first, so it fits", 0o644)
        .unwrap();
}

#[test]
fn handles_are_counted_and_given_back() {
    let f = Fixture::with_limits(SMALL);
    f.tree().write_file("/f", b"x", 0o644).unwrap();
    let mut files = Vec::new();
    let mut dirs = Vec::new();
    for _ in 0..SMALL.handles / 2 {
        files.push(f.tree().open_file("/f", &OpenOptions::read_only()).unwrap());
        dirs.push(f.tree().open_dir("/etc").unwrap());
    }
    assert_eq!(f.code(f.tree().open_file("/f", &OpenOptions::read_only())), "EMFILE");
    assert_eq!(f.code(f.tree().open_dir("/etc")), "EMFILE");
    assert_eq!(f.code(f.tree().open_file("/new", &OpenOptions::overwrite())), "EMFILE");
    assert_eq!(
        f.code(f.tree().stat("/new", true)),
        "ENOENT",
        "a refused open creates nothing"
    );
    drop(files);
    f.tree().open_file("/f", &OpenOptions::read_only()).unwrap();
    drop(dirs);
    for _ in 0..3 * SMALL.handles {
        let _ = f.tree().open_file("/missing", &OpenOptions::read_only());
        let _ = f.tree().open_file("/etc", &OpenOptions::overwrite());
    }
    assert_eq!(f.tree().usage().handles, 0);
}

#[test]
fn directories_have_a_deepest_place() {
    let mut f = Fixture::new();
    let tree = f.tree().clone();
    let deep = |levels: usize| "/d".repeat(levels);
    tree.create_dir_all(&deep(MAX_DEPTH), 0o755).unwrap();
    assert_eq!(
        f.code(tree.create_dir(&(deep(MAX_DEPTH) + "/x"), 0o755)),
        "ENAMETOOLONG"
    );
    let bottom = tree.open_dir(&deep(MAX_DEPTH)).unwrap();
    assert_eq!(f.code(tree.create_dir_at(&bottom, "x", 0o755)), "ENAMETOOLONG");
    drop(bottom);
    // Nor can renaming push a tree past it, or be fooled into refusing a shallow one.
    tree.create_dir("/top", 0o755).unwrap();
    assert_eq!(f.code(tree.rename("/d", "/top/d")), "ENAMETOOLONG");
    tree.rename("/top", &format!("{}/top", deep(MAX_DEPTH - 1))).unwrap();
    tree.create_dir("/dirs", 0o755).unwrap();
    assert_eq!(
        f.code(tree.rename("/lib", &format!("{}/lib", deep(MAX_DEPTH - 1)))),
        "ENAMETOOLONG"
    );
    tree.rename("/lib", &format!("{}/lib", deep(MAX_DEPTH - 3))).unwrap();
    drop(tree);
    f.assert_usage_is_exact();
    assert_eq!(f.text(&format!("{}/lib/deep/er/file", deep(MAX_DEPTH - 3))), "deep");
    f.tree().remove_all("/d").unwrap();
    f.tree().remove_all("/dirs").unwrap();
    f.assert_usage_is_exact();
}

#[test]
fn the_cache_of_directories_is_bounded_and_can_be_dropped() {
    let f = Fixture::new();
    let count = || {
        fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|fd| {
                let target = fs::read_link(fd.ok()?.path()).ok()?;
                target.starts_with(f.dir.path()).then_some(())
            })
            .count()
    };
    for n in 0..2 * MAX_CACHED_DIRECTORIES {
        f.tree().create_dir(&format!("/d{n}"), 0o755).unwrap();
        f.tree().write_file(&format!("/d{n}/file"), b"x", 0o644).unwrap();
        assert!(count() <= MAX_CACHED_DIRECTORIES + 16, "{}", count());
    }
    f.tree().trim();
    assert_eq!(count(), 2, "the two roots");
    assert_eq!(f.text("/d7/file"), "x");
}

#[test]
fn unread_listings_are_bounded() {
    let f = Fixture::new();
    f.tree().create_dir("/many", 0o755).unwrap();
    for n in 0..1000 {
        f.tree().symlink("x", &format!("/many/{n}")).unwrap();
    }
    let dir = f.tree().open_dir("/many").unwrap();
    let mut held = Vec::new();
    let refused = loop {
        match f.tree().listing_at(&dir, ".") {
            Ok(mut listing) => {
                assert_eq!(listing.next().unwrap().name, "0");
                held.push(listing);
            }
            Err(error) => break error,
        }
    };
    assert_eq!(refused.code(), "EMFILE");
    assert_eq!(held.len() as u64, MAX_LISTED / 1001);
    held.clear();
    assert_eq!(f.tree().listing_at(&dir, ".").unwrap().count(), 1000);
}
