//! What the interpreter needs from the world, and nothing more: descriptors, processes, files, time.
//!
//! Every call returns at once. What would block says so, and `Os::wait` is the one place to wait, so
//! that many cooperative tasks share one thread.

use std::any::Any;
use std::rc::Rc;
use std::time::Duration;

#[cfg(unix)]
pub mod native;
#[cfg(target_family = "wasm")]
pub mod wasi;

/// An error of the world, in the words that bash would print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Errno {
    #[error("No such file or directory")]
    NotFound,
    #[error("Permission denied")]
    Access,
    #[error("cannot execute: required file not found")]
    NotExecutable,
    #[error("Invalid argument")]
    Invalid,
    #[error("Bad file descriptor")]
    BadDescriptor,
    #[error("Is a directory")]
    IsDirectory,
    #[error("Not a directory")]
    NotDirectory,
    #[error("File exists")]
    Exists,
    #[error("Resource temporarily unavailable")]
    Limit,
    /// Of open files and pipes, where [`Errno::Limit`] is of processes.
    #[error("Too many open files")]
    Files,
    #[error("Cannot allocate memory")]
    Memory,
    #[error("No such process")]
    NoProcess,
    #[error("No space left on device")]
    Quota,
    #[error("Argument list too long")]
    TooBig,
    /// Nobody reads the pipe any more.
    #[error("Broken pipe")]
    BrokenPipe,
    #[error("Inappropriate ioctl for device")]
    NotTerminal,
    #[error("Input/output error")]
    Io,
}

/// The size of a terminal's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// What a terminal's line discipline does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Input is written back.
    pub echo: bool,
    /// Input comes line by line.
    pub canonical: bool,
    /// ^C, ^\\ and ^Z are signals.
    pub signals: bool,
    /// A line feed is written as carriage return and line feed.
    pub output: bool,
}

impl Mode {
    /// What a program expects that was started at a prompt.
    pub const SANE: Self = Self {
        echo: true,
        canonical: true,
        signals: true,
        output: true,
    };
    /// For a line editor: every key comes as it is typed, nothing is written back.
    pub const EDIT: Self = Self {
        echo: false,
        canonical: false,
        signals: false,
        output: true,
    };
}

/// What an operation that never blocks has to say.
pub enum Ready<T> {
    /// Done.
    Now(T),
    /// It would block: wait for the descriptor.
    Later,
}

/// An open file description.
pub trait Descriptor {
    /// Reads up to `max` bytes; an empty vector is the end of the file.
    ///
    /// # Errors
    /// `BadDescriptor` if it is not open for reading.
    fn try_read(&self, max: usize) -> Result<Ready<Vec<u8>>, Errno>;
    /// Writes a prefix of `bytes` and tells its length.
    ///
    /// # Errors
    /// `BrokenPipe` if nobody reads; `BadDescriptor` if it is not open for writing.
    fn try_write(&self, bytes: &[u8]) -> Result<Ready<usize>, Errno>;
    /// Whether it is a terminal.
    fn is_terminal(&self) -> bool;
    /// The size of the window.
    ///
    /// # Errors
    /// `NotTerminal`, as for the four below.
    fn terminal_size(&self) -> Result<Size, Errno> {
        Err(Errno::NotTerminal)
    }
    /// The line discipline.
    ///
    /// # Errors
    /// `NotTerminal`.
    fn terminal_mode(&self) -> Result<Mode, Errno> {
        Err(Errno::NotTerminal)
    }
    /// Sets the line discipline.
    ///
    /// # Errors
    /// `NotTerminal`.
    fn set_terminal_mode(&self, _mode: Mode) -> Result<(), Errno> {
        Err(Errno::NotTerminal)
    }
    /// The process group that gets the terminal's signals.
    ///
    /// # Errors
    /// `NotTerminal`.
    fn foreground(&self) -> Result<u32, Errno> {
        Err(Errno::NotTerminal)
    }
    /// Hands the terminal to a process group.
    ///
    /// # Errors
    /// `NotTerminal`; `NoProcess` if the group is empty.
    fn set_foreground(&self, _group: u32) -> Result<(), Errno> {
        Err(Errno::NotTerminal)
    }
    /// For the implementation to recognise its own.
    fn as_any(&self) -> &dyn Any;
}

