//! The toolbox of a cell, over HTTP/2, on the real userland.

mod client;
mod control;
mod files;
mod process;
mod transfer;
