//! What a thread behind the jail can still do. Each test closes the jail of a thread of its own.

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, accept, listen, socket};
use sandbar_cell::jail::{Closed, close};
use sandbar_cell::{CellConfig, EgressOptions, Mode};
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;

/// Runs `check` in a thread whose jail is closed around the directories of `home`.
fn jailed(check: impl FnOnce(&Path, Closed) + Send + 'static) {
    jailed_with(EgressOptions::default(), check);
}

/// As [`jailed`], with a way out or without.
fn jailed_with(egress: EgressOptions, check: impl FnOnce(&Path, Closed) + Send + 'static) {
    let home = tempfile::tempdir().expect("a directory");
    for name in ["userland", "cache", "sandboxes", "outside"] {
        fs::create_dir(home.path().join(name)).expect("a directory");
        fs::write(home.path().join(name).join("file"), b"text").expect("a file");
    }
    let path = home.path().to_owned();
    thread::spawn(move || {
        let config = CellConfig {
            userland: path.join("userland"),
            cache_dir: path.join("cache"),
            sandboxes: path.join("sandboxes"),
            guest_threads: 1,
            egress,
            tls_roots: None,
            compiler: false,
            jail: true,
            mode: Mode::Serve,
        };
        let closed = close(&config).expect("a jail");
        check(&path, closed);
    })
    .join()
    .expect("the check holds");
}

/// Whether this kernel says that it has Landlock. Without it there is nothing to check but that we were told.
fn has_landlock(closed: Closed) -> bool {
    if closed == Closed::No {
        let lsm = fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
        assert!(!lsm.contains("landlock"), "{lsm}");
        return false;
    }
    true
}

#[test]
fn files_outside_are_out_of_reach() {
    jailed(|home, closed| {
        if !has_landlock(closed) {
            return;
        }
        for path in [
            home.join("outside/file"),
            "/etc/passwd".into(),
            "/proc/self/environ".into(),
        ] {
            let error = fs::read(&path).expect_err("outside");
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{}", path.display());
        }
        assert!(fs::read_dir("/").is_err());
        assert!(fs::write(home.join("new"), b"x").is_err());
    });
}

#[test]
fn userland_and_cache_are_read_only_and_sandboxes_are_not() {
    jailed(|home, closed| {
        for name in ["userland", "cache", "sandboxes"] {
            assert_eq!(fs::read(home.join(name).join("file")).expect("readable"), b"text");
        }
        let own = home.join("sandboxes/s");
        fs::create_dir(&own).expect("a directory");
        fs::write(own.join("a"), b"x").expect("a file");
        fs::rename(own.join("a"), home.join("sandboxes/b")).expect("a rename across directories");
        std::os::unix::fs::symlink("/etc/passwd", own.join("link")).expect("a link");
        if !has_landlock(closed) {
            return;
        }
        // The kernel itself refuses to follow what was planted.
        assert!(fs::read(own.join("link")).is_err());
        for name in ["userland", "cache"] {
            assert!(fs::write(home.join(name).join("file"), b"x").is_err());
            assert!(fs::remove_file(home.join(name).join("file")).is_err());
            assert!(fs::write(home.join(name).join("new"), b"x").is_err());
        }
    });
}

#[test]
fn nothing_can_be_executed() {
    jailed(|_, closed| {
        if has_landlock(closed) {
            let error = Command::new("/bin/true").status().expect_err("no execution");
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        }
    });
}

#[test]
fn connections_go_out_only_where_sandboxes_may_and_none_comes_in() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    for none in [false, true] {
        let egress = EgressOptions {
            none,
            ..EgressOptions::default()
        };
        jailed_with(egress, move |_, closed| {
            // Seccomp, whatever Landlock is there: nothing listens, bound or not.
            let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
            assert_eq!(listen(&socket, 1).expect_err("no listening"), Errno::PERM);
            assert_eq!(accept(&socket).expect_err("no accepting"), Errno::PERM);
            assert!(TcpListener::bind("127.0.0.1:0").is_err());
            assert!(TcpListener::bind("[::1]:0").is_err());
            // TCP is held from ABI 4 on: a partly closed jail may be older than that.
            if closed == Closed::Fully || !none {
                assert_eq!(TcpStream::connect(address).is_ok(), !none);
            }
        });
    }
    drop(listener);
}

#[test]
fn what_names_are_looked_up_with_can_be_read_only_where_there_is_a_way_out() {
    for none in [false, true] {
        let egress = EgressOptions {
            none,
            ..EgressOptions::default()
        };
        jailed_with(egress, move |_, closed| {
            if has_landlock(closed) {
                assert_eq!(fs::read("/etc/hosts").is_ok(), !none);
                assert!(fs::read("/etc/passwd").is_err());
            }
        });
    }
}
