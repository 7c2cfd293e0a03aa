//! The world of a Unix process: real programs, real pipes. For tests and for trying things out.

use std::any::Any;
use std::cell::Cell;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode as FileMode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal};

mod signals;
mod terminal;

use super::{
    Child, Descriptor, Errno, Exit, Fd, FileKind, Group, How, Interest, Mode, Os, Process, Ready, Size, Spawn, Stat,
};

/// Bytes that a pipe ready for writing takes without blocking (PIPE_BUF).
const PIPE_CHUNK: usize = 4096;

struct NativeFd(OwnedFd);

fn own(fd: OwnedFd) -> Fd {
    Rc::new(NativeFd(fd))
}

fn errno(e: rustix::io::Errno) -> Errno {
    use rustix::io::Errno as E;
    match e {
        E::NOENT => Errno::NotFound,
        E::ACCESS | E::PERM => Errno::Access,
        E::NOEXEC => Errno::NotExecutable,
        E::INVAL => Errno::Invalid,
        E::BADF => Errno::BadDescriptor,
        E::ISDIR => Errno::IsDirectory,
        E::NOTDIR => Errno::NotDirectory,
        E::EXIST => Errno::Exists,
        E::AGAIN => Errno::Limit,
        E::MFILE | E::NFILE => Errno::Files,
        E::NOMEM => Errno::Memory,
        E::SRCH => Errno::NoProcess,
        E::DQUOT | E::NOSPC => Errno::Quota,
        E::TOOBIG => Errno::TooBig,
        E::PIPE => Errno::BrokenPipe,
        _ => Errno::Io,
    }
}

fn io_errno(e: &std::io::Error) -> Errno {
    e.raw_os_error()
        .map_or(Errno::Io, |n| errno(rustix::io::Errno::from_raw_os_error(n)))
}

fn ready(fd: &OwnedFd, flags: PollFlags) -> bool {
    let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(fd, flags)], Some(&zero)).is_ok_and(|n| n > 0)
}

impl Descriptor for NativeFd {
    fn try_read(&self, max: usize) -> Result<Ready<Vec<u8>>, Errno> {
        if !ready(&self.0, PollFlags::IN) {
            return Ok(Ready::Later);
        }
        let mut buffer = vec![0; max];
        let n = rustix::io::read(&self.0, &mut buffer).map_err(errno)?;
        buffer.truncate(n);
        Ok(Ready::Now(buffer))
    }

    fn try_write(&self, bytes: &[u8]) -> Result<Ready<usize>, Errno> {
        if !ready(&self.0, PollFlags::OUT) {
            return Ok(Ready::Later);
        }
        let chunk = bytes.get(..PIPE_CHUNK).unwrap_or(bytes);
        rustix::io::write(&self.0, chunk).map(Ready::Now).map_err(errno)
    }

    fn is_terminal(&self) -> bool {
        std::io::IsTerminal::is_terminal(&self.0)
    }

    fn terminal_size(&self) -> Result<Size, Errno> {
        terminal::size(&self.0)
    }

    fn terminal_mode(&self) -> Result<Mode, Errno> {
        terminal::mode(&self.0)
    }

    fn set_terminal_mode(&self, mode: Mode) -> Result<(), Errno> {
        terminal::set_mode(&self.0, mode)
    }

    fn foreground(&self) -> Result<u32, Errno> {
        terminal::foreground(&self.0)
    }

