//! The two wasmtime engines: configuration, stores, limits, epochs and the cache of compiled code.
//!
//! This crate is the one place that configures wasmtime. [`SandboxEngine`] runs code that nobody trusts and has
//! every proposal that our userland does not need switched off; [`ControlEngine`] runs our own components and
//! speaks WASI 0.2 and 0.3. Both interrupt running code at each tick of an epoch ([`TICK`]).

pub mod cache;
pub mod control;
pub mod error;
mod fingerprint;
pub mod limits;
mod locks;
pub mod sandbox;
mod ticker;

pub use cache::{CodeCache, Progress};
pub use control::ControlEngine;
pub use error::{CacheError, EngineError};
pub use limits::{MemoryBudget, Shortage, StoreLimits, resource_table};
pub use sandbox::SandboxEngine;
pub use ticker::{TICK, interrupt_after, yield_each_tick};
pub use wasmtime::Engine;
