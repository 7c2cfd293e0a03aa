//! Archives that are small and become large, and those whose names lead out: unpacked inside, by the sandbox's own tools.

use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn run(api: &Api, sandbox: &Value, command: &str) -> (i64, String) {
    let started = Instant::now();
    let reply = api.exec_with(sandbox, json!({ "command": command, "timeout": 60 }));
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{command}: {:?}",
        started.elapsed()
    );
    assert_eq!(reply.status, 200, "{command}: {}", reply.text);
    (
        reply.json["exitCode"].as_i64().unwrap_or(-1),
        reply.json["result"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn what_unpacks_without_end_meets_the_quota() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({ "disk": 1 }));
    // More zeroes than fit, by the tools inside: a few megabytes as gzip, next to nothing as zstd.
    let (code, text) = run(
        &api,
        &sandbox,
        "head -c 1258291200 /dev/zero | gzip -1 > bomb.gz; ls -l bomb.gz; gzip -dc bomb.gz > out",
    );
    assert_ne!(code, 0, "{text}");
    let (_, after) = run(
        &api,
        &sandbox,
        "echo still > file || rm out; rm -f out; echo fine > file; cat file",
    );
    assert!(after.ends_with("fine\n"), "{after}");
    let (code, text) = run(
        &api,
        &sandbox,
        "head -c 1258291200 /dev/zero | zstd -q -c > bomb.zst; zstd -q -d -c bomb.zst > out",
    );
    assert_ne!(code, 0, "{text}");
    // What only passes through needs no room.
    let (code, text) = run(&api, &sandbox, "rm -f out; gzip -dc bomb.gz | wc -c");
    assert_eq!((code, text.trim()), (0, "1258291200"), "{text}");
}

/// Members that lead out, overwrite through a link, or are no files.
const HOSTILE: &str = r#"
import io, tarfile
with tarfile.open("hostile.tar", "w") as tar:
    def add(name, data=b"overwritten", kind=tarfile.REGTYPE, link=""):
        info = tarfile.TarInfo(name); info.type = kind; info.linkname = link
        info.size = len(data) if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(data) if kind == tarfile.REGTYPE else None)
    add("../../../../../../etc/outside")
    add("/tmp/absolute")
    add("link", kind=tarfile.SYMTYPE, link="/etc")
    add("link/through")
    add("hard", kind=tarfile.LNKTYPE, link="../../../../etc/passwd")
    add("device", kind=tarfile.CHRTYPE)
    add("fifo", kind=tarfile.FIFOTYPE)
    add("good", b"good")
    add("good", b"second")
"#;

#[test]
fn members_of_an_archive_lead_nowhere_else() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let prepare = format!(
        "cat > make.py <<'END'\n{HOSTILE}\nEND\npython3 make.py && mkdir into && cd into && timeout 20 tar -xf ../hostile.tar; ls /etc > /tmp/listed; cat good"
    );
    let (_, text) = run(&api, &sandbox, &prepare);
    assert!(text.ends_with("second") || text.ends_with("good"), "{text}");
    let (_, seen) = run(
        &api,
        &sandbox,
        "ls /etc/outside /etc/through 2>&1; cat /etc/passwd; test -c into/device && echo device",
    );
    assert!(!seen.contains("overwritten"), "{seen}");
    assert_eq!(seen.matches("No such file").count(), 2, "{seen}");
    assert!(!seen.contains("device\n") || seen.contains("into/device"), "{seen}");
}

#[test]
fn a_tree_of_many_entries_is_bounded_and_can_be_removed() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let make = "import tarfile\nwith tarfile.open('many.tar', 'w') as tar:\n    for n in range(20000): tar.addfile(tarfile.TarInfo(f'm/{n}'))\n";
    let (code, text) = run(
        &api,
        &sandbox,
        &format!("python3 -c \"{make}\" && tar -xf many.tar && ls m | wc -l && rm -r m && ls"),
    );
    assert_eq!((code, text.as_str()), (0, "20000\nmany.tar\n"), "{text}");
}
