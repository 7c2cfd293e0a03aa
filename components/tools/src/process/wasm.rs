//! Programs started through `sandbar:process`.

use super::{Child, Command, Ended, Info, Mode, Stdio};
use bindings::sandbar::process::processes::{
    self, Descriptor, Errno, ExitStatus, OpenFlags, SpawnArguments, TerminalMode,
};
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::io::{poll, streams};
use std::io::{self, Read, Write};
use std::time::Duration;

#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/deps/io", "../../wit/deps/clocks", "../../wit/process"],
        inline: "
            package sandbar:tools;
            world tools {
                import wasi:io/poll@0.2.12;
                import wasi:io/streams@0.2.12;
                import wasi:clocks/monotonic-clock@0.2.12;
                import sandbar:process/processes@0.1.0;
            }
        ",
        world: "sandbar:tools/tools",
        generate_all,
    });
}

const KILL: u32 = 9;
/// Asked of a pipe at once: its capacity.
const PIECE: u64 = 64 * 1024;

pub type Handle = processes::Process;

/// The child's end of a stream, and ours, if there is one.
fn join(wanted: &Stdio, input: bool) -> io::Result<(Option<Descriptor>, Option<Descriptor>)> {
    Ok(match wanted {
        Stdio::Inherit => (None, None),
        Stdio::Null => (Some(processes::null()), None),
        Stdio::Pipe => {
            let (reader, writer) = processes::pipe().map_err(error)?;
            if input {
                (Some(reader), Some(writer))
            } else {
                (Some(writer), Some(reader))
            }
        }
        Stdio::Append(path) => {
            let how = OpenFlags::WRITE | OpenFlags::APPEND | OpenFlags::CREATE;
            (
                Some(processes::open(&super::super::paths::absolute(path), how).map_err(error)?),
                None,
            )
        }
    })
}

pub fn spawn(command: &Command) -> io::Result<Child> {
    let (handle, input, output) = start(command)?;
    let writer = input.map(|pipe| pipe.write_stream()).transpose().map_err(error)?;
    let reader = output.map(|pipe| pipe.read_stream()).transpose().map_err(error)?;
    Ok(Child {
        input: writer.map(|stream| Box::new(Writer(stream)) as _),
        output: reader.map(|stream| Box::new(Reader(stream)) as _),
        handle,
    })
}

type Started = (Handle, Option<Descriptor>, Option<Descriptor>);

fn start(command: &Command) -> io::Result<Started> {
    let text = |word: &std::ffi::OsString| word.to_string_lossy().into_owned();
    let arguments: Vec<String> = command.words.iter().map(text).collect();
    let program = arguments.first().cloned().ok_or(io::ErrorKind::InvalidInput)?;
    let environment = command.environment.clone().unwrap_or_else(|| {
        std::env::vars_os()
            .map(|(name, value)| (text(&name), text(&value)))
            .collect()
    });
    let here = || {
        std::env::current_dir()
            .ok()
            .map(|directory| directory.to_string_lossy().into_owned())
    };
    let (child_input, input) = join(&command.input, true)?;
    let (child_output, output) = join(&command.output, false)?;
    let (child_errors, _) = join(&command.errors, false)?;
    let descriptors = [(0, &child_input), (1, &child_output), (2, &child_errors)];
    let handle = processes::spawn(&SpawnArguments {
        program,
        arguments,
        environment,
        working_directory: command.directory.clone().or_else(here),
        descriptors: descriptors
            .into_iter()
            .filter_map(|(number, descriptor)| Some((number, descriptor.as_ref()?)))
            .collect(),
        sigpipe: true,
        process_group: None,
        ignored: command.ignored.clone(),
    })
    .map_err(error)?;
    Ok((handle, input, output))
}

pub fn wait(handle: &mut Handle) -> io::Result<Ended> {
    Ok(ended(handle.wait()))
}

pub fn run_for(command: &Command, limit: Duration, signal: u32, grace: Option<Duration>) -> io::Result<(bool, Ended)> {
    let (process, _, _) = start(command)?;
    if wait_for(&process, limit) {
        return Ok((true, ended(process.wait())));
    }
    // It may have ended just now, which is as good.
    let _ = process.kill(signal);
    if let Some(grace) = grace
        && !wait_for(&process, grace)
    {
        let _ = process.kill(KILL);
    }
    Ok((false, ended(process.wait())))
}

/// True if it has ended within `limit`.
fn wait_for(process: &processes::Process, limit: Duration) -> bool {
    let end = process.subscribe();
    let timer = monotonic_clock::subscribe_duration(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX));
    poll::poll(&[&end, &timer]).contains(&0)
}

pub fn kill(pid: i32, signal: u32) -> io::Result<()> {
    processes::kill(pid, signal).map_err(error)
}

