//! What the platform does, through its HTTP API and its command line.

mod api_codes;
mod cli;
mod create;
mod embed;
mod fleet;
mod fleet_tls;
mod fork;
mod git;
mod limits;
mod network;
mod noise;
mod packages;
mod placement;
mod programs;
mod scheduling;
mod sessions;
mod snapshots;
mod start;
mod tls;
