//! How processes end, and the signals that end them.

use std::fmt;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// By itself, with this code (0 to 255).
    Exited(u8),
    /// By a signal, or by a fault that Linux would report as one.
    Signaled(Signal),
}

impl ExitStatus {
    /// The code as a shell shows it: 128 and the number for a signal.
    pub fn code(self) -> i32 {
        match self {
            Self::Exited(code) => i32::from(code),
            Self::Signaled(signal) => 128 + i32::from(signal.number()),
        }
    }

    /// Whether the process exited with 0.
    pub fn success(self) -> bool {
        self == Self::Exited(0)
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Signaled(signal) => write!(f, "ended by signal {}", signal.number()),
        }
    }
}

/// A signal by its Linux number. Guests cannot catch any, so only those exist whose default action is to end the
/// process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signal(u8);

impl Signal {
    /// SIGHUP.
    pub const HUP: Self = Self(1);
    /// SIGINT.
    pub const INT: Self = Self(2);
    /// SIGABRT: the program gave up (a Wasm `unreachable`).
    pub const ABRT: Self = Self(6);
    /// SIGFPE: division by zero and the like.
    pub const FPE: Self = Self(8);
    /// SIGKILL.
    pub const KILL: Self = Self(9);
    /// SIGSEGV: memory, table or stack out of bounds.
    pub const SEGV: Self = Self(11);
    /// SIGPIPE: wrote to a pipe that nobody reads.
    pub const PIPE: Self = Self(13);
    /// SIGTERM.
    pub const TERM: Self = Self(15);

    /// The signal of this number, if it is one that can be sent: 1, 2, 3, 6, 9, 13, 14 or 15.
    pub fn sendable(number: u32) -> Option<Self> {
        matches!(number, 1 | 2 | 3 | 6 | 9 | 13 | 14 | 15).then(|| Self(number as u8))
    }

    /// Its Linux number.
    pub fn number(self) -> u8 {
        self.0
    }
}
