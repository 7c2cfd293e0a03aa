//! The tools that are our own, beside those of uutils: what uutils does not build for Wasm, and what needs
//! real modes or processes. Each is a module with a `main` that takes its arguments (its own name first) and
//! gives its exit code. All of it builds natively too, and is tested so.

pub mod console;
pub mod getopt;
pub mod glob;
pub mod grep;
pub mod posix;
