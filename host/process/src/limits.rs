//! Every limit of the process layer.

use std::time::Duration;

/// Bytes that a pipe holds before its writer waits: Linux has the same, and more was measured to gain nothing.
pub const PIPE_CAPACITY: usize = 64 << 10;
/// Free bytes at which a waiting writer is woken. Writes up to this size are atomic (PIPE_BUF of Linux), and
/// writers are not woken for each byte that is read.
pub(crate) const PIPE_ATOMIC: usize = 4 << 10;
/// A permit to write cannot be taken back, so several writers may together exceed the capacity; a pipe that
/// reaches this refuses writes with an error. Four writers at once fit.
pub(crate) const PIPE_CEILING: usize = 4 * PIPE_CAPACITY;
/// Most bytes that one read call brings to a guest, whatever it asked for: bounds the host's own buffers.
pub(crate) const MAX_READ: usize = 256 << 10;
/// Permit for writes to files: bounds the host's own buffers.
pub(crate) const FILE_PERMIT: usize = 256 << 10;
/// Arguments and environment of one process together, in bytes; Linux allows 2 MiB by default.
pub const MAX_ARGUMENT_BYTES: usize = 1 << 20;
/// Interpreters of interpreters (`#!`); Linux allows 4 as well.
pub(crate) const MAX_INTERPRETERS: u32 = 4;
/// Bytes read of a file to see what it is; Linux reads 256 too.
pub(crate) const HEADER_BYTES: usize = 256;
/// Where bare names are looked up if the environment has no PATH.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Directories of a PATH that are looked at; a longer one is a way to make the host search.
pub(crate) const MAX_PATH_DIRECTORIES: usize = 64;
/// Charged to the sandbox's memory for each process: what the host keeps for it (store, handles, touched stack).
pub const PROCESS_OVERHEAD_BYTES: u64 = 256 << 10;
/// Random bytes that one call may ask for: the host makes them in one piece.
pub const MAX_RANDOM_BYTES: u64 = 1 << 20;
/// Bytes of a process's name that are kept for listings.
pub(crate) const MAX_NAME_BYTES: usize = 64;
/// Most output that one exec may ever be allowed to collect: the host keeps it in memory.
pub const MAX_OUTPUT_BYTES: usize = 64 << 20;

/// CPU time, without a rest, past which a process moves to threads of low priority: short commands stay below.
pub const LIGHT_CPU: Duration = Duration::from_millis(5);
/// A process that was not run for this long has rested: what it does next is short work again.
pub const REST: Duration = Duration::from_millis(20);
/// How nice threads for long work are on a machine without time to spare: the kernel gives them about a tenth of what a
/// thread of the plane gets when both want to run.
pub(crate) const HEAVY_NICE: i32 = 10;
/// Period of CPU quotas, as Linux's control groups have it.
pub const CPU_PERIOD: Duration = Duration::from_millis(100);
/// Bytes of arguments that listings show.
pub(crate) const MAX_SHOWN_ARGUMENTS: usize = 4 << 10;
/// Bytes of a process's first environment that `/proc/PID/environ` shows.
pub(crate) const MAX_SHOWN_ENVIRONMENT: usize = 16 << 10;
/// Longest line of a terminal in canonical mode; what is typed beyond it is refused with a bell, as on Linux.
pub(crate) const MAX_LINE: usize = 4096;
/// Input of a terminal that waits to be read; more waits outside.
pub(crate) const TERMINAL_INPUT: usize = 64 << 10;
/// Output of a terminal that waits to be taken; writers wait then.
pub(crate) const TERMINAL_OUTPUT: usize = 64 << 10;
/// Columns and rows of a terminal, at most.
pub const MAX_WINDOW: u16 = 1000;
/// Processes that the host may start beyond the limit, so that a sandbox full of its own can be looked into and cleared.
pub(crate) const HOST_RESERVE: usize = 4;
/// Devices that one session of the host may name: a session shell needs four.
pub(crate) const MAX_DEVICES: usize = 16;

/// Lines that the host adds to what one program says on its standard error about refusals of the network.
pub(crate) const MAX_NOTES: usize = 8;
/// Longest that a request which the host makes for a program waits, for a connection, an answer or the next piece of it;
/// programs may ask for less.
pub(crate) const MAX_HTTP_WAIT: Duration = Duration::from_secs(10 * 60);
/// Users' programs that are kept loaded, the last used ones: each keeps its code mapped and some tens of KB.
pub(crate) const MAX_LOADED: usize = 128;
/// Users' programs held in memory at once on their way to the compiler, which takes one at a time: 256 MiB at most.
pub(crate) const MAX_LOADING: usize = 4;
/// Connections to one served component; more wait to be accepted.
pub(crate) const MAX_SERVED_CONNECTIONS: usize = 256;
/// Requests that one served component answers at once, each with an instance of its own; more wait.
pub(crate) const MAX_SERVED_REQUESTS: usize = 64;
/// Request line and headers of a request to a served component; more is answered with 431.
pub(crate) const MAX_HEAD_BYTES: usize = 64 << 10;
/// Largest body of a request to a served component. It streams: this only ends one that never would.
pub(crate) const MAX_SERVED_BODY: usize = 1 << 30;
/// Longest life of the instance that answers one request: whoever asked may have gone long ago.
pub(crate) const MAX_SERVED_TIME: Duration = Duration::from_secs(5 * 60);

/// What one sandbox may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory in bytes, summed over all its processes, with [`PROCESS_OVERHEAD_BYTES`] for each.
    pub memory_bytes: u64,
    /// Processes alive at once.
    pub processes: u32,
    /// Pipes open at once.
    pub pipes: u32,
    /// Files opened through `sandbar:process` at once; the file layer limits its own handles.
    pub descriptors: u32,
    /// Thousandths of a CPU that all its processes together may use in each [`CPU_PERIOD`]; also its weight among busy
    /// sandboxes. None: as much as there is, and the weight of one CPU.
    pub cpu_milli: Option<u32>,
}

impl Default for Limits {
    /// 1 GiB, 128 processes, 256 pipes, 1024 files: a build with a wide pipeline fits, a bomb is stopped early.
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            processes: 128,
            pipes: 256,
            descriptors: 1024,
            cpu_milli: None,
        }
    }
}
/// How long a program that wants to be interrupted may leave a signal untaken while it waits for something that nothing
/// interrupts: longer than any library polls for, shorter than people wait after Ctrl-C.
pub(crate) const SIGNAL_GRACE: Duration = Duration::from_millis(700);
