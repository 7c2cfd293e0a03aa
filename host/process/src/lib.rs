//! Processes: Wasm instances with a pid, descriptors, pipes, limits, wait and kill.
//!
//! A [`Sandbox`] is a root ([`sandbar_files::Tree`]), limits and a table of processes; idle, it holds no instance
//! at all. A process is one Wasm instance in a store of its own, run by one tokio task. Guests start, join and end
//! further processes through `sandbar:process` (see `wit/process`); the host does so through [`Sandbox::spawn`]
//! and [`Sandbox::exec`].
//!
//! ```text
//! Sandbox ── table ── process (task) ── Store<State> ── instance
//!    │                    │ 0,1,2
//!    └── budget, slots    Descriptor ── pipe | file | null | input | output
//! ```
//!
//! **Runtime.** Guests run on the tokio runtime in whose context they are spawned. Host functions for files are
//! synchronous, so a slow disk holds a worker thread: give guests a multi-thread runtime of their own
//! ([`Sandbox::new`] takes its handle), apart from the one that answers the API.
//!
//! **Ends.** A process that the host started is a *root*. When it ends, whatever it left running is killed;
//! a process killed by a signal takes its descendants along. An orphan is adopted by its nearest living ancestor.

mod bindings;
mod descriptor;
mod errno;
mod exec;
mod file;
mod host;
mod input;
mod limits;
mod metered;
mod output;
mod pipe;
mod programs;
mod queue;
mod resolve;
mod run;
mod sandbox;
mod slots;
mod spawn;
mod state;
mod status;
mod streams;
mod table;
mod timing;
mod verdict;

pub use descriptor::{Descriptor, Received};
pub use errno::Errno;
pub use exec::{Exec, Outcome};
pub use limits::{
    DEFAULT_PATH, Limits, MAX_ARGUMENT_BYTES, MAX_OUTPUT_BYTES, MAX_RANDOM_BYTES, PIPE_CAPACITY, PROCESS_OVERHEAD_BYTES,
};
pub use output::Output;
pub use programs::{LoadError, Programs};
pub use sandbox::{Sandbox, Usage};
pub use spawn::{Child, Spawn};
pub use status::{ExitStatus, Signal};
pub use table::ProcessInfo;
pub use timing::Timing;
