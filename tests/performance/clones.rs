//! Cloning a repository of 2,000 files from a git server on loopback, beside native git.

use crate::starts::beside;
use crate::stats::Samples;
use crate::{Plan, generous, native, say};
use sandbar_tests::{Api, GitServer, Platform};
use serde_json::json;

/// Files of the repository.
const FILES: usize = 2000;

pub fn measure(plan: &Plan) {
    let directory = tempfile::tempdir().expect("a directory for the native side");
    let here = directory.path();
    if !native::run("git", &["--version"], here) {
        return say("clone: there is no git here to serve the repository, so nothing is measured");
    }
    let server = GitServer::start();
    let files: Vec<(String, String)> = (0..FILES)
        .map(|n| {
            (
                format!("dir{}/file{n}.txt", n % 40),
                format!("content of {n}\n").repeat(20),
            )
        })
        .collect();
    server.repository("big.git", &files);
    let mut settings = generous(None);
    settings
        .arguments
        .extend(["--egress-allow".to_owned(), server.address.to_string()]);
    let platform = Platform::start_with(settings);
    let api = platform.api();
    let sandbox = api.create(&json!({ "target": "us" }));
    let url = format!("{}/big.git", server.url());
    let toolbox = Api::toolbox(&sandbox);
    let (mut clone, mut clone_native) = (Samples::default(), Samples::default());
    let (mut status, mut status_native) = (Samples::default(), Samples::default());
    let (mut commit, mut commit_native) = (Samples::default(), Samples::default());
    for round in 0..plan.samples(15) + 1 {
        let name = format!("clone-{round}");
        let mut one = Samples::default();
        let body = json!({ "url": url, "path": name });
        let answer = one.time(|| api.post(&format!("{toolbox}/git/clone"), &body));
        assert_eq!(answer.status, 200, "clone: {}", answer.text);
        let mut theirs = Samples::default();
        let arguments = ["clone", "-q", &url, &name];
        assert!(
            theirs.time(|| native::run("git", &arguments, here)),
            "the native clone works"
        );
        if round > 0 {
            clone.push(one.percentile(0.5));
            clone_native.push(theirs.percentile(0.5));
        }
        let step = |command: &str, ours: &mut Samples, native_samples: &mut Samples| {
            let whole = format!("cd {name} && {command}");
            let answer = ours.time(|| api.exec(&sandbox, &whole));
            assert_eq!(answer.json["exitCode"], 0, "{command}: {}", answer.text);
            assert!(
                native_samples.time(|| native::run("sh", &["-c", &whole], here)),
                "{command}"
            );
        };
        step("git status", &mut status, &mut status_native);
        step(
            "echo more >> dir1/file1.txt && git -c user.name=A -c user.email=a@b commit -q -a -m more",
            &mut commit,
            &mut commit_native,
        );
        let removed = api.exec(&sandbox, &format!("rm -rf {name}"));
        assert_eq!(removed.json["exitCode"], 0, "{}", removed.text);
        let _ = std::fs::remove_dir_all(here.join(&name));
    }
    beside(
        &format!("clone of {FILES} files over HTTP"),
        &clone,
        "git",
        &clone_native,
    );
    beside("  git status in it", &status, "git", &status_native);
    beside("  git commit -a of one change", &commit, "git", &commit_native);
}
