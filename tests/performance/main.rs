//! `cargo xtask bench`: the platform over loopback through its real HTTP API, beside native programs in the same run.
//! No figure here passes or fails anything: machines differ, so compare ratios and medians.

mod capacity;
mod clones;
mod cpu;
mod exec;
mod files;
mod fleet;
mod interactive;
mod machine;
mod native;
mod npm;
mod packages;
mod preview;
mod registered;
mod restart;
mod snapshots;
mod spans;
mod starts;
mod stats;

use sandbar_tests::{Platform, Settings};

/// What to measure, from the command line.
struct Plan {
    /// Divides every number of samples; for a quick look.
    divisor: usize,
    /// Words that select measurements; empty: all.
    only: Vec<String>,
}

impl Plan {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }

    fn samples(&self, whole: usize) -> usize {
        (whole / self.divisor).max(5)
    }
}

const HELP: &str = "\
Measures Sandbar over loopback and beside native programs.

Usage: cargo xtask bench [--quick] [NAME...]

  --quick   a tenth of the samples
  NAME      interactive, exec, spawn, pipeline, tools, python, creates, memory, files, fork, preview,
            remote, death, registered, heartbeats, packages, restart, starts, clone, snapshots,
            npm; placement by `cargo xtask bench` only
";

fn main() {
    let mut plan = Plan {
        divisor: 1,
        only: Vec::new(),
    };
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan.divisor = 10,
            "--help" | "-h" => return say(HELP),
            name => plan.only.push(name.to_owned()),
        }
    }
    say(&machine::describe());
    say("times in ms unless said otherwise: median / p95 / p99 (samples)\n");
    if plan.wants("interactive") {
        with_platform(|platform| interactive::measure(platform, &plan));
    }
    if ["exec", "spawn", "pipeline", "tools", "python"]
        .iter()
        .any(|name| plan.wants(name))
    {
        with_platform(|platform| exec::measure(platform, &plan));
    }
    if ["files", "fork"].iter().any(|name| plan.wants(name)) {
        with_platform(|platform| files::measure(platform, &plan));
    }
    if plan.wants("preview") {
        with_platform(|platform| preview::measure(platform, &plan));
    }
    if ["remote", "death"].iter().any(|name| plan.wants(name)) {
        with_platform(|platform| fleet::measure(platform, &plan));
    }
    if ["registered", "heartbeats"].iter().any(|name| plan.wants(name)) {
        with_platform(|platform| registered::measure(platform, &plan));
    }
    if plan.wants("packages") {
        with_platform(|platform| packages::measure(platform, &plan));
    }
    if plan.wants("starts") {
        with_platform(|platform| starts::measure(platform, &plan));
    }
    if plan.wants("clone") {
        clones::measure(&plan);
    }
    if plan.wants("snapshots") {
        with_platform(|platform| snapshots::measure(platform, &plan));
    }
    if plan.wants("npm") {
        npm::measure(&plan);
    }
    if plan.wants("restart") {
        restart::measure(&plan);
    }
    if plan.wants("creates") {
        with_platform(|platform| capacity::creates(platform, &plan));
    }
    if plan.wants("memory") {
        with_platform(|platform| capacity::memory(platform, &plan));
        with_platform(|platform| capacity::pythons(platform, &plan));
    }
}

/// A platform that sells far more than the machine has: idle sandboxes cost almost nothing.
fn with_platform(measure: impl FnOnce(&Platform)) {
    measure(&Platform::start_with(generous(None)));
}

/// Settings of such a platform: room for some ten thousand sandboxes of the smallest size, and no number beyond what a
/// report of a runner may say.
fn generous(data: Option<std::path::PathBuf>) -> Settings {
    let ratios = ["--cpu-ratio", "8000", "--memory-ratio", "1000", "--disk-ratio", "500"];
    let mut arguments = ratios.map(str::to_owned).to_vec();
    arguments.extend(["--manifest".to_owned(), tireless_manifest().display().to_string()]);
    Settings { data, arguments }
}

/// The manifest without the rule that a runner whose machine is busy takes nothing new: here it always is.
fn tireless_manifest() -> std::path::PathBuf {
    let root = sandbar_tests::root();
    let text = std::fs::read_to_string(root.join("spin.toml")).expect("the manifest");
    let rule = "least_score = { default = \"1\"";
    assert!(text.contains(rule), "spin.toml has another least_score; say so here");
    let target = format!("\"{}/", root.join("target").display());
    let text = text
        .replace(rule, "least_score = { default = \"0\"")
        .replace("\"target/", &target);
    let path = std::env::temp_dir().join(format!("sandbar-bench-{}.toml", std::process::id()));
    std::fs::write(&path, text).expect("a manifest in the temporary directory");
    path
}

/// One row of the report.
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn say(text: &str) {
    println!("{text}");
}
