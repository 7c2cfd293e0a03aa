//! What a real git printed and returned for scripts (`components/git/tests/cases`, recorded by `record.py`), beside what
//! the git of sandboxes prints and returns for them.

use crate::client::Client;
use http::Method;
use serde_json::json;

/// Cases that must come out the same, of all. It goes up when the command gains something.
const LEAST: usize = 144;

/// One recorded script.
struct Case {
    name: String,
    script: &'static str,
    code: i64,
    output: &'static str,
}

/// Files of cases by their names.
const FILES: [(&str, &str); 10] = [
    (
        "branches",
        include_str!("../../../../components/git/tests/cases/branches.txt"),
    ),
    (
        "changing",
        include_str!("../../../../components/git/tests/cases/changing.txt"),
    ),
    (
        "config",
        include_str!("../../../../components/git/tests/cases/config.txt"),
    ),
    ("diff", include_str!("../../../../components/git/tests/cases/diff.txt")),
    ("log", include_str!("../../../../components/git/tests/cases/log.txt")),
    (
        "merging",
        include_str!("../../../../components/git/tests/cases/merging.txt"),
    ),
    (
        "plumbing",
        include_str!("../../../../components/git/tests/cases/plumbing.txt"),
    ),
    (
        "remotes",
        include_str!("../../../../components/git/tests/cases/remotes.txt"),
    ),
    (
        "stash",
        include_str!("../../../../components/git/tests/cases/stash.txt"),
    ),
    (
        "switching",
        include_str!("../../../../components/git/tests/cases/switching.txt"),
    ),
];
/// The eleventh.
const TAGS: &str = include_str!("../../../../components/git/tests/cases/tags.txt");

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (group, text) in FILES.into_iter().chain([("tags", TAGS)]) {
        for part in text.split("\n### ") {
            let part = part.strip_prefix("### ").unwrap_or(part);
            let (name, rest) = part.split_once('\n').expect("a name and a script");
            let (script, rest) = rest.split_once("\n--- ").expect("a record");
            let (code, output) = rest.split_once('\n').unwrap_or((rest, ""));
            cases.push(Case {
                name: format!("{group}/{name}"),
                script,
                code: code.trim().parse().expect("an exit code"),
                output,
            });
        }
    }
    cases
}

#[tokio::test]
async fn scripts_come_out_as_with_the_real_git() {
    let client = Client::new().await;
    let cases = cases();
    assert!(cases.len() >= 170, "only {} cases were read", cases.len());
    let mut differing = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let home = format!("/tmp/case-{at}");
        let work = format!("{home}/w");
        let body = json!({
            "command": format!("mkdir -p {work}; cd {work}; exec 2>{home}/err; {}", case.script),
            "timeout": 60,
            "envs": {
                "HOME": home, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com",
                "GIT_AUTHOR_DATE": "1700000000 +0100",
                "GIT_COMMITTER_NAME": "Bea", "GIT_COMMITTER_EMAIL": "bea@example.com",
                "GIT_COMMITTER_DATE": "1700000000 +0100",
            },
        });
        let answer = client
            .send(
                Method::POST,
                "/toolbox/s/process/execute",
                "application/json",
                body.to_string(),
            )
            .await;
        let answer = answer.is_ok(200).json();
        let code = answer["exitCode"].as_i64().unwrap_or(-1);
        let output = answer["result"].as_str().unwrap_or_default().replace(&work, "WORK");
        if code == case.code && output.trim_end_matches('\n') == case.output.trim_end_matches('\n') {
            continue;
        }
        let (_, complaint) = client.execute(&format!("head -c 600 {home}/err")).await;
        let first = case
            .output
            .lines()
            .zip(output.lines().chain(std::iter::repeat("")))
            .find(|(theirs, ours)| theirs != ours);
        differing.push(format!(
            "{}: code {code}, expected {}; first differing line: {first:?}; it complained: {complaint}",
            case.name, case.code
        ));
    }
    let same = cases.len() - differing.len();
    eprintln!(
        "{same} of {} are the same; these differ:\n{}",
        cases.len(),
        differing.join("\n")
    );
    assert!(
        same >= LEAST,
        "{same} of {} are the same; these differ:\n{}",
        cases.len(),
        differing.join("\n")
    );
}
