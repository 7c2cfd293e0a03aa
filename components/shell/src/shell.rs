//! The state of one shell; a subshell is a clone of it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use crate::history::History;
use crate::jobs::{Jobs, Running};
use crate::os::{Fd, Os};
use crate::syntax::ast::Command;
use crate::task::{Executor, Inbox};
use crate::vars::Vars;

/// Deepest nesting of function calls, `eval`, `.`, subshells and command substitutions: bounds the
/// stack that the interpreter needs.
pub(crate) const MAX_CALL_DEPTH: u32 = 1000;

/// Deepest nesting of commands within commands, through calls and compound commands alike: what the
/// guest's stack holds with room to spare.
pub(crate) const MAX_COMMAND_DEPTH: u32 = 2500;

/// Longest value of a variable or expansion, in bytes: a script that doubles a string in a loop ends
/// with an error instead of taking the memory of its sandbox.
pub(crate) const MAX_TEXT: usize = 64 << 20;

/// Why a list of commands stopped early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Break(u32),
    Continue(u32),
    Return(i32),
    Exit(i32),
    /// An error of expansion: the rest of the command line is dropped.
    Discard(i32),
}

/// The status of a command, or why control left it.
pub(crate) type Step = Result<i32, Flow>;

/// A function.
#[derive(Debug)]
pub(crate) struct Function {
    pub body: Rc<Command>,
    pub source: Rc<str>,
    /// The script it was defined in.
    pub file: Rc<str>,
    /// Programs that are shells get it too (`export -f`).
    pub exported: Cell<bool>,
    pub readonly: Cell<bool>,
}

/// A call of a function, or a script that `.` runs.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub name: String,
    pub file: Rc<str>,
    /// The line of the call.
    pub line: u32,
}

/// What `set` and `shopt` switch.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Options {
    pub errexit: bool,
    pub nounset: bool,
    pub xtrace: bool,
    pub verbose: bool,
    pub pipefail: bool,
    pub noglob: bool,
    pub noclobber: bool,
    pub allexport: bool,
    pub noexec: bool,
    pub interactive: bool,
    pub nullglob: bool,
    pub failglob: bool,
    pub dotglob: bool,
    pub nocaseglob: bool,
    pub nocasematch: bool,
    pub globstar: bool,
    pub extglob: bool,
    pub inherit_errexit: bool,
    pub lastpipe: bool,
    pub monitor: bool,
    pub errtrace: bool,
    pub functrace: bool,
    pub expand_aliases: bool,
    pub histexpand: bool,
    pub histappend: bool,
    pub posix: bool,
    pub ignoreeof: bool,
    pub xpg_echo: bool,
    pub execfail: bool,
    pub patsub_replacement: bool,
    pub from_command_line: bool,
    pub from_stdin: bool,
}

/// One shell.
#[derive(Clone)]
pub(crate) struct Shell {
    pub exec: Rc<Executor>,
    pub vars: Vars,
    pub functions: Rc<HashMap<String, Rc<Function>>>,
    pub aliases: Rc<BTreeMap<String, String>>,
    /// `$0`.
    pub name: String,
    pub positional: Vec<String>,
    pub cwd: String,
    pub fds: BTreeMap<u32, Fd>,
    pub options: Options,
    /// `$?`.
    pub status: i32,
    pub pipe_status: Vec<i32>,
    /// `$!`.
    pub last_background: Option<u32>,
    pub traps: BTreeMap<String, String>,
    pub jobs: Jobs,
    /// Children that run now on behalf of this shell; ended with it if it is killed.
    pub running: Rc<Running>,
    /// Signals that have come and not been handled.
    pub inbox: Rc<Inbox>,
    /// Signals that were ignored when the shell was started.
    pub inherited: Rc<[u32]>,
    /// The terminal that jobs are given and taken, and the shell's own process group.
    pub terminal: Option<Fd>,
    pub group: u32,
    /// A job was stopped during this command line: its loops end.
    pub suspended: bool,
    /// The text of the pipeline that runs.
    pub command_text: Rc<str>,
    pub history: Rc<RefCell<History>>,
    /// Number of the next line typed at a prompt.
    pub typed_lines: u32,
    /// Nesting of calls; see `MAX_CALL_DEPTH`.
    pub depth: u32,
    /// Nesting of commands on the stack; see `MAX_COMMAND_DEPTH`.
    pub nesting: u32,
    pub loops: u32,
    /// Nesting of conditions, in which `set -e` does not act.
    pub conditions: u32,
    pub line: u32,
    pub subshell: u32,
    /// Nesting of command substitutions and `eval`, for `set -x`.
    pub indirection: u32,
    pub started: Duration,
    pub random: u64,
    pub frames: Vec<Frame>,
    /// The script that is being run.
    pub file: Rc<str>,
    /// `pushd`'s directories below the current one, the nearest last.
    pub directories: Vec<String>,
    /// Where programs were found.
    pub hashed: BTreeMap<String, (String, u32)>,
    /// How many `.` scripts are running.
    pub sourcing: u32,
    /// Position inside a bundle of options, for `getopts`.
    pub getopts_offset: usize,
    pub umask: u32,
    /// `$_`.
    pub last_argument: String,
    /// This shell exists for one command only: once it has started, its descriptors may go.
    pub disposable: bool,
    /// The next command is the last of a background task: if it is a program, the shell need not outlive it.
    pub tail: bool,
    /// Descriptors of process substitutions; true if they are read from.
    pub pipes: BTreeMap<u32, bool>,
    /// The latest process substitution.
    pub last_substitution: Option<(u32, crate::task::Handle<i32>)>,
    /// Counts the changes of the positional parameters by `set`.
    pub positional_changes: u32,
    /// What `SECONDS` was set to.
    pub seconds: i64,
    /// A trap is running that keeps `BASH_COMMAND` as it was.
    pub in_trap: bool,
    /// A prompt is being expanded: the prompts of what it runs are not.
    pub in_prompt: bool,
    /// What process substitutions leave to be done after the command.
    pub scratch: Vec<crate::run::substitution::Scratch>,
    /// Status of the last command substitution of this command.
    pub substitution_status: Option<i32>,
    /// Commands since the last pause.
    pub ticks: u32,
}