pub fn list() -> io::Result<Vec<Info>> {
    let known = processes::processes().into_iter();
    Ok(known
        .map(|one| Info {
            pid: one.pid,
            parent: one.parent,
            group: one.group,
            name: one.name,
            arguments: one.arguments,
            stopped: one.stopped,
            started: one.started,
            cpu: one.cpu,
            memory: one.memory,
        })
        .collect())
}

pub fn own_pid() -> u32 {
    processes::own_pid()
}

pub fn terminal_size(stream: u32) -> io::Result<(u16, u16)> {
    let size = processes::stdio(stream).and_then(|one| one.terminal_size());
    size.map(|size| (size.columns, size.rows)).map_err(error)
}

pub fn terminal_mode(stream: u32) -> io::Result<Mode> {
    let mode = processes::stdio(stream).and_then(|one| one.terminal_mode());
    let mode = mode.map_err(error)?;
    Ok(Mode {
        echo: mode.contains(TerminalMode::ECHO),
        canonical: mode.contains(TerminalMode::CANONICAL),
        signals: mode.contains(TerminalMode::SIGNALS),
        output: mode.contains(TerminalMode::OUTPUT),
    })
}

pub fn set_terminal_mode(stream: u32, mode: Mode) -> io::Result<()> {
    let flags = [
        (mode.echo, TerminalMode::ECHO),
        (mode.canonical, TerminalMode::CANONICAL),
        (mode.signals, TerminalMode::SIGNALS),
        (mode.output, TerminalMode::OUTPUT),
    ];
    let wanted = flags
        .into_iter()
        .filter(|(on, _)| *on)
        .fold(TerminalMode::empty(), |all, (_, flag)| all | flag);
    let set = processes::stdio(stream).and_then(|one| one.set_terminal_mode(wanted));
    set.map_err(error)
}

/// Our end of a pipe that a child reads.
struct Writer(streams::OutputStream);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            let free = usize::try_from(self.0.check_write().map_err(|e| broken(&e))?).unwrap_or(usize::MAX);
            if free > 0 {
                let taken = free.min(bytes.len());
                self.0.write(&bytes[..taken]).map_err(|e| broken(&e))?;
                return Ok(taken);
            }
            self.0.subscribe().block();
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.blocking_flush().map_err(|e| broken(&e))
    }
}

/// Our end of a pipe that a child writes.
struct Reader(streams::InputStream);

impl Read for Reader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match self.0.blocking_read(PIECE.min(bytes.len() as u64)) {
            Ok(piece) => {
                bytes[..piece.len()].copy_from_slice(&piece);
                Ok(piece.len())
            }
            Err(streams::StreamError::Closed) => Ok(0),
            Err(failed) => Err(broken(&failed)),
        }
    }
}

fn broken(failed: &streams::StreamError) -> io::Error {
    match failed {
        streams::StreamError::Closed => io::ErrorKind::BrokenPipe.into(),
        streams::StreamError::LastOperationFailed(why) => io::Error::other(why.to_debug_string()),
    }
}

fn ended(status: ExitStatus) -> Ended {
    match status {
        ExitStatus::Exited(code) => Ended::Exited((code & 0xff) as i32),
        ExitStatus::Signaled(signal) => Ended::Signaled((signal & 0xff) as i32),
    }
}

fn error(refusal: Errno) -> io::Error {
    let (kind, words) = match refusal {
        Errno::NotFound => (io::ErrorKind::NotFound, "No such file or directory"),
        Errno::Access => (io::ErrorKind::PermissionDenied, "Permission denied"),
        Errno::NotExecutable => (io::ErrorKind::Unsupported, "Exec format error"),
        Errno::Invalid => (io::ErrorKind::InvalidInput, "Invalid argument"),
        Errno::BadDescriptor => (io::ErrorKind::InvalidInput, "Bad file descriptor"),
        Errno::IsDirectory => (io::ErrorKind::IsADirectory, "Is a directory"),
        Errno::Exists => (io::ErrorKind::AlreadyExists, "File exists"),
        Errno::Limit => (io::ErrorKind::WouldBlock, "Resource temporarily unavailable"),
        Errno::Memory => (io::ErrorKind::OutOfMemory, "Cannot allocate memory"),
        Errno::NoProcess => (io::ErrorKind::NotFound, "No such process"),
        Errno::Quota => (io::ErrorKind::StorageFull, "No space left on device"),
        Errno::TooBig => (io::ErrorKind::ArgumentListTooLong, "Argument list too long"),
        Errno::NotTerminal => (io::ErrorKind::Unsupported, "Inappropriate ioctl for device"),
        Errno::Io => (io::ErrorKind::Other, "Input/output error"),
    };
    io::Error::new(kind, words)
}
