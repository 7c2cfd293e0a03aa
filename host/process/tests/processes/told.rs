//! What programs are told at the limits of their sandbox: the words of Linux, whatever WASI has words for.

use sandbar_process::Limits;

use crate::userland::{userland, userland_on};
use crate::world::Fixture;

/// A disk of 4 MiB, 60 files, 50 of them open at once.
fn small() -> Fixture {
    userland_on(
        sandbar_files::Limits {
            bytes: 4 << 20,
            inodes: 60,
            handles: 50,
        },
        Limits::default(),
    )
}

fn says(fixture: &Fixture, script: &str, code: i32, words: &str) {
    let (ended, text) = fixture.sh(script);
    assert!(ended == code && text.contains(words), "{script}: {ended}, {text}");
}

#[test]
fn a_full_disk_is_no_space_left() {
    const FULL: &str = "No space left on device";
    let fixture = small();
    says(&fixture, "cat /dev/zero > /tmp/big", 1, FULL);
    // To the block: what is left of 4 MiB are the directories and the other files.
    let (_, size) = fixture.sh("stat -c %s /tmp/big");
    let size: u64 = size.trim().parse().expect("a size");
    assert!(((4 << 20) - 64 * 1024..4 << 20).contains(&size), "{size}");
    for script in [
        "echo more >> /tmp/big",
        "printf more >> /tmp/big",
        "seq 9 >> /tmp/big",
        "echo x | tee -a /tmp/big > /dev/null",
        "dd if=/dev/zero of=/tmp/big bs=64k count=1 oflag=append conv=notrunc",
        "cp /etc/passwd /tmp/copy",
        "head -c 9000 /dev/zero | sort -o /tmp/sorted",
        "awk 'BEGIN { print 1 >> \"/tmp/big\" }'",
        "head -c 9000 /dev/urandom | gzip > /tmp/z",
        "mkdir /tmp/d",
    ] {
        let (code, text) = fixture.sh(&format!("truncate -s {size} /tmp/big; {script}"));
        assert!(code != 0 && text.contains(FULL), "{script}: {code}, {text}");
    }
    says(&fixture, "rm /tmp/big; echo fits > /tmp/f; cat /tmp/f", 0, "fits\n");
    let many = small();
    says(&many, "for i in $(seq 99); do : > /tmp/$i || exit; done", 1, FULL);
    says(&many, "rm /tmp/*; echo fits > /tmp/f; cat /tmp/f", 0, "fits\n");
}

#[test]
fn a_device_that_is_always_full_is_full() {
    let fixture = userland();
    for script in [
        "echo x > /dev/full",
        "cat /etc/passwd > /dev/full",
        "seq 9 > /dev/full",
        "cp /etc/passwd /dev/full",
        "echo x | tee /dev/full",
        "sort /etc/passwd > /dev/full",
        "grep . /etc/passwd > /dev/full",
        "jq -n 1 > /dev/full",
        "tar -cf /dev/full /etc/passwd",
    ] {
        let (code, text) = fixture.sh(script);
        assert!(
            code != 0 && text.contains("No space left on device"),
            "{script}: {code}, {text}"
        );
    }
}

#[test]
fn open_files_without_end_are_too_many() {
    const MANY: &str = "Too many open files";
    let fixture = small();
    says(
        &fixture,
        "for ((i = 10; i < 99; i++)); do eval \"exec $i< /etc/passwd\" || exit 9; done",
        1,
        MANY,
    );
    says(&fixture, "paste $(yes /etc/passwd | head -n 99)", 1, MANY);
    says(&fixture, "echo fine; cat /etc/passwd | wc -l", 0, "fine\n");
}
