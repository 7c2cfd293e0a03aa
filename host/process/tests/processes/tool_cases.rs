//! Scripts that use grep, find, sed, coreutils and python3: they print what they print on Linux (`tests/cases`).

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use sandbar_process::{Exec, Limits};

use crate::userland::{userland, userland_on};
use crate::world::world;

/// Longer than any case needs, even on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(30);
/// Cases that run at once.
const AT_ONCE: usize = 4;

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    script: &'static str,
    expected: &'static str,
}

fn cases(text: &'static str) -> Vec<Case> {
    let case = |text: &'static str| {
        let (name, rest) = text.split_once('\n').expect("a name");
        let (script, expected) = rest.split_once("---\n").expect("a line of dashes");
        Case { name, script, expected }
    };
    text.split("\n### ").skip(1).map(case).collect()
}

async fn difference(case: Case) -> Option<String> {
    let fixture = userland();
    let tree = fixture.sandbox.tree();
    tree.write_file("/case.sh", case.script.as_bytes(), 0o644)
        .expect("written");
    tree.create_dir("/work", 0o755).expect("made");
    let variables = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
    ];
    // Errors are no part of the record, but shown when a case differs.
    let exec = Exec {
        arguments: ["sh", "-c", "exec sh /case.sh 2> /errors"].map(str::to_owned).into(),
        environment: variables.map(|(name, value)| (name.into(), value.into())).into(),
        directory: "/work".into(),
        stdin: Bytes::new(),
        timeout: Some(DEADLINE),
        output_limit: 1 << 20,
    };
    let outcome = fixture.sandbox.exec(exec).await.expect("starts");
    let output = String::from_utf8_lossy(&outcome.output);
    let same = output.trim_end_matches('\n') == case.expected.trim_end_matches('\n') && !outcome.timed_out;
    (!same).then(|| {
        let errors = tree.read_file("/errors", 1 << 20).unwrap_or_default();
        format!(
            "### {}: {:?}{}\n{}--- expected\n{}\n--- output\n{output}--- errors\n{}",
            case.name,
            outcome.status,
            if outcome.timed_out { " (out of time)" } else { "" },
            case.script,
            case.expected.trim_end_matches('\n'),
            String::from_utf8_lossy(&errors),
        )
    })
}

fn all_hold(text: &'static str, least: usize) {
    let only = std::env::var("CASE").ok();
    let all = cases(text);
    assert!(all.len() >= least, "only {} cases", all.len());
    let chosen = all
        .iter()
        .filter(|case| only.as_ref().is_none_or(|only| case.name.contains(only)));
    let differences = stream::iter(chosen)
        .map(|case| difference(*case))
        .buffered(AT_ONCE)
        .filter_map(|difference| async { difference });
    let failed: Vec<String> = world().runtime.block_on(differences.collect());
    assert!(
        failed.is_empty(),
        "{} of {} cases differ from Linux:\n\n{}",
        failed.len(),
        all.len(),
        failed.join("\n")
    );
}

#[test]
fn tools_print_what_they_print_on_linux() {
    all_hold(include_str!("../cases/tools.txt"), 50);
}

#[test]
fn awk_prints_what_gawk_prints() {
    all_hold(include_str!("../cases/awk.txt"), 24);
}

#[test]
fn data_tools_print_what_they_print_on_linux() {
    all_hold(include_str!("../cases/data.txt"), 14);
}

#[test]
fn diff_and_patch_print_what_they_print_on_linux() {
    all_hold(include_str!("../cases/text.txt"), 11);
}

#[test]
fn small_tools_print_what_they_print_on_linux() {
    all_hold(include_str!("../cases/small.txt"), 11);
}

#[test]
fn sort_bc_and_more_print_what_they_print_on_linux() {
    all_hold(include_str!("../cases/more.txt"), 15);
}

#[test]
fn python_prints_what_it_prints_on_linux() {
    all_hold(include_str!("../cases/python.txt"), 15);
}

#[test]
fn python_starts_and_ends_as_cpython_does() {
    all_hold(include_str!("../../../../components/python/cases.txt"), 11);
}

