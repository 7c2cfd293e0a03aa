//! The limits of compiling what users bring, each a named constant with its reason.

use std::time::Duration;

/// Largest program, bytes. Interpreters compiled to Wasm have 30 MB; beyond that, compiling takes minutes.
pub const MAX_PROGRAM_BYTES: u64 = 64 << 20;
/// Memory that the compiler of one program may take, bytes: a 64 MB program needs about 1.5 GB.
pub const MAX_COMPILER_MEMORY: u64 = 2 << 30;
/// CPU time of one compilation, over all its threads.
pub const MAX_COMPILER_CPU: Duration = Duration::from_secs(120);
/// Wall time of one compilation: a loaded machine gives it less than a processor.
pub const MAX_COMPILER_TIME: Duration = Duration::from_secs(120);
/// Largest compiled code, bytes: several times the program.
pub const MAX_CODE_BYTES: u64 = 512 << 20;
/// Longest reason of a refusal, bytes.
pub const MAX_REASON_BYTES: usize = 2 << 10;
/// Verdicts that the cache keeps; the oldest go first.
pub const MAX_VERDICTS: usize = 2_000;
/// Compiled code that the cache keeps, bytes; the oldest goes first.
pub const MAX_CACHE_BYTES: u64 = 4 << 30;
/// Programs that wait for the compiler; one more is refused.
pub const MAX_WAITING: usize = 32;
