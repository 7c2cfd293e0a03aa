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

/// Cases that are known to differ, a line each: the name (`group/name`), a blank, the reason. docs/SHELL.md tells them to
/// users. A case of the list that passes fails the test, so that the list stays true.
const KNOWN: &str = include_str!("known.txt");

/// Share of the cases that must behave as in bash.
const MUST_PASS_PERCENT: usize = 95;

/// A case that differs: its name (`group/name`), and what was seen.
fn difference(script: &Path, bin: &Path) -> Option<String> {
    let expected = fs::read(script.with_extension("out")).expect("a recorded output");
    let code: i32 = fs::read_to_string(script.with_extension("code"))
        .expect("a recorded code")
        .trim()
        .parse()
        .expect("a number");
    let outcome = run(script, bin);
    (outcome.output != expected || outcome.code != Some(code)).then(|| {
        format!(
            "{}: code {:?}, expected {code}\n--- expected\n{}--- output\n{}--- errors\n{}",
            script.display(),
            outcome.code,
            String::from_utf8_lossy(&expected),
            String::from_utf8_lossy(&outcome.output),
            outcome.errors,
        )
    })
}

fn name_of(script: &Path) -> String {
    let group = script.parent().and_then(Path::file_name).expect("cases are in groups");
    let name = script.file_stem().expect("cases have names");
    format!("{}/{}", group.to_string_lossy(), name.to_string_lossy())
}

#[test]
fn every_case_behaves_as_in_bash() {
    let bin = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_shell"), bin.path().join("sh")).expect("a link");
    let only = std::env::var("CASE").ok();
    let mut all = scripts();
    assert!(all.len() >= 650, "only {} cases", all.len());
    all.retain(|s| only.as_ref().is_none_or(|only| name_of(s).contains(only)));
    // Many cases mostly sleep: a few at a time.
    let next = std::sync::atomic::AtomicUsize::new(0);
    let differing = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(script) = all.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    if let Some(message) = difference(script, bin.path()) {
                        differing.lock().expect("no panic").push((name_of(script), message));
                    }
                }
            });
        }
    });
    let mut differing = differing.into_inner().expect("no panic");
    differing.sort();
    let listed: Vec<&str> = KNOWN.lines().filter_map(|l| l.split_whitespace().next()).collect();
    let known = |name: &str| listed.contains(&name);
    let new: Vec<String> = differing
        .iter()
        .filter(|(name, _)| !known(name))
        .map(|(_, message)| message.clone())
        .collect();
    let names: Vec<String> = all.iter().map(|s| name_of(s)).collect();
    let mended: Vec<&str> = listed
        .iter()
        .copied()
        .filter(|known| names.iter().any(|n| n == known) && !differing.iter().any(|(n, _)| n == known))
        .collect();
    assert!(
        new.is_empty(),
        "{} of {} cases differ from bash:\n\n{}",
        new.len(),
        all.len(),
        new.join("\n")
    );
    assert!(
        mended.is_empty(),
        "no longer different, take them off the list: {mended:?}"
    );
    assert!(
        only.is_some() || (all.len() - differing.len()) * 100 >= all.len() * MUST_PASS_PERCENT,
        "only {} of {} cases behave as in bash",
        all.len() - differing.len(),
        all.len()
    );
}
