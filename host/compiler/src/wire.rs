//! What cell and server say to each other on their socket: a program's length and bytes; a line of JSON.

use crate::kind::Kind;
use crate::limits::MAX_REASON_BYTES;
use serde::{Deserialize, Serialize};

/// Bytes of the length before a program.
pub(crate) const LENGTH_BYTES: usize = 8;
/// Longest answer, bytes: a reason, escaped, and little else.
pub(crate) const MAX_ANSWER_BYTES: u64 = 8 * MAX_REASON_BYTES as u64;

/// What becomes of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is compiled: the code's name in the cache.
    Program {
        /// How it is run.
        kind: Kind,
        /// Name for [`sandbar_engine::CodeCache::get`].
        code: String,
    },
    /// It cannot run here, for a reason that its user can read.
    Refused(String),
    /// Not now: the cache or the machine is at fault, not the program.
    Unavailable(String),
}
