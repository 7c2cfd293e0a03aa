//! The cache of compiled code: made once, checked always, and never trusted blindly.
#![allow(missing_docs)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sandbar_engine::{CacheError, CodeCache, ControlEngine, Progress, SandboxEngine};

const COMPONENT: &[u8] = b"(component (core module (func (export \"f\") (result i32) i32.const 7)))";

/// Loads the component and says how often it was compiled for that.
fn load(cache: &CodeCache, engine: &wasmtime::Engine) -> Result<usize, CacheError> {
    let compiled = AtomicUsize::new(0);
    cache.load_bytes(engine, Path::new("test.wasm"), COMPONENT, &|step| {
        if let Progress::Compiling { .. } = step {
            compiled.fetch_add(1, Ordering::Relaxed);
        }
    })?;
    Ok(compiled.into_inner())
}

fn entry(directory: &Path, ending: &str) -> PathBuf {
    let found = fs::read_dir(directory)
        .expect("cache")
        .map(|entry| entry.expect("entry").path());
    found
        .into_iter()
        .find(|path| path.extension().is_some_and(|other| other == ending))
        .expect("an entry")
}

#[test]
fn code_is_compiled_once_for_each_engine() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let cache = CodeCache::open(directory.path().join("code")).expect("cache");
    let engine = SandboxEngine::new().expect("engine");
    assert_eq!(load(&cache, engine.wasmtime()).expect("loads"), 1);
    assert_eq!(load(&cache, engine.wasmtime()).expect("loads"), 0);
    let other = ControlEngine::new().expect("engine");
    assert_eq!(
        load(&cache, other.wasmtime()).expect("loads"),
        1,
        "another configuration, other code"
    );
    let mode = fs::metadata(directory.path().join("code")).expect("cache").mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn damaged_code_is_never_mapped() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let cache = CodeCache::open(directory.path()).expect("cache");
    let engine = SandboxEngine::new().expect("engine");
    load(&cache, engine.wasmtime()).expect("loads");
    let code = entry(directory.path(), "cwasm");
    let whole = fs::read(&code).expect("code");
    for damaged in [&whole[..whole.len() / 2], &[], b"garbage"] {
        fs::write(&code, damaged).expect("write");
        assert_eq!(load(&cache, engine.wasmtime()).expect("loads"), 1, "compiled again");
    }
    let mut flipped = fs::read(&code).expect("code");
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    fs::write(&code, flipped).expect("write");
    assert_eq!(load(&cache, engine.wasmtime()).expect("loads"), 1, "one flipped bit");
    fs::remove_file(entry(directory.path(), "blake3")).expect("remove");
    assert_eq!(load(&cache, engine.wasmtime()).expect("loads"), 1, "without checksum");
    assert_eq!(load(&cache, engine.wasmtime()).expect("loads"), 0);
}

#[test]
fn what_others_may_have_written_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let cache = CodeCache::open(directory.path()).expect("cache");
    let engine = SandboxEngine::new().expect("engine");
    load(&cache, engine.wasmtime()).expect("loads");
    let code = entry(directory.path(), "cwasm");

    fs::set_permissions(&code, fs::Permissions::from_mode(0o666)).expect("mode");
    assert!(matches!(
        load(&cache, engine.wasmtime()),
        Err(CacheError::Unsafe { .. })
    ));
    fs::set_permissions(&code, fs::Permissions::from_mode(0o600)).expect("mode");

    let elsewhere = directory.path().join("elsewhere");
    fs::rename(&code, &elsewhere).expect("rename");
    symlink(&elsewhere, &code).expect("link");
    assert!(matches!(
        load(&cache, engine.wasmtime()),
        Err(CacheError::Unsafe { .. })
    ));
}

#[test]
fn a_directory_that_others_may_write_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let open = directory.path().join("open");
    fs::create_dir(&open).expect("directory");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("mode");
    assert!(matches!(CodeCache::open(&open), Err(CacheError::Unsafe { .. })));
    let link = directory.path().join("link");
    symlink(directory.path(), &link).expect("link");
    assert!(CodeCache::open(&link).is_err());
}

#[test]
fn two_at_once_compile_once() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let cache = CodeCache::open(directory.path()).expect("cache");
    let engine = SandboxEngine::new().expect("engine");
    let total: usize = std::thread::scope(|scope| {
        let loads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| load(&cache, engine.wasmtime()).expect("loads")))
            .collect();
        loads.into_iter().map(|load| load.join().expect("no panic")).sum()
    });
    assert_eq!(total, 1);
}

#[test]
fn what_is_no_component_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let cache = CodeCache::open(directory.path()).expect("cache");
    let engine = SandboxEngine::new().expect("engine");
    for wasm in [&b"not wasm"[..], b"(module)", b""] {
        let result = cache.load_bytes(engine.wasmtime(), Path::new("bad.wasm"), wasm, &|_| {});
        assert!(matches!(result, Err(CacheError::Compile { .. })));
    }
    // A proposal that sandboxes do not need.
    let threads = b"(component (core module (memory 1 1 shared)))";
    let result = cache.load_bytes(engine.wasmtime(), Path::new("threads.wasm"), threads, &|_| {});
    assert!(matches!(result, Err(CacheError::Compile { .. })));
}
