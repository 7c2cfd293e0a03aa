//! The platform inside another program: the library's example, run as it is.

use sandbar_tests::{binary, root};
use std::process::Command;

#[test]
fn the_example_runs_python_in_a_sandbox() {
    let example = binary().with_file_name("examples").join("embed");
    let out = Command::new(&example)
        .env("SANDBAR_HOME", root().join("target"))
        .env("SANDBAR_CACHE_DIR", root().join("target/cache"))
        .output()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", example.display()));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{}:\n{said}", out.status);
    assert_eq!(String::from_utf8_lossy(&out.stdout), "42\n", "{said}");
}
