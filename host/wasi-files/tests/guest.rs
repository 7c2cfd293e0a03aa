//! A guest built for wasm32-wasip2 by the toolchain at hand, running on our files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use sandbar_files::{Limits, Tree};
use sandbar_wasi_files::{FilesCtx, FilesView, add_to_linker};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    files: FilesCtx,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

fn compiled() -> &'static (Engine, Component) {
    static COMPILED: OnceLock<(Engine, Component)> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let wasm = dir.path().join("probe.wasm");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe.rs");
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let built = Command::new(rustc)
            .args(["--edition=2024", "--target=wasm32-wasip2", "-Copt-level=1", "-o"])
            .args([&wasm, &source])
            .status()
            .unwrap();
        assert!(built.success(), "rustup target add wasm32-wasip2");
        let engine = Engine::default();
        let component = Component::from_file(&engine, &wasm).unwrap();
        (engine, component)
    })
}

/// Runs one case of the probe in a sandbox of its own, beside a canary.
fn run(case: &str) {
    let (engine, component) = compiled();
    let dir = tempfile::tempdir().unwrap();
    let (base, upper) = (dir.path().join("base"), dir.path().join("upper"));
    fs::create_dir_all(base.join("etc")).unwrap();
    fs::write(base.join("etc/passwd"), "lower").unwrap();
    fs::write(base.join("etc/gone"), "").unwrap();
    let canary = dir.path().join("canary");
    fs::write(&canary, "canary").unwrap();
    fs::create_dir(&upper).unwrap();
    std::os::unix::fs::symlink(&canary, upper.join("planted")).unwrap();
    std::os::unix::fs::symlink(dir.path(), upper.join("planted-dir")).unwrap();
    // The two planted links take a block each.
    let limits = Limits {
        bytes: if case == "limits" {
            (1 << 20) + 2 * 4096
        } else {
            1 << 30
        },
        inodes: 1000,
        handles: 32,
    };
    let tree = Tree::open(&upper, &[base], limits).unwrap();

    let mut linker = Linker::<State>::new(engine);
    linker.allow_shadowing(true);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
    add_to_linker(&mut linker, |state| FilesView {
        table: &mut state.table,
        ctx: &mut state.files,
    })
    .unwrap();
    let stderr = MemoryOutputPipe::new(1 << 16);
    let wasi = WasiCtx::builder().args(&["probe", case]).stderr(stderr.clone()).build();
    let files = FilesCtx {
        tree: tree.clone(),
        cwd: "/".to_owned(),
        caller: 0,
        standard: None,
        failure: Default::default(),
    };
    let table = ResourceTable::new();
    let mut store = Store::new(engine, State { table, wasi, files });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ended = runtime.block_on(async {
        let command = wasmtime_wasi::p2::bindings::Command::instantiate_async(&mut store, component, &linker).await?;
        command.wasi_cli_run().call_run(&mut store).await
    });
    drop(store);
    let said = String::from_utf8_lossy(&stderr.contents()).into_owned();
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?}: {said}");
    assert_eq!(fs::read_to_string(&canary).unwrap(), "canary");
    assert_eq!(tree.usage().handles, 0, "a guest that ended holds nothing");
}

#[test]
fn overlay() {
    run("overlay");
}

#[test]
fn contents() {
    run("contents");
}

#[test]
fn escape() {
    run("escape");
}

#[test]
fn limits() {
    run("limits");
}
