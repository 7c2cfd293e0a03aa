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
//! **Threads.** Guests start on a tokio runtime of their own and move to threads of low priority when they compute for
//! long ([`Threads`]). Host functions for files are synchronous, so a slow disk holds such a thread; what answers the API
//! must run elsewhere.
//!
//! **Own programs.** An executable file that begins with `\0asm` runs like a binary, once [`Programs::compile_with`] has
//! said who compiles it; `serve` puts an HTTP component behind a port of the sandbox.
//!
//! **Ends.** A process outlives whoever started it, and a signal ends exactly the process or group that it is sent to.
//! A process that the host started leads a *session* of all that descends from it, which the host can end as a whole.

mod bindings;
mod control;
mod descriptor;
mod errno;
mod exec;
mod file;
mod guarded;
mod heavy;
mod host;
mod input;
mod interrupts;
mod limits;
mod notes;
mod outgoing;
mod output;
mod own;
mod pipe;
mod polls;
mod programs;
mod queue;
mod resolve;
mod run;
mod sandbox;
mod serve;
mod share;
mod signals;
mod sink;
mod slots;
mod spawn;
mod state;
mod status;
mod streams;
mod table;
mod terminal;
mod timing;
mod verdict;

pub use descriptor::{Descriptor, Received};
pub use errno::Errno;
pub use exec::{Exec, Outcome};
pub use heavy::Threads;
pub use limits::{
    CPU_PERIOD, DEFAULT_PATH, LIGHT_CPU, Limits, MAX_ARGUMENT_BYTES, MAX_OUTPUT_BYTES, MAX_RANDOM_BYTES, MAX_WINDOW,
    PIPE_CAPACITY, PROCESS_OVERHEAD_BYTES, REST,
};
pub use output::Output;
pub use programs::{LoadError, Programs};
pub use sandbox::{Sandbox, Usage};
pub use sink::Sink;
pub use spawn::{Child, Spawn};
pub use status::{ExitStatus, Signal};
pub use table::ProcessInfo;
pub use terminal::{Mode, Terminal, Window};
pub use timing::Timing;
