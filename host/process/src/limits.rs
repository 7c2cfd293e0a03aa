//! Every limit of the process layer.

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
}

impl Default for Limits {
    /// 1 GiB, 128 processes, 256 pipes, 1024 files: a build with a wide pipeline fits, a bomb is stopped early.
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            processes: 128,
            pipes: 256,
            descriptors: 1024,
        }
    }
}
