//! Commands in a living sandbox, beside the machine's own sh and python3.

use crate::stats::Samples;
use crate::{Plan, native, say, spans};
use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::fmt::Write;

/// Bytes that go through the pipelines.
const VOLUME_MIB: usize = 64;

pub fn measure(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let sandbox = api.create(&json!({ "target": "us" }));
    let directory = tempfile::tempdir().expect("a directory for the native side");
    let here = directory.path();
    if plan.wants("exec") {
        let mut ours = Samples::default();
        let mut inside = spans::Inside::default();
        for round in 0..plan.samples(500) + 20 {
            let mut one = Samples::default();
            let answer = one.time(|| api.exec(&sandbox, "true"));
            assert_eq!(answer.json["exitCode"], 0, "{}", answer.text);
            if round >= 20 {
                ours.push(one.percentile(0.5));
                inside.add(&answer.timing);
            }
        }
        let mut theirs = Samples::default();
        for _ in 0..plan.samples(200) {
            theirs.time(|| native::run("sh", &["-c", "true"], here));
        }
        say(&format!("exec of `true` over HTTP            {ours}"));
        say(&inside.to_string());
        say(&format!("  native `sh -c true`, no HTTP      {theirs}"));
    }
    if plan.wants("spawn") {
        let spawns = plan.samples(500);
        let script = format!("i=0; while [ $i -lt {spawns} ]; do /usr/bin/true; i=$((i+1)); done");
        pair(
            "spawn and wait in a shell, each    ",
            &script,
            spawns,
            plan.samples(30).min(10),
            &api,
            &sandbox,
            here,
        );
    }
    if plan.wants("pipeline") {
        pipelines(plan, &api, &sandbox, here);
    }
    if plan.wants("tools") {
        tools(plan, &api, &sandbox, here);
    }
    if plan.wants("python") {
        python(plan, &api, &sandbox, here);
    }
}

/// The same script in the sandbox and natively, alternating; time divided by `parts`.
fn pair(name: &str, script: &str, parts: usize, rounds: usize, api: &Api, sandbox: &Value, here: &std::path::Path) {
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    let parts = u32::try_from(parts).unwrap_or(1).max(1);
    for _ in 0..rounds {
        let mut one = Samples::default();
        let answer = one.time(|| api.exec(sandbox, script));
        assert_eq!(answer.json["exitCode"], 0, "{script}: {}", answer.text);
        ours.push(one.percentile(0.5) / parts);
        let mut one = Samples::default();
        assert!(
            one.time(|| native::run("sh", &["-c", script], here)),
            "native: {script}"
        );
        theirs.push(one.percentile(0.5) / parts);
    }
    let ratio = theirs.median() / ours.median().max(f64::EPSILON);
    say(&format!("{name} {ours}"));
    say(&format!(
        "  native sh                         {theirs}  native / ours: {ratio:.2}"
    ));
}

fn pipelines(plan: &Plan, api: &Api, sandbox: &Value, here: &std::path::Path) {
    let fill = format!("head -c {} /dev/urandom > big; cat big > out", VOLUME_MIB << 20);
    assert_eq!(api.exec(sandbox, &fill).json["exitCode"], 0, "filling");
    assert!(native::run("sh", &["-c", &fill], here), "filling natively");
    for stages in 1..=5 {
        let mut script = "cat big".to_owned();
        for _ in 1..stages {
            let _ = write!(script, " | cat");
        }
        script.push_str(" > out");
        let name = format!(
            "{VOLUME_MIB} MiB through {stages} stage{}         ",
            if stages == 1 { " " } else { "s" }
        );
        pair(&name, &script, 1, plan.samples(11), api, sandbox, here);
    }
}

/// Five different tools over ten megabytes of text, as people use them.
fn tools(plan: &Plan, api: &Api, sandbox: &Value, here: &std::path::Path) {
    let fill = "seq 1 1500000 | sed 's/$/ line/' | head -c 10485760 > text";
    assert_eq!(api.exec(sandbox, fill).json["exitCode"], 0, "filling");
    assert!(native::run("sh", &["-c", fill], here), "filling natively");
    let script = "cat text | grep 7 | sed s/7/x/ | sort -r | head -n 1000 > out";
    pair(
        "10 MB: cat, grep, sed, sort, head  ",
        script,
        1,
        plan.samples(11),
        api,
        sandbox,
        here,
    );
}

fn python(plan: &Plan, api: &Api, sandbox: &Value, here: &std::path::Path) {
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    let mut inside = spans::Inside::default();
    let url = format!("{}/process/code-run", Api::toolbox(sandbox));
    let body = json!({ "code": "print(1)", "language": "python" });
    for round in 0..plan.samples(100) + 5 {
        let mut one = Samples::default();
        let answer = one.time(|| api.post(&url, &body));
        assert_eq!(answer.json["result"], "1\n", "{}", answer.text);
        if round >= 5 {
            ours.push(one.percentile(0.5));
            inside.add(&answer.timing);
            theirs.time(|| native::run("python3", &["-c", "print(1)"], here));
        }
    }
    let ratio = theirs.median() / ours.median().max(f64::EPSILON);
    say(&format!("code_run(\"print(1)\") over HTTP      {ours}"));
    say(&inside.to_string());
    say(&format!(
        "  native `python3 -c 'print(1)'`    {theirs}  native / ours: {ratio:.2}"
    ));
}
