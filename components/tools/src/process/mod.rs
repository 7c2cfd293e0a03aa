//! Starting other programs, with this program's standard streams.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

/// A program to start.
#[derive(Debug, Default)]
pub struct Command {
    /// Its name, then its arguments. Never empty.
    pub words: Vec<OsString>,
    /// Its whole environment; none is this program's own.
    pub environment: Option<Vec<(String, String)>>,
    /// Its working directory; none is this program's own.
    pub directory: Option<String>,
}

impl Command {
    /// The words as a command with this program's environment and directory.
    pub fn new(words: Vec<OsString>) -> Self {
        Self {
            words,
            ..Self::default()
        }
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Exited(i32),
    /// By this signal.
    Signaled(i32),
}

impl Ended {
    /// As a shell shows it: the code, or 128 and the signal.
    pub fn code(self) -> i32 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(signal) => 128 + signal,
        }
    }
}

/// The exit code of a program that could not be started, as env, xargs and timeout have it.
pub fn start_failure_code(error: &io::Error) -> i32 {
    if error.kind() == io::ErrorKind::NotFound {
        127
    } else {
        126
    }
}

/// Runs a program to its end.
///
/// # Errors
/// It could not be started.
pub fn run(command: &Command) -> io::Result<Ended> {
    platform::run(command)
}

/// Runs a program for at most `limit`; none if it had not ended by then. It has then been sent `signal`, and
/// signal 9 after `grace` more, if given.
///
/// # Errors
/// It could not be started.
pub fn run_for(command: &Command, limit: Duration, signal: u32, grace: Option<Duration>) -> io::Result<(bool, Ended)> {
    platform::run_for(command, limit, signal, grace)
}

/// Sends a signal to a process, or to a group by its negated number.
///
/// # Errors
/// No such process, or a signal that cannot be sent.
pub fn kill(pid: i32, signal: u32) -> io::Result<()> {
    platform::kill(pid, signal)
}

/// A live process: its number, its parent's, its group's, its name.
pub struct Info {
    /// Its number.
    pub pid: u32,
    /// The number of the one that started it.
    pub parent: u32,
    /// Its group.
    pub group: u32,
    /// What it is called.
    pub name: String,
}

/// The live processes, in order of number.
///
/// # Errors
/// They cannot be listed (natively).
pub fn list() -> io::Result<Vec<Info>> {
    platform::list()
}

#[cfg(target_family = "wasm")]
#[path = "process_wasm.rs"]
mod platform;

#[cfg(not(target_family = "wasm"))]
#[path = "process_native.rs"]
mod platform;
