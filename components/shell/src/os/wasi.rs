//! The world of a sandbox: `sandbar:process`, `sandbar:files` and WASI 0.2.

use std::any::Any;
use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use super::{
    Child, Descriptor, Errno, Exit, Fd, FileKind, Group, How, Interest, Mode, Os, Process, Ready, Size, Spawn, Stat,
};

mod bindings {
    #![allow(missing_docs, clippy::all, clippy::undocumented_unsafe_blocks)]
    wit_bindgen::generate!({
        inline: "
            package sandbar:shell-world;
            world shell {
                import wasi:io/poll@0.2.12;
                import wasi:io/streams@0.2.12;
                import wasi:clocks/monotonic-clock@0.2.12;
                import sandbar:process/processes@0.1.0;
                import sandbar:files/modes@0.1.0;
                import sandbar:files/failures@0.1.0;
            }
        ",
        path: [
            "../../wit/deps/io",
            "../../wit/deps/clocks",
            "../../wit/process",
            "../../wit/files",
        ],
        world: "sandbar:shell-world/shell",
        generate_all,
    });
}

use bindings::sandbar::files::{failures, modes};
use bindings::sandbar::process::processes as host;
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::io::poll::{Pollable, poll};
use bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// Most bytes asked of a stream in one call.
const READ_CHUNK: usize = 65_536;

/// The streams come before the descriptor they belong to, so that they are dropped first.
struct WasiFd {
    input: OnceCell<InputStream>,
    output: OnceCell<OutputStream>,
    handle: host::Descriptor,
}

fn own(handle: host::Descriptor) -> Fd {
    Rc::new(WasiFd {
        input: OnceCell::new(),
        output: OnceCell::new(),
        handle,
    })
}

fn errno(e: host::Errno) -> Errno {
    match e {
        host::Errno::NotFound => Errno::NotFound,
        host::Errno::Access => Errno::Access,
        host::Errno::NotExecutable => Errno::NotExecutable,
        host::Errno::Invalid => Errno::Invalid,
        host::Errno::BadDescriptor => Errno::BadDescriptor,
        host::Errno::IsDirectory => Errno::IsDirectory,
        host::Errno::Exists => Errno::Exists,
        host::Errno::Limit => Errno::Limit,
        host::Errno::Memory => Errno::Memory,
        host::Errno::NoProcess => Errno::NoProcess,
        host::Errno::Quota => Errno::Quota,
        host::Errno::TooBig => Errno::TooBig,
        host::Errno::NotTerminal => Errno::NotTerminal,
        host::Errno::Io => Errno::Io,
    }
}

/// The errno of what makes descriptors: the limit is that of open files there.
fn open_errno(e: host::Errno) -> Errno {
    match e {
        host::Errno::Limit => Errno::Files,
        other => errno(other),
    }
}

impl WasiFd {
    fn input(&self) -> Result<&InputStream, Errno> {
        if let Some(stream) = self.input.get() {
            return Ok(stream);
        }
        let stream = self.handle.read_stream().map_err(errno)?;
        Ok(self.input.get_or_init(|| stream))
    }

    fn output(&self) -> Result<&OutputStream, Errno> {
        if let Some(stream) = self.output.get() {
            return Ok(stream);
        }
        let stream = self.handle.write_stream().map_err(errno)?;
        Ok(self.output.get_or_init(|| stream))
    }
}

impl Descriptor for WasiFd {
    fn try_read(&self, max: usize) -> Result<Ready<Vec<u8>>, Errno> {
        match self.input()?.read(max.min(READ_CHUNK) as u64) {
            Ok(bytes) if bytes.is_empty() => Ok(Ready::Later),
            Ok(bytes) => Ok(Ready::Now(bytes)),
            Err(StreamError::Closed) => Ok(Ready::Now(Vec::new())),
            Err(StreamError::LastOperationFailed(_)) => Err(Errno::Io),
        }
    }

    fn try_write(&self, bytes: &[u8]) -> Result<Ready<usize>, Errno> {
        let stream = self.output()?;
        let broken = |e: StreamError| match e {
            StreamError::Closed => Errno::BrokenPipe,
            StreamError::LastOperationFailed(_) => match failures::take() {
                Some(failures::Reason::NoSpace) => Errno::Quota,
                _ => Errno::Io,
            },
        };
        let room = usize::try_from(stream.check_write().map_err(broken)?).unwrap_or(READ_CHUNK);
        if room == 0 {
            return Ok(Ready::Later);
        }
        let chunk = bytes.get(..room).unwrap_or(bytes);
        stream.write(chunk).map_err(broken)?;
        Ok(Ready::Now(chunk.len()))
    }

