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

/// A signal by its Linux number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signal(u8);

impl Signal {
    /// SIGHUP.
    pub const HUP: Self = Self(1);
    /// SIGINT.
    pub const INT: Self = Self(2);
    /// SIGQUIT.
    pub const QUIT: Self = Self(3);
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
    /// A timer has run out.
    pub const ALRM: Self = Self(14);
    /// SIGCHLD: a child has ended, stopped or gone on.
    pub const CHLD: Self = Self(17);
    /// SIGCONT: goes on after a stop.
    pub const CONT: Self = Self(18);
    /// SIGSTOP: stops, and cannot be caught.
    pub const STOP: Self = Self(19);
    /// SIGTSTP: stops, as Ctrl-Z does.
    pub const TSTP: Self = Self(20);
    /// SIGWINCH: the terminal's window has another size.
    pub const WINCH: Self = Self(28);

    /// The signal of this number, if it is one that can be sent: 1, 2, 3, 6, 9, 10, 12 to 15, 17 to 20 or 28.
    pub fn sendable(number: u32) -> Option<Self> {
        matches!(number, 1 | 2 | 3 | 6 | 9 | 10 | 12..=15 | 17..=20 | 28).then(|| Self(number as u8))
    }

    /// The signal of this name, with or without `SIG`, in any case, or of this number.
    pub fn named(name: &str) -> Option<Self> {
        if let Ok(number) = name.parse() {
            return Self::sendable(number);
        }
        let upper = name.to_ascii_uppercase();
        let number = match upper.strip_prefix("SIG").unwrap_or(&upper) {
            "HUP" => 1,
            "INT" => 2,
            "QUIT" => 3,
            "ABRT" => 6,
            "KILL" => 9,
            "USR1" => 10,
            "USR2" => 12,
            "PIPE" => 13,
            "ALRM" => 14,
            "TERM" => 15,
            "CHLD" => 17,
            "CONT" => 18,
            "STOP" => 19,
            "TSTP" => 20,
            "WINCH" => 28,
            _ => return None,
        };
        Self::sendable(number)
    }

    /// Its Linux number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Whether a program may catch or ignore it.
    pub(crate) fn is_catchable(self) -> bool {
        !matches!(self.0, 6 | 9 | 18 | 19)
    }
}
