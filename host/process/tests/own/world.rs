//! A cell's part in small: programs, a compiler, sandboxes with a small quota.

use sandbar_compiler::Compiler;
use sandbar_compiler::server::Server;
use sandbar_engine::{CodeCache, MemoryBudget, SandboxEngine};
use sandbar_files::{OpenOptions, Tree};
use sandbar_process::{Child, Descriptor, Exec, ExitStatus, Limits, Programs, Sandbox, Spawn, Threads, Usage};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The word with which this program is the compiler.
pub const CHILD: &str = "compile-guest";
/// Bytes of a sandbox's own layer.
pub const QUOTA: u64 = 8 << 20;

pub fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the test's own text")
}

pub struct World {
    runtime: Arc<Runtime>,
    threads: Threads,
    programs: Programs,
    home: Arc<TempDir>,
}

pub struct Fixture {
    sandbox: Sandbox,
    runtime: Arc<Runtime>,
    _upper: TempDir,
    _home: Arc<TempDir>,
}

impl World {
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        for name in ["base/tmp", "base/etc", "userland"] {
            fs::create_dir_all(home.path().join(name)).expect("a directory");
        }
        let run = r#"(component
          (core module $m (func (export "f") (result i32) (i32.const 0)))
          (core instance $i (instantiate $m))
          (func $run (result (result)) (canon lift (core func $i "f")))
          (instance $run (export "run" (func $run)))
          (export "wasi:cli/run@0.2.12" (instance $run)))"#;
        fs::write(home.path().join("userland/true.wasm"), wat(run)).expect("a file");
        Self::at(Arc::new(home))
    }

    /// Another cell on the same cache.
    pub fn again(&self) -> Self {
        Self::at(Arc::clone(&self.home))
    }

    fn at(home: Arc<TempDir>) -> Self {
        let engine = SandboxEngine::new().expect("an engine");
        let cache = CodeCache::open(home.path().join("cache")).expect("a cache");
        let programs = Programs::load(&engine, &cache, &home.path().join("userland"), &|_| {}).expect("it loads");
        let guests = home.path().join("guests");
        let code = CodeCache::open(&guests).expect("a cache");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let (near, far) = UnixStream::pair().expect("a socket pair");
        let server = Server {
            exe: std::env::current_exe().expect("this program"),
            subcommand: CHILD.to_owned(),
            directory: guests,
        };
        // Ends with its socket.
        std::thread::spawn(move || server.serve(far));
        let compiler = {
            let _inside = runtime.enter();
            Compiler::new(near).expect("a compiler")
        };
        programs.compile_with(compiler, code).expect("a linker");
        let threads = Threads::new(runtime.handle().clone(), 1).expect("threads");
        Self {
            runtime: Arc::new(runtime),
            threads,
            programs,
            home,
        }
    }

    pub fn cache(&self) -> PathBuf {
        self.home.path().join("guests")
    }

    pub fn sandbox(&self) -> Fixture {
        let upper = tempfile::tempdir().expect("a directory");
        let limits = sandbar_files::Limits {
            bytes: QUOTA,
            ..sandbar_files::Limits::default()
        };
        let base = self.home.path().join("base");
        let _ = fs::set_permissions(base.join("tmp"), fs::Permissions::from_mode(0o755));
        let tree = Tree::open(upper.path(), &[base], limits).expect("a tree");
        let machine = MemoryBudget::new(u64::MAX);
        Fixture {
            sandbox: Sandbox::new(
                self.programs.clone(),
                &machine,
                tree,
                Limits::default(),
                self.threads.clone(),
            ),
            runtime: Arc::clone(&self.runtime),
            _upper: upper,
            _home: Arc::clone(&self.home),
        }
    }

    pub fn wait(&self, child: &Child) -> ExitStatus {
        self.runtime.block_on(child.wait())
    }
}

impl Fixture {
    pub fn tree(&self) -> &Arc<Tree> {
        self.sandbox.tree()
    }

    pub fn usage(&self) -> Usage {
        self.sandbox.usage()
    }

    /// Writes an executable file.
    pub fn bring(&self, path: &str, bytes: &[u8]) {
        let how = OpenOptions {
            mode: 0o755,
            ..OpenOptions::overwrite()
        };
        let file = self.tree().open_file(path, &how).expect("a file");
        let mut written = 0;
        while written < bytes.len() {
            written += file.write_at(&bytes[written..], written as u64).expect("written");
        }
    }

    /// Exit code and output.
    pub fn run(&self, program: &str) -> (i32, String) {
        let exec = Exec {
            arguments: vec![program.into()],
            environment: vec![],
            directory: "/tmp".into(),
            stdin: Default::default(),
            timeout: Some(Duration::from_secs(60)),
            output_limit: 1 << 20,
        };
        let outcome = self.runtime.block_on(self.sandbox.exec(exec)).expect("it starts");
        (
            outcome.status.code(),
            String::from_utf8_lossy(&outcome.output).into_owned(),
        )
    }

    #[track_caller]
    pub fn run_bytes(&self, bytes: &[u8], says: u8) {
        self.bring("/tmp/program", bytes);
        let (ended, text) = self.run("/tmp/program");
        assert_eq!((ended, text), (0, says.to_string()));
    }

    pub fn spawn(&self, program: &str) -> Child {
        let spawn = Spawn {
            arguments: vec![program.into()],
            environment: vec![],
            directory: "/tmp".into(),
            stdin: Descriptor::null(),
            stdout: Descriptor::null(),
            stderr: Descriptor::null(),
        };
        let _inside = self.runtime.enter();
        self.sandbox.spawn(spawn).expect("it starts")
    }
}