    fn set_foreground(&self, group: u32) -> Result<(), Errno> {
        terminal::set_foreground(&self.0, group)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The child itself is not kept: it is waited for by its pid, so that stops are seen too.
struct NativeProcess {
    state: Cell<State>,
    pid: u32,
    pidfd: Option<OwnedFd>,
}

#[derive(Clone, Copy)]
enum State {
    Running,
    Stopped,
    Ended(Exit),
}

impl NativeProcess {
    fn update(&self) -> State {
        if let State::Ended(_) = self.state.get() {
            return self.state.get();
        }
        let pid = i32::try_from(self.pid).unwrap_or(-1);
        loop {
            let mut status = 0;
            let flags = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED;
            // SAFETY: the pid is that of our own child, and `status` is ours.
            let result = unsafe { libc::waitpid(pid, &raw mut status, flags) };
            if result == 0 {
                return self.state.get();
            }
            let state = if result < 0 {
                State::Ended(Exit::Code(127))
            } else if libc::WIFEXITED(status) {
                State::Ended(Exit::Code(libc::WEXITSTATUS(status)))
            } else if libc::WIFSIGNALED(status) {
                State::Ended(Exit::Signal(libc::WTERMSIG(status)))
            } else if libc::WIFSTOPPED(status) {
                State::Stopped
            } else {
                State::Running
            };
            self.state.set(state);
            if let State::Ended(_) = state {
                return state;
            }
        }
    }
}

impl Process for NativeProcess {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn try_wait(&self) -> Option<Exit> {
        match self.update() {
            State::Ended(exit) => Some(exit),
            _ => None,
        }
    }

    fn is_stopped(&self) -> bool {
        matches!(self.update(), State::Stopped)
    }

    fn kill(&self, signal: u32) -> Result<(), Errno> {
        let pid = i32::try_from(self.pid).map_err(|_| Errno::NoProcess)?;
        // A stop that has not been seen yet is over too.
        let before = self.update();
        send(pid, signal)?;
        if signal == 18 && matches!(before, State::Stopped) {
            self.state.set(State::Running);
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn send(pid: i32, signal: u32) -> Result<(), Errno> {
    let target = Pid::from_raw(pid.saturating_abs()).ok_or(Errno::Invalid)?;
    if signal == 0 {
        return rustix::process::test_kill_process(target).map_err(errno);
    }
    let signal = i32::try_from(signal)
        .ok()
        .and_then(Signal::from_named_raw)
        .ok_or(Errno::Invalid)?;
    if pid < 0 {
        rustix::process::kill_process_group(target, signal).map_err(errno)
    } else {
        rustix::process::kill_process(target, signal).map_err(errno)
    }
}

/// The machine that this process runs on.
pub struct Native {
    start: Instant,
    ignored: Vec<u32>,
}

impl Native {
    /// The one world there is.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            ignored: signals::ignored(),
        }
    }
}

impl Default for Native {
    fn default() -> Self {
        Self::new()
    }
}

impl Os for Native {
    fn pipe(&self) -> Result<(Fd, Fd), Errno> {
        let (r, w) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(errno)?;
        Ok((own(r), own(w)))
    }

    fn null(&self) -> Fd {
        let how = How {
            read: true,
            write: true,
            ..How::default()
        };
        match self.open("/dev/null", how) {
            Ok(fd) => fd,
            // Any descriptor that is at its end and refuses writing will do.
            Err(_) => match self.pipe() {
                Ok((reader, _)) => reader,
                Err(_) => Rc::new(Closed),
            },
        }
    }

    fn stdio(&self, number: u32) -> Option<Fd> {
        let duplicate = match number {
            0 => rustix::io::fcntl_dupfd_cloexec(std::io::stdin().as_fd(), 3),
            1 => rustix::io::fcntl_dupfd_cloexec(std::io::stdout().as_fd(), 3),
            _ => rustix::io::fcntl_dupfd_cloexec(std::io::stderr().as_fd(), 3),
        };
        duplicate.ok().map(own)
    }

    fn open(&self, path: &str, how: How) -> Result<Fd, Errno> {
        let mut flags = OFlags::CLOEXEC;
        flags |= match (how.read, how.write || how.append) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            _ => OFlags::RDONLY,
        };
        flags.set(OFlags::APPEND, how.append);
        flags.set(OFlags::CREATE, how.create);
        flags.set(OFlags::TRUNC, how.truncate);
        flags.set(OFlags::EXCL, how.exclusive);
        rustix::fs::open(path, flags, FileMode::from_raw_mode(0o666))
            .map(own)
            .map_err(errno)
    }

    fn spawn(&self, spawn: Spawn<'_>) -> Result<Child, Errno> {
        let mut command = Command::new(spawn.program);
        if let Some((name, rest)) = spawn.arguments.split_first() {
            command.arg0(name).args(rest);
        }
        command.env_clear().current_dir(spawn.directory);
        for (name, value) in spawn.environment {
            command.env(name, value);
        }
        let mut stdio = spawn.descriptors.iter().map(|fd| {
            fd.as_ref()
                .and_then(|fd| fd.as_any().downcast_ref::<NativeFd>())
                .and_then(|fd| fd.0.try_clone().ok())
                .map_or_else(Stdio::null, Stdio::from)
        });
        command.stdin(stdio.next().unwrap_or_else(Stdio::null));
        command.stdout(stdio.next().unwrap_or_else(Stdio::null));
        command.stderr(stdio.next().unwrap_or_else(Stdio::null));
        match spawn.group {
            Group::Same => {}
            Group::New => {
                command.process_group(0);
            }
            Group::Join(group) => {
                command.process_group(i32::try_from(group).map_err(|_| Errno::Invalid)?);
            }
        }
        let tty = spawn
            .foreground
            .as_ref()
            .and_then(|fd| fd.as_any().downcast_ref::<NativeFd>())
            .map_or(-1, |fd| fd.0.as_raw_fd());
        let ignored = spawn.ignored.to_vec();
        // SAFETY: only async-signal-safe calls between fork and exec; the descriptor stays open in the parent meanwhile.
        unsafe {
            command.pre_exec(move || {
                if tty >= 0 {
                    // The child itself takes the terminal, before it could read from it as a background process.
                    libc::signal(libc::SIGTTOU, libc::SIG_IGN);
                    libc::tcsetpgrp(tty, libc::getpgrp());
                }
                signals::restore_in_child(&ignored);
                Ok(())
            });
        }
        let child = command.spawn().map_err(|e| io_errno(&e))?;
        let pid = child.id();
        let pidfd = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .and_then(|p| rustix::process::pidfd_open(p, PidfdFlags::empty()).ok());
        Ok(Rc::new(NativeProcess {
            state: Cell::new(State::Running),
            pid,
            pidfd,
        }))
    }

    fn kill(&self, pid: i32, signal: u32) -> Result<(), Errno> {
        if u32::try_from(pid) == Ok(std::process::id()) && signal != 0 {
            return signals::to_this_thread(signal);
        }
        send(pid, signal)
    }

    fn stat(&self, path: &str, follow: bool) -> Result<Stat, Errno> {
        let meta = if follow {
            std::fs::metadata(path)
        } else {
            std::fs::symlink_metadata(path)
        };
        let meta = meta.map_err(|e| io_errno(&e))?;
        let kind = meta.file_type();
        Ok(Stat {
            kind: if kind.is_file() {
                FileKind::Regular
            } else if kind.is_dir() {
                FileKind::Directory
            } else if kind.is_symlink() {
                FileKind::Symlink
            } else if std::os::unix::fs::FileTypeExt::is_char_device(&kind) {
                FileKind::CharDevice
            } else {
                FileKind::Other
            },
            mode: meta.mode() & 0o7777,
            size: meta.len(),
            inode: meta.ino(),
            modified: u64::try_from(meta.mtime())
                .unwrap_or(0)
                .saturating_mul(1_000_000_000)
                .saturating_add(u64::try_from(meta.mtime_nsec()).unwrap_or(0)),
            uid: meta.uid(),
            gid: meta.gid(),
        })
    }

    fn read_dir(&self, path: &str) -> Result<Vec<String>, Errno> {
        use std::os::unix::ffi::OsStrExt;
        let entries = std::fs::read_dir(path).map_err(|e| io_errno(&e))?;
        Ok(entries
            .flatten()
            .map(|e| crate::text::decode(e.file_name().as_bytes()))
            .collect())
    }

    fn own_pid(&self) -> u32 {
        std::process::id()
    }

    fn own_group(&self) -> u32 {
        u32::try_from(rustix::process::getpgrp().as_raw_nonzero().get()).unwrap_or(0)
    }

    fn catch(&self, list: &[u32]) -> Result<(), Errno> {
        signals::catch(list)
    }

    fn ignore(&self, list: &[u32]) -> Result<(), Errno> {
        signals::ignore(list)
    }

    fn inherited_ignored(&self) -> Vec<u32> {
        self.ignored.clone()
    }

    fn take_signal(&self) -> Option<u32> {
        signals::take()
    }

    fn processes(&self) -> Vec<(u32, String)> {
        Vec::new()
    }

    fn wait(&self, interests: &[Interest], block: bool) -> Vec<usize> {
        let now = self.monotonic();
        let mut timeout = if block { None } else { Some(Duration::ZERO) };
        let mut fds = Vec::new();
        let mut owners = Vec::new();
        let mut done = Vec::new();
        let mut wake = false;
        if let Some(pipe) = signals::wake_pipe() {
            signals::drain();
            fds.push(PollFd::new(pipe, PollFlags::IN));
            owners.push(usize::MAX);
        }
        for (i, interest) in interests.iter().enumerate() {
            match interest {
                Interest::Read(fd) | Interest::Write(fd) => {
                    let flags = match interest {
                        Interest::Read(_) => PollFlags::IN,
                        _ => PollFlags::OUT,
                    };
                    match fd.as_any().downcast_ref::<NativeFd>() {
                        Some(native) => {
                            fds.push(PollFd::new(&native.0, flags));
                            owners.push(i);
                        }
                        None => done.push(i),
                    }
                }
                Interest::Exit(child) => {
                    let native = child.as_any().downcast_ref::<NativeProcess>();
                    match native.and_then(|n| n.pidfd.as_ref()) {
                        Some(pidfd) => {
                            fds.push(PollFd::new(pidfd, PollFlags::IN));
                            owners.push(i);
                        }
                        None => done.push(i),
                    }
                }
                Interest::Stop(child) => {
                    if child.is_stopped() || child.try_wait().is_some() {
                        done.push(i);
                    }
                    wake = true;
                }
                Interest::Signal => {
                    if signals::waits() {
                        done.push(i);
                    }
                    wake = true;
                }
                Interest::Timer(at) => {
                    let left = at.saturating_sub(now);
                    if left.is_zero() {
                        done.push(i);
                    }
                    timeout = Some(timeout.map_or(left, |t| t.min(left)));
                }
            }
        }
        if !done.is_empty() {
            timeout = Some(Duration::ZERO);
        }
        let spec = timeout.map(|t| Timespec {
            tv_sec: i64::try_from(t.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(t.subsec_nanos()),
        });
        if poll(&mut fds, spec.as_ref()).is_ok() {
            for (fd, owner) in fds.iter().zip(&owners) {
                if !fd.revents().is_empty() && *owner != usize::MAX {
                    done.push(*owner);
                }
            }
        }
        if wake {
            for (i, interest) in interests.iter().enumerate() {
                let now = match interest {
                    Interest::Stop(child) => child.is_stopped() || child.try_wait().is_some(),
                    Interest::Signal => signals::waits(),
                    _ => false,
                };
                if now && !done.contains(&i) {
                    done.push(i);
                }
            }
        }
        let now = self.monotonic();
        for (i, interest) in interests.iter().enumerate() {
            if matches!(interest, Interest::Timer(at) if *at <= now) && !done.contains(&i) {
                done.push(i);
            }
        }
        done
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A descriptor that can do nothing.
struct Closed;

impl Descriptor for Closed {
    fn try_read(&self, _max: usize) -> Result<Ready<Vec<u8>>, Errno> {
        Err(Errno::BadDescriptor)
    }

    fn try_write(&self, _bytes: &[u8]) -> Result<Ready<usize>, Errno> {
        Err(Errno::BadDescriptor)
    }

    fn is_terminal(&self) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
