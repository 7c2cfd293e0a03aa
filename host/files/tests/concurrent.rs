//! Several threads in one tree: nothing escapes, nothing is miscounted, nothing waits for ever.

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::Fixture;
use sandbar_files::{BLOCK, Limits, OpenOptions};

#[test]
fn a_name_that_flips_between_directory_and_link_never_leads_out() {
    let f = Fixture::new();
    let tree = f.tree();
    tree.create_dir("/dir", 0o755).unwrap();
    tree.write_file("/dir/canary", b"inside", 0o644).unwrap();
    tree.symlink(f.dir.path().to_str().unwrap(), "/link").unwrap();
    tree.create_dir("/flip", 0o755).unwrap();
    let done = AtomicBool::new(false);
    let mut seen = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..10_000 {
                tree.rename("/dir", "/flip/x").unwrap();
                tree.rename("/flip/x", "/dir").unwrap();
                tree.rename("/link", "/flip/x").unwrap();
                tree.rename("/flip/x", "/link").unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) {
            if let Ok(contents) = tree.read_file("/flip/x/canary", 100) {
                assert_eq!(contents, b"inside");
                seen += 1;
            }
            let _ = tree.write_file("/flip/x/canary", b"inside", 0o644);
            let _ = tree.remove_all("/flip/x/none");
            tree.trim();
        }
    });
    assert_eq!(fs::read_to_string(f.canary()).unwrap(), "canary");
    assert!(seen > 0, "the reader must have met the directory, too");
}

#[test]
fn counters_stay_exact_under_concurrent_changes() {
    let mut f = Fixture::with_limits(Limits {
        bytes: 200 * BLOCK,
        inodes: 60,
        handles: 20,
    });
    let tree = f.tree().clone();
    thread::scope(|scope| {
        for worker in 0..4_u64 {
            let tree = &tree;
            scope.spawn(move || {
                for round in 0..600_u64 {
                    // Two workers share each name, so that they unlink, cut and grow each other's files.
                    let name = format!("/f{}", (worker / 2) * 3 + round % 3);
                    if let Ok(file) = tree.open_file(&name, &OpenOptions::appending()) {
                        let _ = file.append(&vec![1; (round as usize * 37) % 30_000]);
                        if round % 5 == 0 {
                            let _ = tree.remove_file(&name);
                        }
                        let _ = file.append(&[2; 5000]);
                        let _ = file.set_len(round * 11 % 9000);
                    }
                    if round % 7 == 0 {
                        let _ = tree.rename(&name, "/f1");
                        let _ = tree.link("/f1", &format!("/l{worker}"), false);
                        let _ = tree.remove_file(&format!("/l{worker}"));
                    }
                    let usage = tree.usage();
                    assert!(usage.bytes <= 200 * BLOCK && usage.inodes <= 60 && usage.handles <= 20);
                }
            });
        }
    });
    drop(tree);
    f.assert_usage_is_exact();
}

#[test]
fn appends_of_several_handles_never_overwrite_each_other() {
    let f = Fixture::new();
    thread::scope(|scope| {
        for worker in 0..4_u8 {
            let file = f.tree().open_file("/log", &OpenOptions::appending()).unwrap();
            scope.spawn(move || {
                for _ in 0..500 {
                    assert_eq!(file.append(&[worker; 64]).unwrap(), 64);
                }
            });
        }
    });
    let log = f.tree().read_file("/log", 1 << 20).unwrap();
    assert_eq!(log.len(), 4 * 500 * 64);
    assert!(log.chunks(64).all(|line| line.iter().all(|byte| *byte == line[0])));
}
