//! Scripts that use grep, find, sed, coreutils and python3: they print what they print on Linux (`tests/cases`).

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use sandbar_process::Exec;

use crate::userland::userland;
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
fn python_prints_what_it_prints_on_linux() {
    all_hold(include_str!("../cases/python.txt"), 15);
}

#[test]
fn python_starts_and_ends_as_cpython_does() {
    all_hold(include_str!("../../../../components/python/cases.txt"), 11);
}
