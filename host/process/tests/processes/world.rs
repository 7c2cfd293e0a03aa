//! What the tests share: one engine, one runtime, the compiled guests, and sandboxes over a small base layer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sandbar_engine::{CodeCache, MemoryBudget, SandboxEngine};
use sandbar_files::Tree;
use sandbar_process::{Descriptor, Errno, Exec, Limits, Outcome, Programs, Sandbox, Spawn, Threads};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Long enough for a loaded machine; a test that waits for it has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct World {
    pub runtime: Runtime,
    threads: Threads,
    programs: Programs,
    base: TempDir,
}

/// A sandbox and the directory of its own layer.
pub struct Fixture {
    pub sandbox: Sandbox,
    _upper: TempDir,
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let userland = tempfile::tempdir().expect("temporary directory");
        fs::copy(build_guest(), userland.path().join("guest.wasm")).expect("guest is built");
        let programs = programs(userland.path());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .build()
            .expect("runtime");
        let threads = Threads::new(runtime.handle().clone(), 2).expect("threads");
        World {
            runtime,
            threads,
            programs,
            base: base(),
        }
    })
}

/// Compiled code outlives the run: the real userland takes a minute to compile.
pub fn programs(userland: &Path) -> Programs {
    let engine = SandboxEngine::new().expect("engine");
    let cache = CodeCache::open(Path::new(env!("CARGO_TARGET_TMPDIR")).join("code")).expect("cache");
    Programs::load(&engine, &cache, userland, &|step| println!("{step:?}")).expect("programs load")
}

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn build_guest() -> PathBuf {
    let target = workspace().join("target/wasm");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(workspace())
        .args([
            "build",
            "--quiet",
            "--profile",
            "wasm",
            "--target",
            "wasm32-wasip2",
            "-p",
            "process-guests",
        ])
        .arg("--target-dir")
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the guests do not build");
    target.join("wasm32-wasip2/wasm/guest.wasm")
}

/// The lower layer: `/bin/guest` and what resolving a program can stumble over.
fn base() -> TempDir {
    let base = tempfile::tempdir().expect("temporary directory");
    let file = |path: &str, contents: &[u8], mode: u32| write(base.path(), path, contents, mode);
    file("bin/guest", b"#!wasm:guest\n", 0o755);
    file("bin/plain", b"#!wasm:guest\n", 0o644);
    file("bin/native", b"\x7fELF\x02\x01\x01", 0o755);
    file("bin/loop", b"#!/bin/loop\n", 0o755);
    file("bin/script", b"#! /bin/guest echo\nthe rest is not read\n", 0o755);
    file("bin/missing", b"#!wasm:missing\n", 0o755);
    file("tmp/keep", b"", 0o644);
    base
}

pub fn write(base: &Path, path: &str, contents: &[u8], mode: u32) {
    let path = base.join(path);
    fs::create_dir_all(path.parent().expect("has a parent")).expect("directory");
    fs::write(&path, contents).expect("file");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
}

pub fn sandbox(limits: Limits) -> Fixture {
    let world = world();
    sandbox_of(world.programs.clone(), world.base.path(), limits)
}

pub fn sandbox_of(programs: Programs, base: &Path, limits: Limits) -> Fixture {
    sandbox_on(&MemoryBudget::new(u64::MAX), programs, base, Default::default(), limits)
}

/// A sandbox with a disk of its own size.
pub fn sandbox_with_disk(programs: Programs, base: &Path, disk: sandbar_files::Limits, limits: Limits) -> Fixture {
    sandbox_on(&MemoryBudget::new(u64::MAX), programs, base, disk, limits)
}

/// A sandbox on a machine with no more memory than this, which it may share with others.
pub fn sandbox_on_machine(machine: &Arc<MemoryBudget>, limits: Limits) -> Fixture {
    let world = world();
    sandbox_on(
        machine,
        world.programs.clone(),
        world.base.path(),
        Default::default(),
        limits,
    )
}

fn sandbox_on(
    machine: &Arc<MemoryBudget>,
    programs: Programs,
    base: &Path,
    disk: sandbar_files::Limits,
    limits: Limits,
) -> Fixture {
    let upper = tempfile::tempdir().expect("temporary directory");
    let tree = Tree::open(upper.path(), &[base.to_owned()], disk).expect("tree");
    Fixture {
        sandbox: Sandbox::new(programs, machine, tree, limits, world().threads.clone()),
        _upper: upper,
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub fn environment() -> Vec<(String, String)> {
    vec![("PATH".into(), "/bin".into()), ("HOME".into(), "/tmp".into())]
}

/// An exec of `/bin/guest` with these arguments.
pub fn guest(arguments: &[&str]) -> Exec {
    let mut exec = command(&["guest"]);
    exec.arguments.extend(words(arguments));
    exec
}

pub fn command(arguments: &[&str]) -> Exec {
    Exec {
        arguments: words(arguments),
        environment: environment(),
        directory: "/tmp".into(),
        stdin: Default::default(),
        timeout: Some(PATIENCE),
        output_limit: 1 << 20,
    }
}

/// A spawn of `/bin/guest` with everything on the null device.
pub fn detached(arguments: &[&str]) -> Spawn {
    let exec = guest(arguments);
    Spawn {
        arguments: exec.arguments,
        environment: exec.environment,
        directory: exec.directory,
        stdin: Descriptor::null(),
        stdout: Descriptor::null(),
        stderr: Descriptor::null(),
    }
}

impl Fixture {
    pub fn exec(&self, exec: Exec) -> Result<Outcome, Errno> {
        world().runtime.block_on(self.sandbox.exec(exec))
    }

    /// Runs the guest to its end: code and output.
    pub fn run(&self, arguments: &[&str]) -> (i32, String) {
        let outcome = self.exec(guest(arguments)).expect("starts");
        assert!(!outcome.timed_out, "{arguments:?} did not end: {outcome:?}");
        (
            outcome.status.code(),
            String::from_utf8_lossy(&outcome.output).into_owned(),
        )
    }

    /// Nothing is left: no process, no memory, no pipe.
    pub fn assert_clean(&self) {
        let idle = async { tokio::time::timeout(PATIENCE, self.sandbox.idle()).await };
        world().runtime.block_on(idle).expect("every process ends");
        let usage = self.sandbox.usage();
        assert_eq!(
            (usage.processes, usage.memory_bytes, usage.pipes),
            (0, 0, 0),
            "{usage:?}"
        );
    }
}
