//! `node` of the userland: scripts that print what they print on Linux with node's own `node` (`components/node/cases`,
//! recorded there by `record.mjs`). `cargo xtask build` makes the userland. `CASE=word` runs the cases with that word in
//! their names, `TRY=script` runs one script of the shell and shows what it prints.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use sandbar_engine::{CodeCache, MemoryBudget, SandboxEngine};
use sandbar_files::Tree;
use sandbar_process::{Exec, Limits, Programs, Sandbox, Threads};

/// Longer than any case needs, even on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// Cases that run at once.
const AT_ONCE: usize = 2;
/// A file of cases with fewer than this was not read right.
const LEAST: usize = 10;

struct World {
    runtime: tokio::runtime::Runtime,
    threads: Threads,
    programs: Programs,
    base: PathBuf,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn world() -> World {
    let userland = std::env::var_os("USERLAND").map_or_else(|| workspace().join("target/userland"), PathBuf::from);
    assert!(
        userland.join("node.wasm").exists(),
        "{} has no node.wasm: run `cargo xtask build`",
        userland.display()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime");
    let threads = Threads::new(runtime.handle().clone(), 2).expect("threads");
    let engine = SandboxEngine::new().expect("engine");
    let cache = CodeCache::open(Path::new(env!("CARGO_TARGET_TMPDIR")).join("code")).expect("cache");
    let programs = Programs::load(&engine, &cache, &userland, &|step| eprintln!("{step:?}")).expect("programs load");
    World {
        runtime,
        threads,
        programs,
        base: userland.join("base"),
    }
}

/// What a script printed (standard output, standard error), its code, and how long it took.
async fn run(world: &World, script: &str) -> (String, String, String, Duration) {
    let upper = tempfile::tempdir().expect("temporary directory");
    let tree = Tree::open(upper.path(), std::slice::from_ref(&world.base), Default::default()).expect("tree");
    let sandbox = Sandbox::new(
        world.programs.clone(),
        &MemoryBudget::new(u64::MAX),
        tree,
        Limits::default(),
        world.threads.clone(),
    );
    let tree = sandbox.tree();
    tree.write_file("/case.sh", script.as_bytes(), 0o644).expect("written");
    tree.create_dir("/work", 0o755).expect("made");
    let variables = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/root"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
    ];
    let exec = Exec {
        arguments: ["sh", "-c", "exec sh /case.sh 2> /errors"].map(str::to_owned).into(),
        environment: variables.map(|(name, value)| (name.into(), value.into())).into(),
        directory: "/work".into(),
        stdin: Default::default(),
        timeout: Some(DEADLINE),
        output_limit: 1 << 20,
    };
    let begun = Instant::now();
    let outcome = sandbox.exec(exec).await.expect("starts");
    let took = begun.elapsed();
    let errors = tree.read_file("/errors", 1 << 20).unwrap_or_default();
    let status = if outcome.timed_out {
        "out of time".to_owned()
    } else {
        format!("{:?}", outcome.status)
    };
    (
        String::from_utf8_lossy(&outcome.output).into_owned(),
        String::from_utf8_lossy(&errors).into_owned(),
        status,
        took,
    )
}

/// Cases of one file: name, script, what it is to print.
fn cases(text: &str) -> Vec<(String, String, String)> {
    let case = |text: &str| {
        let (name, rest) = text.split_once('\n').expect("a name");
        let (script, expected) = rest.split_once("---\n").expect("a line of dashes");
        (
            name.to_owned(),
            script.to_owned(),
            expected.trim_end_matches('\n').to_owned(),
        )
    };
    text.split("\n### ").skip(1).map(case).collect()
}

#[test]
fn scripts_print_what_they_print_on_linux() {
    let world = world();
    if let Ok(script) = std::env::var("TRY") {
        let (output, errors, status, took) = world.runtime.block_on(run(&world, &script));
        eprintln!("{output}{errors}[{status} {took:.1?}]");
        return;
    }
    let only = std::env::var("CASE").unwrap_or_default();
    let directory = workspace().join("components/node/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&directory)
        .expect("components/node/cases is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let all: Vec<(String, String, String)> = files
        .iter()
        .flat_map(|file| {
            let found = cases(&std::fs::read_to_string(file).expect("cases are text"));
            assert!(found.len() >= LEAST, "only {} cases in {}", found.len(), file.display());
            found
        })
        .collect();
    let chosen: Vec<_> = all.iter().filter(|(name, ..)| name.contains(&only)).collect();
    assert!(!chosen.is_empty(), "no case has {only:?} in its name");
    let world = &world;
    let failed: Vec<String> = world.runtime.block_on(
        stream::iter(chosen.iter().copied())
            .map(|(name, script, expected)| async move {
                let (output, errors, status, _) = run(world, script).await;
                (output.trim_end_matches('\n') != expected || status == "out of time").then(|| {
                    format!("### {name}: {status}\n{script}--- expected\n{expected}\n--- output\n{output}--- errors\n{errors}")
                })
            })
            .buffered(AT_ONCE)
            .filter_map(|difference| async { difference })
            .collect(),
    );
    assert!(
        failed.is_empty(),
        "{} of {} cases differ from Linux:\n\n{}",
        failed.len(),
        chosen.len(),
        failed.join("\n")
    );
}
