//! The whole way: a client, a server and children that compile. This program is its own child: started with the word
//! `compile-guest` it is the compiler.

use sandbar_compiler::server::Server;
use sandbar_compiler::{Compiler, CompilerError, Kind, MAX_PROGRAM_BYTES, Verdict, child};
use sandbar_engine::{CodeCache, SandboxEngine};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const TESTS: &[(&str, fn())] = &[
    (
        "programs_of_both_kinds_are_compiled_once",
        programs_of_both_kinds_are_compiled_once,
    ),
    (
        "what_cannot_run_is_refused_in_words",
        what_cannot_run_is_refused_in_words,
    ),
    ("bombs_end_in_a_refusal", bombs_end_in_a_refusal),
    ("a_broken_connection_is_said", a_broken_connection_is_said),
];

/// A small stand-in for the test harness: the harness itself could not be the child.
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "compile-guest") {
        return child::run();
    }
    if words.iter().any(|word| word == "--list") {
        if !words.iter().any(|word| word == "--ignored") {
            TESTS.iter().for_each(|(name, _)| out(&format!("{name}: test")));
        }
        return ExitCode::SUCCESS;
    }
    let wanted = words.iter().find(|word| !word.starts_with("--"));
    for (name, test) in TESTS {
        if wanted.is_none_or(|wanted| wanted == name) {
            test();
            out(&format!("test {name} ... ok"));
        }
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stdout, reason = "this is the test's own harness")]
fn out(line: &str) {
    println!("{line}");
}

struct Bench {
    runtime: tokio::runtime::Runtime,
    compiler: Compiler,
    server: Option<std::thread::JoinHandle<()>>,
    directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (near, far) = UnixStream::pair().expect("a socket pair");
        let server = Server {
            exe: std::env::current_exe().expect("this program"),
            subcommand: "compile-guest".to_owned(),
            directory: directory.path().join("guests"),
        };
        let server = std::thread::spawn(move || server.serve(far).expect("the server serves"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let compiler = {
            let _inside = runtime.enter();
            Compiler::new(near).expect("a client")
        };
        Self {
            runtime,
            compiler,
            server: Some(server),
            directory,
        }
    }

    fn ask(&self, wasm: &[u8]) -> Verdict {
        self.runtime
            .block_on(self.compiler.compile(wasm))
            .expect("the server answers")
    }

    fn refusal(&self, what: &str, wasm: &[u8]) -> String {
        match self.ask(wasm) {
            Verdict::Refused(reason) => reason,
            other => panic!("{what} is not refused: {other:?}"),
        }
    }
}

const HELLO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "\14\00\00\00\06\00\00\00")
  (data (i32.const 20) "hello\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))))"#;

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the test's own text")
}

fn programs_of_both_kinds_are_compiled_once() {
    let bench = Bench::new();
    let hello = wat(HELLO);
    let first = Instant::now();
    let verdict = bench.ask(&hello);
    let first = first.elapsed();
    let Verdict::Program {
        kind: Kind::Command,
        code,
    } = &verdict
    else {
        panic!("{verdict:?}");
    };
    let engine = SandboxEngine::new().expect("an engine");
    let cache = CodeCache::open(bench.directory.path().join("guests")).expect("the cache");
    assert!(
        cache
            .get(engine.wasmtime(), code)
            .expect("the cache is sound")
            .is_some(),
        "its code is there"
    );
    let again = Instant::now();
    assert_eq!(bench.ask(&hello), verdict);
    let again = again.elapsed();
    assert!(
        again < first,
        "the second time ({again:?}) is from the cache (first: {first:?})"
    );

    // Code that was cleared away, or damaged, is made again.
    std::fs::write(
        bench.directory.path().join("guests").join(format!("{code}.cwasm")),
        b"damaged",
    )
    .expect("written");
    assert_eq!(bench.ask(&hello), verdict);
    assert!(
        cache
            .get(engine.wasmtime(), code)
            .expect("the cache is sound")
            .is_some(),
        "its code is there again"
    );

    let run = r#"(component
      (core module $m (func (export "f") (result i32) (i32.const 0)))
      (core instance $i (instantiate $m))
      (func $run (result (result)) (canon lift (core func $i "f")))
      (instance $run (export "run" (func $run)))
      (export "wasi:cli/run@0.2.0" (instance $run)))"#;
    assert!(matches!(
        bench.ask(&wat(run)),
        Verdict::Program {
            kind: Kind::Command,
            ..
        }
    ));
}

