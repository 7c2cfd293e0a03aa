//! Processes that die in the middle.

mod cell;
mod platform;