/// Scripts that feed tools what no honest program makes. Each must end with this status: an error in plain words, never
/// a crash of the tool, and nothing written elsewhere.
const HOSTILE: &[(&str, &str, i32)] = &[
    (
        "awk: endless recursion",
        "awk 'function f(n) { return f(n + 1) } BEGIN { f(0) }'",
        2,
    ),
    (
        "awk: deep nesting",
        r"printf 'BEGIN { print %s 1 %s }' $(printf '(%.0s' $(seq 9999)) $(printf ')%.0s' $(seq 9999)) > p; awk -f p",
        1,
    ),
    (
        "awk: a field that no record has",
        "echo x | awk '{ $1000000000 = 1 }'",
        2,
    ),
    (
        "awk: a width without end",
        "awk 'BEGIN { printf \"%999999999d\", 1 }' 2>&1 | grep -q 'at most 1048576'",
        0,
    ),
    (
        "awk: a huge expression",
        "awk '/(((a{1,999}){1,999}){1,999})/' /dev/null",
        1,
    ),
    (
        "grep: a huge expression",
        "grep -E '((a{1,999}){1,999}){1,999}' /dev/null",
        2,
    ),
    (
        "jq: nested without end",
        "head -c 200000 /dev/zero | tr '\\0' '[' | jq . > /dev/null; test $? -ne 0",
        0,
    ),
    (
        "jq: numbers without end",
        "jq -n '[limit(3; repeat(1))] | length' | grep -q 3",
        0,
    ),
    (
        "tar: names that lead out",
        "python3 /hostile.py; cd in; tar -xf ../dots.tar",
        2,
    ),
    (
        "tar: absolute names stay inside",
        "python3 /hostile.py; cd in; tar -xf ../absolute.tar; test -f tmp/evil -a ! -e /tmp/evil",
        0,
    ),
    (
        "tar: through a link",
        "python3 /hostile.py; cd in; tar -xf ../link.tar; test ! -e /work/outside/evil",
        0,
    ),
    (
        "tar: a hard link to the outside",
        "python3 /hostile.py; echo secret > secret; cd in; tar -xf ../hard.tar",
        2,
    ),
    (
        "tar: a size beyond the archive",
        "python3 /hostile.py; cd in; tar -xf ../short.tar",
        2,
    ),
    (
        "tar: sparse files of petabytes",
        "python3 /hostile.py; cd in; tar -xf ../sparse.tar",
        2,
    ),
    (
        "tar: a name without end",
        "python3 /hostile.py; cd in; tar -xf ../long.tar",
        2,
    ),
    (
        "tar: broken UTF-8",
        "python3 /hostile.py; cd in; tar -xf ../utf8.tar; ls | wc -l | grep -q 1",
        0,
    ),
    (
        "zip: names that lead out",
        "python3 /hostile.py; cd in; unzip -qo ../dots.zip; test ! -e ../evil -a ! -e /work/evil",
        0,
    ),
    (
        "zip: a directory that lies",
        "python3 /hostile.py; cd in; unzip -qo ../lies.zip; test $? -ne 0",
        0,
    ),
    (
        "gzip: a bomb through a pipe",
        "head -c 60000000 /dev/zero | gzip | gunzip | wc -c | grep -q 60000000",
        0,
    ),
    (
        "gzip: a bomb meets the quota",
        "head -c 90000000 /dev/zero | gzip > b.gz; gunzip b.gz 2> why; grep -q 'No space left' why; test ! -s b -a -s b.gz",
        0,
    ),
    (
        "zstd, xz, bzip2: rubbish",
        "for t in zstd xz bzip2 gzip; do echo rubbish | $t -dc && exit 9; done; exit 1",
        1,
    ),
    (
        "patch: names that lead out",
        "printf -- '--- ../evil\\n+++ ../evil\\n@@ -0,0 +1 @@\\n+x\\n' | patch -p0; test $? -ne 0 -a ! -e ../evil",
        0,
    ),
    (
        "patch: lengths that overflow",
        "printf -- '--- a\\n+++ a\\n@@ -18446744073709551615,9 +1,9 @@\\n x\\n' | patch -p0",
        2,
    ),
    (
        "diff: nothing in common",
        "seq 30000 > a; seq 30000 | sort -R > b; diff a b > /dev/null",
        1,
    ),
    ("xxd: rubbish", "printf 'zz: \\377\\n' > r; xxd -r r; test $? -le 1", 0),
];

