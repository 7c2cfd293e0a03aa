//! A process's own standard descriptors, opened by name: `/dev/stdin`, `/proc/self/fd/1`.

use std::fmt;

use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

/// Who has them: the process layer.
pub trait Standard: Send + Sync {
    /// A stream that reads from descriptor `number`, 0 to 2; none if it is not readable.
    fn input(&self, number: u8) -> Option<DynInputStream>;
    /// A stream that writes to it; none if it is not writable.
    fn output(&self, number: u8) -> Option<DynOutputStream>;
}

impl fmt::Debug for dyn Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Standard")
    }
}
