//! Loads a compiled component, so that the cases which test its logic natively also test what ships.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

static LOADED: LazyLock<Mutex<HashMap<String, (Engine, Component)>>> = LazyLock::new(Mutex::default);

/// The component `name` of `target/components`, or of the directory that `SANDBAR_COMPONENTS` names, compiled once for
/// each process.
///
/// # Panics
/// If it is missing or broken: these are tests.
#[must_use]
pub fn load(name: &str) -> (Engine, Component) {
    let mut loaded = LOADED.lock().expect("no test panics under the lock");
    loaded.entry(name.to_owned()).or_insert_with(|| compile(name)).clone()
}

fn compile(name: &str) -> (Engine, Component) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(4)
        .expect("the checkout");
    let directory =
        std::env::var_os("SANDBAR_COMPONENTS").map_or_else(|| root.join("target/components"), PathBuf::from);
    let file = directory.join(format!("{name}.wasm"));
    let engine = Engine::new(&Config::new()).expect("an engine");
    let component = Component::from_file(&engine, &file)
        .unwrap_or_else(|error| panic!("{}: {error:#}; `cargo xtask build` makes it", file.display()));
    (engine, component)
}
