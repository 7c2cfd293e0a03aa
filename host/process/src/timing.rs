//! Where the time of one process goes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Times of one process that has ended by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Making the instance: memory, tables, imports.
    pub instantiate: Duration,
    /// From the call of its entry to its return, waiting for others included.
    pub run: Duration,
}

/// Written once by the process's own task, read by whoever started it.
pub(crate) type Clock = Arc<OnceLock<Timing>>;
