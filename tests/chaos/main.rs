//! Processes that die in the middle.

mod cell;
mod fleet;
mod load;
mod platform;
