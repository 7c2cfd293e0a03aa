//! Hostile basics: each ends in a clear error, and the next request is served.

mod archives;
mod bombs;
mod escape;
