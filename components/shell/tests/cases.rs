//! Every recorded case through the native shell: same output, same exit code as bash.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any case needs, even on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(20);

struct Outcome {
    output: Vec<u8>,
    errors: String,
    code: Option<i32>,
}

fn scripts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut all: Vec<PathBuf> = fs::read_dir(root)
        .expect("the cases are part of the project")
        .flat_map(|group| fs::read_dir(group.expect("readable").path()).expect("a directory"))
        .map(|file| file.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "sh"))
        .collect();
    all.sort();
    all
}

fn run(script: &Path, bin: &Path) -> Outcome {
    let work = tempfile::tempdir().expect("a directory for the case");
    let mut child = Command::new(env!("CARGO_BIN_EXE_shell"))
        .arg(script)
        .current_dir(work.path())
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("HOME", "/")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let mut stdout = child.stdout.take().expect("piped");
    let mut stderr = child.stderr.take().expect("piped");
    let output = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is judged all the same.
        let _ = stdout.read_to_end(&mut bytes);
        bytes
    });
    let errors = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stderr.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let end = Instant::now() + DEADLINE;
    let code = loop {
        if let Some(status) = child.try_wait().expect("waiting works") {
            break status.code();
        }
        if Instant::now() > end {
            child.kill().expect("it can be killed");
            child.wait().expect("waiting works");
            break None;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    Outcome {
        output: output.join().expect("reader"),
        errors: errors.join().expect("reader"),
        code,
    }
}

#[test]
fn every_case_behaves_as_in_bash() {
    let bin = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_shell"), bin.path().join("sh")).expect("a link");
    let only = std::env::var("CASE").ok();
    let mut failed = Vec::new();
    let all = scripts();
    assert!(all.len() >= 200, "only {} cases", all.len());
    for script in &all {
        let name = script.display().to_string();
        if only.as_ref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let expected = fs::read(script.with_extension("out")).expect("a recorded output");
        let code: i32 = fs::read_to_string(script.with_extension("code"))
            .expect("a recorded code")
            .trim()
            .parse()
            .expect("a number");
        let outcome = run(script, bin.path());
        if outcome.output != expected || outcome.code != Some(code) {
            failed.push(format!(
                "{name}: code {:?}, expected {code}\n--- expected\n{}--- output\n{}--- errors\n{}",
                outcome.code,
                String::from_utf8_lossy(&expected),
                String::from_utf8_lossy(&outcome.output),
                outcome.errors,
            ));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases differ from bash:\n\n{}",
        failed.len(),
        all.len(),
        failed.join("\n")
    );
}
