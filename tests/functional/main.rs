//! What the platform does, through its HTTP API and its command line.

mod api_codes;
mod create;
mod embed;
mod placement;
mod start;
