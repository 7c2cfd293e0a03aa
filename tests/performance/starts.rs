//! How long programs take to start, beside the machine's own: python, node, git; and TypeScript run from its source.

use crate::stats::Samples;
use crate::{Plan, native, say};
use sandbar_tests::{Api, Platform};
use serde_json::json;

/// A name, the command in the sandbox, and the machine's own program for it.
const STARTS: [(&str, &str, &str, &[&str]); 4] = [
    (
        "python3 -c 'print(1)'",
        "python3 -c 'print(1)'",
        "python3",
        &["-c", "print(1)"],
    ),
    (
        "node -e 'console.log(1)'",
        "node -e 'console.log(1)'",
        "node",
        &["-e", "console.log(1)"],
    ),
    ("git --version", "git --version", "git", &["--version"]),
    ("git init -q x", "git init -q x", "git", &["init", "-q", "x"]),
];

/// Types that are only taken away, and one that makes code.
const TYPESCRIPT: &str = "enum Colour { Red, Green }\ninterface Named { name: string }\n\
                          const who: Named = { name: Colour[Colour.Green] };\nconsole.log(who.name satisfies string);\n";

pub fn measure(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let sandbox = api.create(&json!({ "target": "us" }));
    let directory = tempfile::tempdir().expect("a directory for the native side");
    for (name, command, program, arguments) in STARTS {
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        let peer = native::run(program, &["--version"], directory.path());
        for round in 0..plan.samples(50) + 3 {
            let mut one = Samples::default();
            let answer = one.time(|| api.exec(&sandbox, command));
            assert_eq!(answer.json["exitCode"], 0, "{command}: {}", answer.text);
            if round < 3 {
                continue;
            }
            ours.push(one.percentile(0.5));
            if peer {
                theirs.time(|| native::run(program, arguments, directory.path()));
            }
        }
        beside(name, &ours, program, &theirs);
    }
    typescript(plan, &api, &sandbox, directory.path());
}

/// A row of ours, and one of the peer's with the ratio, or a word that there is none.
pub fn beside(name: &str, ours: &Samples, peer: &str, theirs: &Samples) {
    say(&format!("{name:<36}{ours}"));
    if theirs.is_empty() {
        return say(&format!(
            "  native {peer}: not installed here, so there is nothing to compare"
        ));
    }
    let ratio = ours.median() / theirs.median().max(f64::EPSILON);
    say(&format!("  native {peer:<27}{theirs}  ours / native: {ratio:.2}"));
}

fn typescript(plan: &Plan, api: &Api, sandbox: &serde_json::Value, here: &std::path::Path) {
    let url = format!("{}/process/code-run", Api::toolbox(sandbox));
    let body = json!({ "code": TYPESCRIPT, "language": "typescript" });
    std::fs::write(here.join("program.ts"), TYPESCRIPT).expect("a program");
    // Node runs what has an enum since 22.7, if it is asked to.
    let arguments = ["--experimental-transform-types", "--no-warnings", "program.ts"];
    let peer = native::run("node", &arguments, here);
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in 0..plan.samples(50) + 3 {
        let mut one = Samples::default();
        let answer = one.time(|| api.post(&url, &body));
        assert_eq!(answer.json["result"], "Green\n", "{}", answer.text);
        if round >= 3 {
            ours.push(one.percentile(0.5));
            if peer {
                theirs.time(|| native::run("node", &arguments, here));
            }
        }
    }
    beside(
        "code_run of TypeScript over HTTP",
        &ours,
        "node that knows types",
        &theirs,
    );
}
