//! What the tests of the running application share.

use std::path::PathBuf;

/// The repository's manifest.
pub fn manifest() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spin.toml")
}

/// A component that xtask has built.
pub fn component(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/components/{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing: run the tests by `cargo xtask test`, which builds it",
        path.display()
    );
    path
}