fn what_cannot_run_is_refused_in_words() {
    let bench = Bench::new();
    for (what, wasm, says) in [
        ("nothing", Vec::new(), "no WebAssembly"),
        ("a text", b"#!/bin/sh\necho".to_vec(), "no WebAssembly"),
        ("half a program", wat(HELLO)[..60].to_vec(), "no WebAssembly"),
        ("a library", wat("(module (func (export \"add\")))"), "_start"),
        (
            "a foreign import",
            wat("(module (import \"env\" \"system\" (func)) (func (export \"_start\")))"),
            "env.system",
        ),
        ("an empty component", wat("(component)"), "neither a command"),
        (
            "an invalid body",
            wat("(module (func (export \"_start\") (result i32) unreachable) (func i32.add drop))"),
            "",
        ),
        (
            "switched-off proposals",
            wat("(module (memory i64 1) (func (export \"_start\")))"),
            "",
        ),
    ] {
        let reason = bench.refusal(what, &wasm);
        assert!(!reason.is_empty() && reason.contains(says), "{what}: {reason}");
        assert_eq!(bench.refusal(what, &wasm), reason, "the verdict on {what} is kept");
    }
    let too_large = vec![0; usize::try_from(MAX_PROGRAM_BYTES).expect("fits") + 1];
    assert!(matches!(
        bench.runtime.block_on(bench.compiler.compile(&too_large)),
        Err(CompilerError::TooLarge(_))
    ));
}

/// Programs that are small and cost much: each ends in a verdict, soon, and the next one is served.
fn bombs_end_in_a_refusal() {
    let bench = Bench::new();
    let mut many = String::from("(module (func (export \"_start\"))");
    for _ in 0..200_000 {
        many.push_str("(func)");
    }
    many.push(')');
    let mut deep = String::from("(module (func (export \"_start\")");
    deep.push_str(&"(block ".repeat(20_000));
    deep.push_str(&")".repeat(20_000));
    deep.push_str("))");
    let mut long = String::from("(module (func (export \"_start\") (local i32)");
    for _ in 0..300_000 {
        long.push_str("(local.set 0 (i32.add (local.get 0) (i32.const 7)))");
    }
    long.push_str("))");
    for (what, text) in [
        ("many functions", many),
        ("deep blocks", deep),
        ("a long function", long),
    ] {
        let Ok(wasm) = wat::parse_str(&text) else {
            panic!("{what}: the test's own text");
        };
        let begin = Instant::now();
        let verdict = bench.ask(&wasm);
        let took = begin.elapsed();
        assert!(
            matches!(verdict, Verdict::Program { .. } | Verdict::Refused(_)),
            "{what}: {verdict:?} after {took:?}"
        );
        assert!(took < Duration::from_secs(130), "{what}: {verdict:?} after {took:?}");
    }
    let next = bench.ask(&wat(HELLO));
    assert!(matches!(next, Verdict::Program { .. }), "{next:?}");
}

fn a_broken_connection_is_said() {
    let mut bench = Bench::new();
    // A call that is given up in the middle leaves a connection that is out of step; it is not used again.
    let hello = wat(HELLO);
    let given_up = bench.runtime.block_on(async {
        tokio::time::timeout(Duration::from_micros(1), bench.compiler.compile(&hello))
            .await
            .is_err()
    });
    if given_up {
        let after = bench.runtime.block_on(bench.compiler.compile(&hello));
        assert!(matches!(after, Err(CompilerError::Gone(_))), "{after:?}");
    }
    if let Some(server) = bench.server.take() {
        drop(bench);
        server.join().expect("the server ends with its connection");
    }
}
