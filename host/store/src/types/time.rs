//! What time brings: things that come due, and what the plane finds out.

use super::Millis;

/// Which sandboxes to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DueQuery {
    /// Now.
    pub now: Millis,
    /// Names of passing states, and for how many milliseconds a sandbox may be in each.
    pub overdue: Vec<(String, Millis)>,
    /// Runners whose sandboxes are wanted.
    pub lost: Vec<String>,
    /// At most so many.
    pub limit: u32,
}

/// What the plane itself finds out about a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which sandbox.
    pub sandbox: String,
    /// Generation that it must still have.
    pub generation: u64,
    /// Its state from now on.
    pub state: String,
    /// Why it is in error.
    pub error_reason: Option<String>,
    /// Whether it may be recovered.
    pub recoverable: bool,
    /// Raises the generation: a late report changes nothing.
    pub fence: bool,
    /// Gives the capacity back: the runner has lost the sandbox, and is told to remove what it has of it.
    pub release: bool,
}
