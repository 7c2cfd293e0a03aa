//! Programs that users bring: a `.wasm` for WASI 0.1 or 0.2, compiled to native code before it can run.
//!
//! A compiler is not hardened against bombs, and what comes out of it is native code. So each program is compiled in a
//! child process of its own ([`child`]) with limits on memory, time and output, and without any file; the child is
//! started by a server process ([`server`]) that alone may write the cache of compiled code; the cell, which holds the
//! sandboxes, can start no process and write no cache, and only asks ([`Compiler`]). A verdict, good or bad, is kept.
//!
//! ```text
//! cell ──wasm──► server (cache) ──► child: check, adapt, compile ──► code
//! ```

pub mod child;
mod client;
mod kind;
mod limits;
pub mod server;
mod wire;

pub use client::{Compiler, CompilerError};
pub use kind::Kind;
pub use limits::*;
pub use wire::Verdict;
