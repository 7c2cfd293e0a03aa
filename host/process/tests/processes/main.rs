//! The promises of the process layer, proved with real guests (see `tests/guests`).
#![allow(clippy::print_stdout, missing_docs)]

mod absurd;
mod basics;
mod fairness;
mod faults;
mod hostile;
mod interrupts;
mod kills;
mod limits;
mod proc;
mod shell_cases;
mod shell_terminal;
mod signals;
mod speed;
mod terminal;
mod told;
mod tool_cases;
mod transfer;
mod userland;
mod world;
