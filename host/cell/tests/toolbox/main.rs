//! The toolbox of a cell, over HTTP/2, on the real userland.

mod client;
mod control;
mod execs;
mod files;
mod fork;
mod git;
mod git_cases;
mod git_limits;
mod git_server;
mod interpreter;
mod process;
mod pty;
mod sessions;
mod snapshot_rounds;
mod snapshots;
mod socket;
mod system;
mod transfer;