const HOSTILE_FILES: &str = r#"
import io, os, struct, tarfile, zipfile
os.makedirs("in", exist_ok=True); os.makedirs("outside", exist_ok=True)
def tar(name, *members):
    with tarfile.open(name, "w") as t:
        for info, data in members:
            info.size = len(data); t.addfile(info, io.BytesIO(data))
def member(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name); info.type = kind; info.linkname = link
    return info
tar("dots.tar", (member("../evil"), b"x"), (member("a/../../evil"), b"x"))
tar("absolute.tar", (member("/tmp/evil"), b"x"))
tar("link.tar", (member("l", tarfile.SYMTYPE, "/work/outside"), b""), (member("l/evil"), b"x"))
tar("hard.tar", (member("h", tarfile.LNKTYPE, "../secret"), b""))
tar("utf8.tar", (member("b"), b"x"))
raw = bytearray(open("utf8.tar", "rb").read()); raw[0] = 0xff
raw[148:156] = b" " * 8; raw[148:156] = b"%06o\0 " % sum(raw[:512]); open("utf8.tar", "wb").write(raw)
short = member("s"); short.size = 1 << 40; open("short.tar", "wb").write(short.tobuf(tarfile.GNU_FORMAT) + b"x" * 512)
sparse = member("p"); sparse.size = 512; raw = bytearray(sparse.tobuf(tarfile.GNU_FORMAT)); raw[156] = ord("S"); raw[483:495] = b"\x80" + b"\0" * 4 + struct.pack(">Q", 1 << 50)[1:]
raw[148:156] = b" " * 8; raw[148:156] = b"%06o\0 " % sum(raw[:512]); open("sparse.tar", "wb").write(raw + b"x" * 512)
long = member("././@LongLink", tarfile.GNUTYPE_LONGNAME); long.size = 1 << 33; open("long.tar", "wb").write(long.tobuf(tarfile.GNU_FORMAT) + b"y" * 512)
with zipfile.ZipFile("dots.zip", "w") as z: z.writestr("../evil", "x"); z.writestr("/work/evil", "x"); z.writestr("good", "x")
with zipfile.ZipFile("lies.zip", "w", zipfile.ZIP_DEFLATED) as z: z.writestr("big", "x" * 100000)
raw = bytearray(open("lies.zip", "rb").read()); at = raw.rfind(b"PK\1\2"); raw[at + 24:at + 28] = struct.pack("<I", 10); open("lies.zip", "wb").write(raw)
"#;

#[test]
fn hostile_input_ends_in_plain_words() {
    let only = std::env::var("CASE").ok();
    let chosen = HOSTILE
        .iter()
        .filter(|(name, ..)| only.as_ref().is_none_or(|only| name.contains(only.as_str())));
    let failures = stream::iter(chosen).map(|(name, script, wanted)| async move {
        let fixture = userland_on(
            sandbar_files::Limits {
                bytes: 64 << 20,
                ..sandbar_files::Limits::default()
            },
            Limits::default(),
        );
        let tree = fixture.sandbox.tree();
        tree.write_file("/hostile.py", HOSTILE_FILES.as_bytes(), 0o644)
            .expect("written");
        tree.create_dir("/work", 0o755).expect("made");
        let exec = Exec {
            arguments: ["sh", "-c", script].map(str::to_owned).into(),
            environment: [("PATH", "/usr/bin:/bin"), ("HOME", "/")]
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            directory: "/work".into(),
            stdin: Bytes::new(),
            timeout: Some(DEADLINE),
            output_limit: 1 << 20,
        };
        let outcome = fixture.sandbox.exec(exec).await.expect("starts");
        let output = String::from_utf8_lossy(&outcome.output).into_owned();
        let good = outcome.status.code() == *wanted && !outcome.timed_out && !output.contains("internal error");
        (!good).then(|| {
            format!(
                "### {name}: {:?}, not {wanted}, timed out {}\n{script}\n{output}",
                outcome.status, outcome.timed_out
            )
        })
    });
    let failed = failures.buffered(AT_ONCE).filter_map(|failure| async { failure });
    let failed: Vec<String> = world().runtime.block_on(failed.collect());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
