//! Programs started through `sandbar:process`.

use super::{Command, Ended, Info};
use bindings::sandbar::process::processes::{self, Errno, ExitStatus, SpawnArguments};
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::io::poll;
use std::io;
use std::time::Duration;

#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/deps/io", "../../wit/deps/clocks", "../../wit/process"],
        inline: "
            package sandbar:tools;
            world tools {
                import wasi:io/poll@0.2.12;
                import wasi:clocks/monotonic-clock@0.2.12;
                import sandbar:process/processes@0.1.0;
            }
        ",
        world: "sandbar:tools/tools",
        generate_all,
    });
}

const KILL: u32 = 9;

fn spawn(command: &Command, group: Option<u32>) -> io::Result<processes::Process> {
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
    processes::spawn(&SpawnArguments {
        program,
        arguments,
        environment,
        working_directory: command.directory.clone().or_else(here),
        descriptors: Vec::new(),
        sigpipe: true,
        process_group: group,
    })
    .map_err(error)
}

pub fn run(command: &Command) -> io::Result<Ended> {
    Ok(ended(spawn(command, None)?.wait()))
}

pub fn run_for(command: &Command, limit: Duration, signal: u32, grace: Option<Duration>) -> io::Result<(bool, Ended)> {
    let process = spawn(command, None)?;
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
        })
        .collect())
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
        Errno::Quota => (io::ErrorKind::QuotaExceeded, "Disk quota exceeded"),
        Errno::TooBig => (io::ErrorKind::ArgumentListTooLong, "Argument list too long"),
        Errno::Io => (io::ErrorKind::Other, "Input/output error"),
    };
    io::Error::new(kind, words)
}