    fn is_terminal(&self) -> bool {
        self.handle.is_terminal()
    }

    fn terminal_size(&self) -> Result<Size, Errno> {
        let size = self.handle.terminal_size().map_err(errno)?;
        Ok(Size {
            columns: size.columns,
            rows: size.rows,
        })
    }

    fn terminal_mode(&self) -> Result<Mode, Errno> {
        use host::TerminalMode as M;
        let mode = self.handle.terminal_mode().map_err(errno)?;
        Ok(Mode {
            echo: mode.contains(M::ECHO),
            canonical: mode.contains(M::CANONICAL),
            signals: mode.contains(M::SIGNALS),
            output: mode.contains(M::OUTPUT),
        })
    }

    fn set_terminal_mode(&self, mode: Mode) -> Result<(), Errno> {
        use host::TerminalMode as M;
        let mut flags = M::empty();
        flags.set(M::ECHO, mode.echo);
        flags.set(M::CANONICAL, mode.canonical);
        flags.set(M::SIGNALS, mode.signals);
        flags.set(M::OUTPUT, mode.output);
        self.handle.set_terminal_mode(flags).map_err(errno)
    }

    fn foreground(&self) -> Result<u32, Errno> {
        self.handle.foreground().map_err(errno)
    }

    fn set_foreground(&self, group: u32) -> Result<(), Errno> {
        self.handle.set_foreground(group).map_err(errno)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct WasiProcess(host::Process);

impl Process for WasiProcess {
    fn pid(&self) -> u32 {
        self.0.pid()
    }

    fn try_wait(&self) -> Option<Exit> {
        self.0.try_wait().map(|status| match status {
            host::ExitStatus::Exited(code) => Exit::Code(i32::try_from(code).unwrap_or(255)),
            host::ExitStatus::Signaled(n) => Exit::Signal(i32::try_from(n).unwrap_or(9)),
        })
    }

    fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }

    fn kill(&self, signal: u32) -> Result<(), Errno> {
        self.0.kill(signal).map_err(errno)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The sandbox that this instance runs in.
#[derive(Default)]
pub struct Wasi;

impl Wasi {
    /// The one world there is.
    pub fn new() -> Self {
        Self
    }
}

/// What to poll for an interest; none if it is ready already (or can never be).
fn pollable(interest: &Interest) -> Option<Pollable> {
    match interest {
        Interest::Read(fd) => {
            let fd = fd.as_any().downcast_ref::<WasiFd>()?;
            Some(fd.input().ok()?.subscribe())
        }
        Interest::Write(fd) => {
            let fd = fd.as_any().downcast_ref::<WasiFd>()?;
            Some(fd.output().ok()?.subscribe())
        }
        Interest::Exit(child) => {
            let process = child.as_any().downcast_ref::<WasiProcess>()?;
            Some(process.0.subscribe())
        }
        Interest::Stop(child) => {
            let process = child.as_any().downcast_ref::<WasiProcess>()?;
            Some(process.0.subscribe_stop())
        }
        Interest::Signal => Some(host::subscribe_signals()),
        Interest::Timer(at) => {
            let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
            Some(monotonic_clock::subscribe_instant(at))
        }
    }
}

impl Os for Wasi {
    fn pipe(&self) -> Result<(Fd, Fd), Errno> {
        let (reader, writer) = host::pipe().map_err(open_errno)?;
        Ok((own(reader), own(writer)))
    }

    fn null(&self) -> Fd {
        own(host::null())
    }

    fn stdio(&self, number: u32) -> Option<Fd> {
        host::stdio(number).ok().map(own)
    }

    fn open(&self, path: &str, how: How) -> Result<Fd, Errno> {
        use host::OpenFlags as F;
        let mut flags = F::empty();
        for (on, flag) in [
            (how.read, F::READ),
            (how.write, F::WRITE),
            (how.append, F::APPEND),
            (how.create, F::CREATE),
            (how.truncate, F::TRUNCATE),
            (how.exclusive, F::EXCLUSIVE),
        ] {
            if on {
                flags |= flag;
            }
        }
        host::open(path, flags).map(own).map_err(open_errno)
    }

    fn spawn(&self, spawn: Spawn<'_>) -> Result<Child, Errno> {
        let handles: Vec<Option<&host::Descriptor>> = spawn
            .descriptors
            .iter()
            .map(|fd| {
                fd.as_ref()
                    .and_then(|fd| fd.as_any().downcast_ref::<WasiFd>())
                    .map(|fd| &fd.handle)
            })
            .collect();
        let null = handles.iter().any(Option::is_none).then(host::null);
        let mut descriptors = Vec::with_capacity(3);
        for (number, handle) in (0u32..).zip(handles) {
            if let Some(handle) = handle.or(null.as_ref()) {
                descriptors.push((number, handle));
            }
        }
        let process = host::spawn(&host::SpawnArguments {
            program: spawn.program.to_owned(),
            arguments: spawn.arguments.to_vec(),
            environment: spawn.environment.to_vec(),
            working_directory: Some(spawn.directory.to_owned()),
            descriptors,
            sigpipe: true,
            process_group: match spawn.group {
                Group::Same => None,
                Group::New => Some(0),
                Group::Join(group) => Some(group),
            },
            ignored: spawn.ignored.to_vec(),
        })
        .map_err(errno)?;
        if let Some(terminal) = spawn.foreground {
            let group = match spawn.group {
                Group::Join(group) => group,
                _ => process.pid(),
            };
            // It may have ended already: then the terminal stays with the shell.
            let _ = terminal.set_foreground(group);
        }
        Ok(Rc::new(WasiProcess(process)))
    }

    fn kill(&self, pid: i32, signal: u32) -> Result<(), Errno> {
        host::kill(pid, signal).map_err(errno)
    }

    fn stat(&self, path: &str, follow: bool) -> Result<Stat, Errno> {
        let status = modes::stat(path, follow).map_err(|e| match e {
            modes::Errno::NotFound => Errno::NotFound,
            modes::Errno::Access | modes::Errno::ReadOnly => Errno::Access,
            modes::Errno::NotDirectory => Errno::NotDirectory,
            modes::Errno::Loop | modes::Errno::Invalid => Errno::Invalid,
            modes::Errno::Quota => Errno::Quota,
            modes::Errno::Io => Errno::Io,
        })?;
        Ok(Stat {
            kind: match status.kind {
                modes::Kind::Regular => FileKind::Regular,
                modes::Kind::Directory => FileKind::Directory,
                modes::Kind::Symlink => FileKind::Symlink,
                modes::Kind::CharacterDevice => FileKind::CharDevice,
            },
            mode: status.mode,
            size: status.size,
            inode: status.inode,
            modified: status.modified,
            uid: status.uid,
            gid: status.gid,
        })
    }

    fn read_dir(&self, path: &str) -> Result<Vec<String>, Errno> {
        let entries = std::fs::read_dir(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Errno::NotFound,
            std::io::ErrorKind::PermissionDenied => Errno::Access,
            std::io::ErrorKind::NotADirectory => Errno::NotDirectory,
            _ => Errno::Io,
        })?;
        Ok(entries
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect())
    }

    fn own_pid(&self) -> u32 {
        host::own_pid()
    }

    fn own_group(&self) -> u32 {
        let own = host::own_pid();
        host::processes()
            .into_iter()
            .find(|p| p.pid == own)
            .map_or(own, |p| p.group)
    }

    fn catch(&self, signals: &[u32]) -> Result<(), Errno> {
        host::catch(signals).map_err(errno)
    }

    fn ignore(&self, signals: &[u32]) -> Result<(), Errno> {
        host::ignore(signals).map_err(errno)
    }

    fn inherited_ignored(&self) -> Vec<u32> {
        host::inherited_ignored()
    }

    fn take_signal(&self) -> Option<u32> {
        host::take_signal()
    }

    fn processes(&self) -> Vec<(u32, String)> {
        host::processes().into_iter().map(|p| (p.pid, p.name)).collect()
    }

    fn wait(&self, interests: &[Interest], block: bool) -> Vec<usize> {
        let mut pollables = Vec::with_capacity(interests.len());
        let mut owners = Vec::with_capacity(interests.len());
        let mut done = Vec::new();
        for (i, interest) in interests.iter().enumerate() {
            match pollable(interest) {
                Some(p) => {
                    pollables.push(p);
                    owners.push(i);
                }
                None => done.push(i),
            }
        }
        if !block || !done.is_empty() {
            for (p, i) in pollables.iter().zip(&owners) {
                if p.ready() {
                    done.push(*i);
                }
            }
            return done;
        }
        let borrowed: Vec<&Pollable> = pollables.iter().collect();
        if borrowed.is_empty() {
            return done;
        }
        poll(&borrowed)
            .into_iter()
            .filter_map(|n| owners.get(n as usize).copied())
            .collect()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(monotonic_clock::now())
    }
}
