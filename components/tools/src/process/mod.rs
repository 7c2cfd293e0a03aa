//! Starting other programs, signals, and the terminal.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::time::Duration;

/// What a program's standard input or output is joined to.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Stdio {
    /// This program's own.
    #[default]
    Inherit,
    /// The null device.
    Null,
    /// A pipe to or from this program.
    Pipe,
    /// A file that is appended to, made if it is missing.
    Append(String),
}

/// A program to start.
#[derive(Debug, Default)]
pub struct Command {
    /// Its name, then its arguments. Never empty.
    pub words: Vec<OsString>,
    /// Its whole environment; none is this program's own.
    pub environment: Option<Vec<(String, String)>>,
    /// Its working directory; none is this program's own.
    pub directory: Option<String>,
    /// Its standard input. [`Stdio::Append`] means nothing here.
    pub input: Stdio,
    /// Its standard output.
    pub output: Stdio,
    /// Its standard error. [`Stdio::Pipe`] means nothing here.
    pub errors: Stdio,
    /// Signals that do nothing to it, as after `nohup`.
    pub ignored: Vec<u32>,
}

impl Command {
    /// The words as a command with this program's environment, directory and streams.
    pub fn new(words: Vec<OsString>) -> Self {
        Self {
            words,
            ..Self::default()
        }
    }

    /// What a shell would make of `line`.
    pub fn shell(line: &str) -> Self {
        Self::new(vec!["sh".into(), "-c".into(), line.into()])
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

/// A started program. Dropping it neither ends nor awaits it, but closes the pipes.
pub struct Child {
    /// Writes to its standard input, if that was asked to be a pipe. Drop it to end the input.
    pub input: Option<Box<dyn Write>>,
    /// Reads from its standard output, if that was asked to be a pipe.
    pub output: Option<Box<dyn Read>>,
    handle: platform::Handle,
}

impl Child {
    /// Closes its input, and waits until it has ended.
    ///
    /// # Errors
    /// It cannot be awaited (natively).
    pub fn wait(mut self) -> io::Result<Ended> {
        self.input = None;
        platform::wait(&mut self.handle)
    }
}

/// Starts a program.
///
/// # Errors
/// It could not be started.
pub fn spawn(command: &Command) -> io::Result<Child> {
    platform::spawn(command)
}

/// Runs a program to its end.
///
/// # Errors
/// It could not be started.
pub fn run(command: &Command) -> io::Result<Ended> {
    spawn(command)?.wait()
}

/// Runs a program for at most `limit`; false if it had not ended by then. It has then been sent `signal`, and
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

/// A live process.
#[derive(Clone, Debug)]
pub struct Info {
    /// Its number.
    pub pid: u32,
    /// The number of the one that started it.
    pub parent: u32,
    /// Its group.
    pub group: u32,
    /// What it is called.
    pub name: String,
    /// Its arguments, its own name first.
    pub arguments: Vec<String>,
    /// Whether a signal has stopped it.
    pub stopped: bool,
    /// Milliseconds since 1970 when it was started.
    pub started: u64,
    /// Microseconds of CPU time so far.
    pub cpu: u64,
    /// Bytes of memory.
    pub memory: u64,
}

/// The live processes, in order of number.
///
/// # Errors
/// They cannot be listed (natively).
pub fn list() -> io::Result<Vec<Info>> {
    platform::list()
}

/// This program's own number.
pub fn own_pid() -> u32 {
    platform::own_pid()
}

/// The line discipline of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Input is written back.
    pub echo: bool,
    /// Input comes line by line.
    pub canonical: bool,
    /// Control characters send signals.
    pub signals: bool,
    /// A line feed is written as carriage return and line feed.
    pub output: bool,
}

/// Columns and rows of the terminal behind a standard stream (0, 1 or 2).
///
/// # Errors
/// It is no terminal.
pub fn terminal_size(stream: u32) -> io::Result<(u16, u16)> {
    platform::terminal_size(stream)
}

/// The line discipline of the terminal behind a standard stream.
///
/// # Errors
/// It is no terminal.
pub fn terminal_mode(stream: u32) -> io::Result<Mode> {
    platform::terminal_mode(stream)
}

/// Sets the line discipline of the terminal behind a standard stream.
///
/// # Errors
/// It is no terminal.
pub fn set_terminal_mode(stream: u32, mode: Mode) -> io::Result<()> {
    platform::set_terminal_mode(stream, mode)
}

#[cfg(target_family = "wasm")]
#[path = "wasm.rs"]
mod platform;

#[cfg(not(target_family = "wasm"))]
#[path = "native.rs"]
mod platform;
