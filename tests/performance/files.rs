//! Files, beside the machine's own, and forks.

use crate::stats::{Samples, milliseconds};
use crate::{Plan, native, say};
use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};

/// Files of the sandbox that is forked.
const FORKED_FILES: usize = 10_000;

pub fn measure(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let sandbox = api.create(&json!({ "target": "us" }));
    let directory = tempfile::tempdir().expect("a directory for the native side");
    if plan.wants("files") {
        small(plan, &api, &sandbox, directory.path());
        large(plan, &api, &sandbox, directory.path());
    }
    if plan.wants("fork") {
        fork(plan, &api, &sandbox);
    }
}

/// The same Python program on both sides; it tells the seconds of each part itself, so no start is in the figures.
const SMALL: &str = r#"
import os, shutil, time
count = 10_000
os.makedirs("small", exist_ok=True)
def part(work):
    begin = time.perf_counter(); work(); return time.perf_counter() - begin
def write():
    for n in range(count):
        with open(f"small/{n}", "wb") as file: file.write(b"x" * 100)
def listing():
    for entry in os.scandir("small"): entry.stat()
def read():
    for n in range(count):
        with open(f"small/{n}", "rb") as file: file.read()
print(part(write), part(listing), part(read))
shutil.rmtree("small")
"#;

const LARGE: &str = r#"
import os, time
block = b"x" * (1 << 20)
begin = time.perf_counter()
with open("large", "wb", buffering=0) as file:
    for _ in range(64): file.write(block)
middle = time.perf_counter()
with open("large", "rb", buffering=0) as file:
    while file.read(1 << 20): pass
print(middle - begin, time.perf_counter() - middle)
os.unlink("large")
"#;

fn small(plan: &Plan, api: &Api, sandbox: &Value, here: &std::path::Path) {
    parts(
        &["10,000 files of 100 B written", "  listed with attributes", "  read"],
        SMALL,
        plan.samples(11),
        api,
        sandbox,
        here,
    );
}

fn large(plan: &Plan, api: &Api, sandbox: &Value, here: &std::path::Path) {
    parts(
        &["64 MiB written", "  read"],
        LARGE,
        plan.samples(11),
        api,
        sandbox,
        here,
    );
}

fn parts(names: &[&str], program: &str, rounds: usize, api: &Api, sandbox: &Value, here: &std::path::Path) {
    let mut ours: Vec<Samples> = names.iter().map(|_| Samples::default()).collect();
    let mut theirs: Vec<Samples> = names.iter().map(|_| Samples::default()).collect();
    let url = format!("{}/process/code-run", Api::toolbox(sandbox));
    for _ in 0..rounds {
        let answer = api.post(&url, &json!({ "code": program, "language": "python" }));
        assert_eq!(answer.json["exitCode"], 0, "{}", answer.text);
        add(&mut ours, answer.json["result"].as_str().unwrap_or_default());
        let native = native::output("python3", &["-c", program], here);
        add(&mut theirs, &native);
    }
    for (name, (ours, theirs)) in names.iter().zip(ours.iter().zip(&theirs)) {
        let ratio = ours.median() / theirs.median().max(f64::EPSILON);
        say(&format!("{name:<36}{ours}"));
        say(&format!(
            "  native                            {theirs}  ours / native: {ratio:.2}"
        ));
    }
}

fn add(samples: &mut [Samples], printed: &str) {
    let mut found = printed.split_whitespace().map(|word| word.parse::<f64>());
    for one in samples {
        let Some(Ok(seconds)) = found.next() else {
            panic!("not the seconds of each part: {printed:?}");
        };
        one.push(std::time::Duration::from_secs_f64(seconds));
    }
}

fn fork(plan: &Plan, api: &Api, sandbox: &Value) {
    let fill = format!("mkdir many; cd many; i=0; while [ $i -lt {FORKED_FILES} ]; do echo $i > $i; i=$((i+1)); done");
    assert_eq!(api.exec(sandbox, &fill).json["exitCode"], 0, "filling");
    let path = format!("/sandbox/{}/fork", sandbox["id"].as_str().unwrap_or_default());
    let (mut forks, mut first) = (Samples::default(), Samples::default());
    for round in 0..plan.samples(30).min(30) {
        // A change before each, so that there is something to freeze.
        api.exec(sandbox, &format!("echo {round} > changed"));
        let answer = forks.time(|| api.post(&path, &json!({})));
        assert_eq!(answer.status, 200, "fork: {}", answer.text);
        let command = format!("cat many/{} changed", FORKED_FILES - 1);
        let inside = first.time(|| api.exec(&answer.json, &command));
        assert_eq!(
            inside.json["result"],
            format!("{}\n{round}\n", FORKED_FILES - 1),
            "{}",
            inside.text
        );
        api.delete(&format!("/sandbox/{}", answer.json["id"].as_str().unwrap_or_default()));
    }
    say(&format!("fork with {FORKED_FILES} files, over HTTP  {forks}"));
    say(&format!("  its first command                 {first}"));
    say(&format!(
        "  both together, median             {:9.3}",
        milliseconds(forks.percentile(0.5) + first.percentile(0.5))
    ));
}
