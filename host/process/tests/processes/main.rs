//! The promises of the process layer, proved with real guests (see `tests/guests`).
#![allow(clippy::print_stdout, missing_docs)]

mod basics;
mod faults;
mod kills;
mod limits;
mod shell_cases;
mod speed;
mod tool_cases;
mod userland;
mod world;
