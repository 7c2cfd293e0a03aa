//! The tools that are our own, beside those of uutils: what uutils does not build for Wasm, and what needs
//! real modes or processes. Each is a module with a `main` that takes its arguments (its own name first) and
//! gives its exit code. All of it builds natively too, and is tested so.

pub mod awk;
pub mod bc;
pub mod calendar;
pub mod chmod;
pub mod console;
pub mod data;
pub mod dd;
pub mod diff;
pub mod env;
pub mod find;
pub mod getopt;
pub mod glob;
pub mod grep;
pub mod identity;
pub mod links;
pub mod ls;
pub mod modes;
pub mod multicall;
pub mod net;
pub mod patch;
pub mod paths;
pub mod posix;
pub mod process;
pub mod sed;
pub mod signals;
pub mod small;
pub mod sort;
pub mod tac;
pub mod test;
pub mod users;
pub mod which;
pub mod xargs;