/// A shared handle of a descriptor; the last one to go closes it.
pub type Fd = Rc<dyn Descriptor>;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Exit {
    /// The value of `$?`.
    pub fn status(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// A started child.
pub trait Process {
    /// Its process id.
    fn pid(&self) -> u32;
    /// How it ended; none while it runs.
    fn try_wait(&self) -> Option<Exit>;
    /// Whether it is stopped by a signal, and not yet continued.
    fn is_stopped(&self) -> bool;
    /// Sends it a signal.
    ///
    /// # Errors
    /// `NoProcess` if it has ended.
    fn kill(&self, signal: u32) -> Result<(), Errno>;
    /// For the implementation to recognise its own.
    fn as_any(&self) -> &dyn Any;
}

/// A shared handle of a child.
pub type Child = Rc<dyn Process>;

/// Something a task waits for.
#[derive(Clone)]
pub enum Interest {
    /// The descriptor can be read (or is at its end).
    Read(Fd),
    /// The descriptor can be written (or is broken).
    Write(Fd),
    /// The process has ended.
    Exit(Child),
    /// The process has ended, or is stopped.
    Stop(Child),
    /// A caught signal waits to be taken.
    Signal,
    /// The moment, on the clock of `Os::monotonic`, has come.
    Timer(Duration),
}

/// How to open a file.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct How {
    pub read: bool,
    pub write: bool,
    pub append: bool,
    pub create: bool,
    pub truncate: bool,
    /// Fail if it exists.
    pub exclusive: bool,
}

/// The process group of a new process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// That of the shell.
    Same,
    /// A new one that it leads.
    New,
    /// This one.
    Join(u32),
}

/// A program to start. Descriptors 0, 1 and 2 are all that a child gets; none is closed.
pub struct Spawn<'a> {
    /// Absolute path.
    pub program: &'a str,
    /// argv, program name first.
    pub arguments: &'a [String],
    /// The whole environment.
    pub environment: &'a [(String, String)],
    /// Absolute path.
    pub directory: &'a str,
    /// Descriptors 0, 1 and 2.
    pub descriptors: [Option<Fd>; 3],
    /// Its process group.
    pub group: Group,
    /// A terminal to hand to its group before it runs.
    pub foreground: Option<Fd>,
    /// Signals that do nothing to it.
    pub ignored: &'a [u32],
}

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FileKind {
    Regular,
    Directory,
    Symlink,
    CharDevice,
    Other,
}

/// Facts about a file.
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    /// Its kind.
    pub kind: FileKind,
    /// Permission bits.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
    /// Identity on its device.
    pub inode: u64,
    /// Last change of the content, nanoseconds since the Unix epoch.
    pub modified: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// The world.
pub trait Os {
    /// A new pipe: (reader, writer).
    ///
    /// # Errors
    /// `Limit` if there are too many.
    fn pipe(&self) -> Result<(Fd, Fd), Errno>;
    /// The null device.
    fn null(&self) -> Fd;
    /// The shell's own descriptor 0, 1 or 2; none if it is closed.
    fn stdio(&self, number: u32) -> Option<Fd>;
    /// Opens an absolute path.
    ///
    /// # Errors
    /// Those of open(2).
    fn open(&self, path: &str, how: How) -> Result<Fd, Errno>;
    /// Starts a program.
    ///
    /// # Errors
    /// Those of execve(2), and `Limit` when there are too many processes.
    fn spawn(&self, spawn: Spawn<'_>) -> Result<Child, Errno>;
    /// Signals a process, or (negative) a process group.
    ///
    /// # Errors
    /// Those of kill(2).
    fn kill(&self, pid: i32, signal: u32) -> Result<(), Errno>;
    /// Facts about an absolute path.
    ///
    /// # Errors
    /// Those of stat(2).
    fn stat(&self, path: &str, follow: bool) -> Result<Stat, Errno>;
    /// The names in a directory, without `.` and `..`.
    ///
    /// # Errors
    /// Those of opendir(3).
    fn read_dir(&self, path: &str) -> Result<Vec<String>, Errno>;
    /// The shell's own process id.
    fn own_pid(&self) -> u32;
    /// The shell's own process group.
    fn own_group(&self) -> u32;
    /// From now on these signals are kept until they are taken, and do nothing else. Replaces the list of before.
    ///
    /// # Errors
    /// `Invalid` for a signal that cannot be caught.
    fn catch(&self, signals: &[u32]) -> Result<(), Errno>;
    /// Signals that do nothing from now on. Replaces the list of before.
    ///
    /// # Errors
    /// `Invalid` for a signal that cannot be ignored.
    fn ignore(&self, signals: &[u32]) -> Result<(), Errno>;
    /// The signals that were ignored when the shell was started.
    fn inherited_ignored(&self) -> Vec<u32>;
    /// The oldest caught signal that waits.
    fn take_signal(&self) -> Option<u32>;
    /// The live processes of the sandbox: (pid, name).
    fn processes(&self) -> Vec<(u32, String)>;
    /// Which of these are ready, by index. With `block`, waits until one is; then the list must not
    /// be empty.
    fn wait(&self, interests: &[Interest], block: bool) -> Vec<usize>;
    /// A clock that never goes back.
    fn monotonic(&self) -> Duration;
}
