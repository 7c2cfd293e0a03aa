//! The HTTP API: routes, authentication, JSON. It asks `region` and `scheduler` for every decision and `store`
//! for every fact, and it is the only component that does I/O.
//!
//! * [`http`]: calls, replies, problems, the table of routes; no I/O.
//! * [`dto`]: the JSON of the wire, field for field.
//! * [`rules`]: what a caller may send, and which step of its life a sandbox may take.
//! * `handlers`: one file for each resource; they do the I/O and exist on Wasm only.
//!
//! Instances are reused and serve several requests at a time: nothing here holds a lock or a borrow across an
//! await, and nothing that is kept in an instance is ever the truth.

pub mod contracts;
pub mod dto;
pub mod http;
pub mod rules;
pub mod times;

#[cfg(target_family = "wasm")]
mod handlers;
#[cfg(target_family = "wasm")]
mod service;