/// After this many commands a shell lets its sibling tasks run.
const COMMANDS_PER_PAUSE: u32 = 16;

impl Shell {
    pub fn os(&self) -> &dyn Os {
        &*self.exec.os
    }

    pub fn fd(&self, number: u32) -> Option<Fd> {
        self.fds.get(&number).cloned()
    }

    /// An absolute path.
    pub fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            path.to_owned()
        } else if self.cwd.ends_with('/') {
            format!("{}{path}", self.cwd)
        } else {
            format!("{}/{path}", self.cwd)
        }
    }

    /// Writes bytes to a descriptor. A pipe that nobody reads ends the shell, as SIGPIPE would.
    pub async fn write(&mut self, fd: u32, text: &str) -> Step {
        let Some(out) = self.fd(fd) else {
            self.complain("write error: Bad file descriptor").await;
            return Ok(1);
        };
        let bytes = crate::text::encode(text);
        match self.exec.write(&out, &bytes).await {
            Ok(()) => Ok(0),
            Err(crate::os::Errno::BrokenPipe) => Err(Flow::Exit(141)),
            Err(e) => {
                self.complain(&format!("write error: {e}")).await;
                Ok(1)
            }
        }
    }

    /// Prints an error, prefixed as bash does.
    pub async fn complain(&mut self, message: &str) {
        let prefix = if self.options.interactive {
            format!("{}: ", self.name)
        } else {
            format!("{}: line {}: ", self.name, self.line)
        };
        self.print_error(&format!("{prefix}{message}\n")).await;
    }

    /// Prints to standard error; nowhere to complain if that fails.
    pub async fn print_error(&mut self, text: &str) {
        if let Some(err) = self.fd(2) {
            let _ = self.exec.write(&err, &crate::text::encode(text)).await;
        }
    }

    /// How an error of expansion ends a script; a prompt only drops the command.
    pub fn fatal(&self) -> Flow {
        let status = if self.options.from_command_line { 127 } else { 1 };
        if self.options.interactive && self.subshell == 0 {
            Flow::Discard(1)
        } else {
            Flow::Exit(status)
        }
    }

    /// Lets other tasks run now and then.
    pub async fn tick(&mut self) {
        self.ticks += 1;
        if self.ticks >= COMMANDS_PER_PAUSE {
            self.ticks = 0;
            if self.exec.busy() {
                self.exec.pause().await;
            }
        }
    }

    /// A copy for a subshell.
    pub fn fork(&self) -> Self {
        let mut child = self.clone();
        child.subshell += 1;
        child.depth += 1;
        child.loops = 0;
        child.traps.retain(|name, action| {
            action.is_empty()
                || name == "ERR" && self.options.errtrace
                || matches!(name.as_str(), "DEBUG" | "RETURN") && self.options.functrace
        });
        child.jobs.foreign = true;
        child.running = Rc::default();
        child.inbox = Rc::default();
        child.inbox.ignored.set(self.inbox.ignored.get());
        child.disposable = false;
        child.tail = false;
        child.scratch = Vec::new();
        child
    }

    /// The next value of `$RANDOM`.
    pub fn next_random(&mut self) -> u64 {
        // xorshift64*: no need for more in a shell.
        let mut x = self.random | 1;
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.random = x;
        (x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) & 0x7FFF
    }

    /// `$-`.
    pub fn option_letters(&self) -> String {
        let o = &self.options;
        [
            (o.allexport, 'a'),
            (o.errexit, 'e'),
            (o.noglob, 'f'),
            (true, 'h'),
            (o.interactive, 'i'),
            (o.monitor, 'm'),
            (o.noexec, 'n'),
            (o.nounset, 'u'),
            (o.verbose, 'v'),
            (o.xtrace, 'x'),
            (true, 'B'),
            (o.noclobber, 'C'),
            (o.errtrace, 'E'),
            (o.histexpand, 'H'),
            (o.functrace, 'T'),
            (o.from_command_line, 'c'),
            (o.from_stdin, 's'),
        ]
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, c)| *c)
        .collect()
    }
}
